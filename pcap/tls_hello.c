#include "pcap/tls_hello.h"

#include <string.h>

#include "core/cursor.h"

enum {
  RULE = 1, /* a cursor's: nobody asks which */
  RANDOM = 32,
  EXT_ALPN = 16,
  EXT_ENCRYPT_THEN_MAC = 22,
  EXT_EXTENDED_MASTER = 23,
  EXT_PRE_SHARED_KEY = 41,
  EXT_EARLY_DATA = 42,
  EXT_SUPPORTED_VERSIONS = 43,
  EXT_KEY_SHARE = 51,
  EXT_CID = 54,
};

/* SHA-256 of "HelloRetryRequest", RFC 8446, 4.1.3. */
static const uint8_t retry_random[RANDOM] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

static law_bytes bytes8(law_cursor *c) {
  uint8_t len = law_cursor_u8(c, RULE);
  return law_cursor_bytes(c, len, RULE);
}

static law_bytes bytes16(law_cursor *c) { return law_cursor_bytes16(c, RULE, RULE); }

/* The one name of a server's answer (RFC 7301, 3.1). */
static law_bytes alpn_of(law_bytes data) {
  law_cursor c = law_cursor_of(data);
  law_cursor names = law_cursor_of(bytes16(&c));
  return bytes8(&names);
}

static void read_extension(law_tls_hello *out, uint16_t type, law_bytes data, bool server) {
  law_cursor c = law_cursor_of(data);
  switch (type) {
    case EXT_ENCRYPT_THEN_MAC:
      out->encrypt_then_mac = true;
      break;
    case EXT_EXTENDED_MASTER:
      out->extended_master = true;
      break;
    case EXT_EARLY_DATA:
      out->early_data = true;
      break;
    case EXT_PRE_SHARED_KEY:
      out->pre_shared_key = true;
      if (server) {
        out->selected = law_cursor_u16(&c, RULE);
      } else {
        out->identities = bytes16(&c);
      }
      break;
    case EXT_KEY_SHARE:
      out->key_share = true;
      break;
    case EXT_SUPPORTED_VERSIONS:
      if (server && data.len == 2) {
        out->version = law_cursor_u16(&c, RULE);
      }
      break;
    case EXT_ALPN:
      if (server) {
        out->alpn = alpn_of(data);
      }
      break;
    case EXT_CID:
      out->cid = bytes8(&c);
      out->has_cid = law_cursor_ok(&c);
      break;
    default:
      break;
  }
}

static void read_extensions(law_tls_hello *out, law_cursor *c, bool server) {
  if (law_cursor_left(c) == 0) {
    return;
  }
  law_cursor extensions = law_cursor_of(bytes16(c));
  while (law_cursor_left(&extensions) > 0) {
    uint16_t type = law_cursor_u16(&extensions, RULE);
    law_bytes data = bytes16(&extensions);
    if (!law_cursor_ok(&extensions)) {
      law_cursor_fail(c, RULE);
      return;
    }
    read_extension(out, type, data, server);
  }
}

bool law_tls_next_identity(law_bytes *identities, law_bytes *out) {
  if (identities->len == 0) {
    return false;
  }
  law_cursor c = law_cursor_of(*identities);
  *out = bytes16(&c);
  (void)law_cursor_u32(&c, RULE); /* obfuscated_ticket_age */
  *identities = law_cursor_rest(&c);
  return law_cursor_ok(&c);
}

bool law_tls_client_hello(law_tls_hello *out, law_bytes body, bool dtls) {
  law_cursor c = law_cursor_of(body);
  memset(out, 0, sizeof *out);
  out->version = law_cursor_u16(&c, RULE);
  out->random = law_cursor_bytes(&c, RANDOM, RULE).data;
  (void)bytes8(&c); /* session id */
  if (dtls) {
    (void)bytes8(&c); /* cookie */
  }
  (void)bytes16(&c); /* suites */
  (void)bytes8(&c);  /* compression */
  read_extensions(out, &c, false);
  return law_cursor_ok(&c);
}

bool law_tls_server_hello(law_tls_hello *out, law_bytes body) {
  law_cursor c = law_cursor_of(body);
  memset(out, 0, sizeof *out);
  out->version = law_cursor_u16(&c, RULE);
  out->random = law_cursor_bytes(&c, RANDOM, RULE).data;
  (void)bytes8(&c); /* session id */
  out->suite = law_cursor_u16(&c, RULE);
  (void)law_cursor_u8(&c, RULE); /* compression */
  read_extensions(out, &c, true);
  out->retry = law_cursor_ok(&c) && memcmp(out->random, retry_random, RANDOM) == 0;
  return law_cursor_ok(&c);
}

bool law_tls_encrypted_extensions(law_tls_hello *out, law_bytes body) {
  law_cursor c = law_cursor_of(body);
  memset(out, 0, sizeof *out);
  read_extensions(out, &c, true);
  return law_cursor_ok(&c);
}
