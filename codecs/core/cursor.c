#include "core/cursor.h"

law_cursor law_cursor_failed(law_cursor c, const uint8_t *where, law_rule rule) {
  if (c.failed == 0) {
    c.failed = rule;
    c.failed_at = (uint32_t)(where - c.start);
  }
  c.end = c.at;
  return c;
}
