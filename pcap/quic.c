#include "pcap/quic.h"

#include "core/cursor.h"

enum {
  LONG_FORM = 0x80,
  FIXED_BIT = 0x40,
  CONNECTION_ID_MAX = 20,
  VERSION_2 = 0x6b3343cf,
  INITIAL_MIN = 1200, /* bytes of a client's first datagram, RFC 9000 14.1 */
};

/* RFC 9000, RFC 9369, the drafts of both, and the versions that exercise negotiation (RFC 9000,
 * 15). Google's own, "Q" and three digits, had this header from Q046 on. */
static bool is_version(uint32_t version) {
  return version <= 1 || version == VERSION_2 || version >> 8 == 0xff0000 ||
         (version & 0x0f0f0f0f) == 0x0a0a0a0a || (version >> 24 == 'Q' && version >> 16 >= 0x5130);
}

bool law_quic_detect(law_bytes head) {
  if (head.len == 0) {
    return false;
  }
  law_cursor c = law_cursor_of(head);
  uint8_t first = law_cursor_u8(&c, 1);
  uint32_t version = law_cursor_u32(&c, 1);
  uint8_t destination_len = law_cursor_u8(&c, 1);
  (void)law_cursor_bytes(&c, destination_len, 1);
  uint8_t source_len = law_cursor_u8(&c, 1);
  (void)law_cursor_bytes(&c, source_len, 1);
  /* Only a negotiation may leave the fixed bit unset (RFC 8999, 6). */
  bool form = (first & LONG_FORM) != 0 && ((first & FIXED_BIT) != 0 || version == 0);
  return form && law_cursor_ok(&c) && law_cursor_left(&c) > 0 &&
         (is_version(version) || head.len >= INITIAL_MIN) && destination_len <= CONNECTION_ID_MAX &&
         source_len <= CONNECTION_ID_MAX && destination_len + source_len > 0;
}
