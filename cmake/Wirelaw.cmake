# Helpers for the CMakeLists.txt of each directory.

# wirelaw_add_floors(DIR...): builds each directory that has a CMakeLists.txt, in order.
# A macro: targets and variables of the caller's scope are those of the top level.
macro(wirelaw_add_floors)
  foreach(floor ${ARGN})
    if(EXISTS ${PROJECT_SOURCE_DIR}/${floor}/CMakeLists.txt)
      add_subdirectory(${PROJECT_SOURCE_DIR}/${floor} ${PROJECT_BINARY_DIR}/${floor})
    endif()
  endforeach()
endmacro()

# wirelaw_add_library(NAME SOURCES ... [LIBS ...] [DEFINES ...])
# A static library law_<NAME>, which becomes part of the installed libwirelaw.a.
# LIBS are public: what it uses, its users link.
function(wirelaw_add_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS;DEFINES")
  wirelaw_refuse_unknown(${name} "${arg_UNPARSED_ARGUMENTS}")
  set(target law_${name})
  add_library(${target} STATIC ${arg_SOURCES})
  target_compile_definitions(${target} PRIVATE ${arg_DEFINES})
  target_link_libraries(${target} PUBLIC law_requirements ${arg_LIBS})
  set_property(GLOBAL APPEND PROPERTY WIRELAW_LIBRARIES ${target})
endfunction()

# wirelaw_add_program(NAME SOURCES ... [LIBS ...] [DEFINES ...])
# A program <NAME>, built into <build>/bin and installed.
function(wirelaw_add_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS;DEFINES")
  wirelaw_refuse_unknown(${name} "${arg_UNPARSED_ARGUMENTS}")
  add_executable(${name} ${arg_SOURCES})
  target_compile_definitions(${name} PRIVATE ${arg_DEFINES})
  target_link_libraries(${name} PRIVATE ${arg_LIBS})
  set_property(GLOBAL APPEND PROPERTY WIRELAW_PROGRAMS ${name})
endfunction()

# wirelaw_link_whole(PROGRAM LIBS ... [AS_THEY_ARE ...])
# Lets the compiler see the program and the libraries as one: calls from file to file are a good part
# of what reading a capture costs (docs/bench.md). LIBS are compiled at -O3 then, AS_THEY_ARE at their
# own level. Their objects stay usable by all others, which link them as before. Only in a Release
# build by gcc, and without sanitizers.
function(wirelaw_link_whole program)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LIBS;AS_THEY_ARE")
  wirelaw_refuse_unknown(${program} "${arg_UNPARSED_ARGUMENTS}")
  if(NOT CMAKE_BUILD_TYPE STREQUAL "Release" OR NOT CMAKE_C_COMPILER_ID STREQUAL "GNU"
     OR WIRELAW_SANITIZE)
    return()
  endif()
  foreach(target ${program} ${arg_LIBS} ${arg_AS_THEY_ARE})
    target_compile_options(${target} PRIVATE -flto -ffat-lto-objects)
  endforeach()
  foreach(target ${program} ${arg_LIBS})
    target_compile_options(${target} PRIVATE -O3)
  endforeach()
  target_link_options(${program} PRIVATE -O3 -flto -flto-partition=none)
endfunction()

# wirelaw_add_test(NAME SOURCES ... [LIBS ...] [DEFINES ...] [ARGS ...])
# A cmocka program, registered with ctest under NAME, which runs in the source directory of its
# CMakeLists.txt. Does nothing when WIRELAW_TESTS is off.
function(wirelaw_add_test name)
  if(NOT WIRELAW_TESTS)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS;DEFINES;ARGS")
  wirelaw_refuse_unknown(${name} "${arg_UNPARSED_ARGUMENTS}")
  add_executable(${name} ${arg_SOURCES})
  target_compile_definitions(${name} PRIVATE ${arg_DEFINES})
  target_link_libraries(${name} PRIVATE ${arg_LIBS} PkgConfig::CMOCKA)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name} ${arg_ARGS}
           WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300)
endfunction()

# wirelaw_add_fuzz_target(NAME SOURCES ... [LIBS ...])
# A program fuzz_<NAME> around one LLVMFuzzerTestOneInput, linked by WIRELAW_FUZZ_ENGINE.
# Does nothing when no engine is set.
function(wirelaw_add_fuzz_target name)
  if(NOT WIRELAW_FUZZ_ENGINE)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS")
  wirelaw_refuse_unknown(${name} "${arg_UNPARSED_ARGUMENTS}")
  add_executable(fuzz_${name} ${arg_SOURCES})
  target_link_libraries(fuzz_${name} PRIVATE ${arg_LIBS} ${WIRELAW_FUZZ_ENGINE})
endfunction()

function(wirelaw_refuse_unknown name unknown)
  if(unknown)
    message(FATAL_ERROR "${name}: arguments not understood: ${unknown}")
  endif()
endfunction()
