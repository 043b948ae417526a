#include "core/cursor.h"

void law_cursor_fail_at(law_cursor *c, const uint8_t *where, law_rule rule) {
  if (c->failed == 0) {
    c->failed = rule;
    c->failed_at = (uint32_t)(where - c->start);
  }
  c->end = c->at;
}

void law_cursor_fail(law_cursor *c, law_rule rule) { law_cursor_fail_at(c, c->at, rule); }
