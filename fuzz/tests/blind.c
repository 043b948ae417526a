/* A library without instrumentation, which fuzzing must refuse. */
int fuzz_blind_function(int n);

int fuzz_blind_function(int n) { return n > 3 ? n : -n; }
