/* require.h: what must hold; anything else is a finding. */
#ifndef FUZZ_CHECKS_REQUIRE_H
#define FUZZ_CHECKS_REQUIRE_H

/* Says on standard error what does not hold, and aborts. */
_Noreturn void fuzz_fail(const char *file, int line, const char *what);

#define FUZZ_REQUIRE(holds) ((holds) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #holds))

#endif
