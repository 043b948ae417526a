#include "checks/require.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_fail(const char *file, int line, const char *what) {
  const char *slash = strrchr(file, '/');
  (void)fprintf(stderr, "FUZZ_REQUIRE failed: %s:%d: %s\n", slash ? slash + 1 : file, line, what);
  abort();
}
