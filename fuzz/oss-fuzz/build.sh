#!/bin/bash -eu
# Builds all fuzz targets under the contract of OSS-Fuzz and ClusterFuzzLite: CC, CXX, CFLAGS,
# CXXFLAGS and LIB_FUZZING_ENGINE say how, SRC/wirelaw is the source, WORK is scratch. $OUT gets for
# each target the program, its seeds, its dictionary where it has one, and its options; foreign
# libraries are linked statically, because nothing else goes with them.
#
# The build type is none: the flags are those of the contract.
cmake -S "$SRC/wirelaw" -B "$WORK/wirelaw" -G Ninja \
  -DCMAKE_BUILD_TYPE=None \
  -DWIRELAW_BINDING=OFF \
  -DWIRELAW_TESTS=OFF \
  -DWIRELAW_STATIC=ON \
  -DWIRELAW_FUZZ_ENGINE="$LIB_FUZZING_ENGINE"
cmake --build "$WORK/wirelaw" --target fuzz_targets
cmake --install "$WORK/wirelaw" --component fuzz --prefix "$OUT"
