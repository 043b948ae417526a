/* json_check.h: is this text one JSON value, RFC 8259, and nothing behind it? */
#ifndef LAW_TESTS_JSON_CHECK_H
#define LAW_TESTS_JSON_CHECK_H

#include <stdbool.h>

/* True for pure ASCII JSON. */
bool is_json(const char *text);

#endif
