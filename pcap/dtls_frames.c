#include "pcap/dtls_frames.h"

#include "core/cursor.h"
#include "pcap/dtls.h"
#include "pcap/tls_cipher.h"
#include "pcap/tls_hello.h"

enum {
  RULE = 1,
  VERSION_BAD = 0x0100, /* what OpenSSL said before RFC 4347 */
  UNIFIED_MASK = 0xe0,  /* a record's first byte in DTLS 1.3 */
  UNIFIED = 0x20,
};

static bool is_version(uint16_t version) {
  return version == LAW_DTLS_1_0 || version == LAW_DTLS_1_2 || version == LAW_DTLS_1_3 ||
         version == VERSION_BAD;
}

static bool is_type(uint8_t type) {
  return type >= LAW_TLS_CHANGE_CIPHER_SPEC && type <= LAW_TLS_CID;
}

static bool parse(law_dtls_frame *out, law_bytes *in, size_t cid_len) {
  law_cursor c = law_cursor_of(*in);
  out->type = law_cursor_u8(&c, RULE);
  out->version = law_cursor_u16(&c, RULE);
  uint64_t high = law_cursor_u32(&c, RULE);
  out->seq = high << 32 | law_cursor_u32(&c, RULE);
  out->epoch = (uint16_t)(high >> 16);
  out->cid = law_cursor_bytes(&c, cid_len, RULE);
  out->fragment = law_cursor_bytes16(&c, RULE, RULE);
  if (!law_cursor_ok(&c) || !is_type(out->type) || !is_version(out->version) ||
      out->fragment.len > LAW_TLS_FRAGMENT_MAX) {
    return false;
  }
  *in = law_cursor_rest(&c);
  return true;
}

law_dtls_framing law_dtls_frame_next(law_dtls_frame *out, law_bytes *in, int cid_len) {
  if (in->len == 0) {
    return LAW_DTLS_FRAME_END;
  }
  if ((in->data[0] & UNIFIED_MASK) == UNIFIED) {
    return LAW_DTLS_FRAME_13;
  }
  bool has_cid = in->data[0] == LAW_TLS_CID;
  if (has_cid && cid_len < 0) {
    return LAW_DTLS_FRAME_NO_CID;
  }
  return parse(out, in, has_cid ? (size_t)cid_len : 0) ? LAW_DTLS_FRAME : LAW_DTLS_FRAME_END;
}

bool law_dtls_detect(law_bytes head) {
  if (head.len < LAW_DTLS_HEADER || !is_type(head.data[0]) ||
      !is_version(law_load_u16(head.data + 1))) {
    return false;
  }
  if (head.data[0] == LAW_TLS_CID) {
    return true; /* its length is behind an id of unknown length */
  }
  size_t len = law_load_u16(head.data + LAW_DTLS_HEADER - 2);
  return len > 0 && len <= LAW_TLS_FRAGMENT_MAX;
}
