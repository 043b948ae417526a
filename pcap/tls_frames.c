#include "pcap/tls_frames.h"

#include <stdlib.h>
#include <string.h>

#include "core/cursor.h"
#include "pcap/tls_cipher.h"
#include "pcap/tls_hello.h"

enum { RECORD_MAX = LAW_TLS_HEADER + LAW_TLS_FRAGMENT_MAX, TYPE_HEARTBEAT = 24 };

static size_t fragment_len(const uint8_t *header) { return law_load_u16(header + 3); }

bool law_tls_is_header(const uint8_t *p) {
  return p[0] >= LAW_TLS_CHANGE_CIPHER_SPEC && p[0] <= TYPE_HEARTBEAT && p[1] == 3 && p[2] <= 4 &&
         fragment_len(p) <= LAW_TLS_FRAGMENT_MAX;
}

static law_tls_frame frame_of(const uint8_t *record) {
  law_tls_frame frame = {record[0], law_load_u16(record + 1),
                         law_bytes_of(record + LAW_TLS_HEADER, fragment_len(record))};
  return frame;
}

static void skip(law_bytes *in, size_t len) {
  in->data += len;
  in->len -= len;
}

static bool reserve(law_tls_framer *f, size_t cap) {
  if (cap <= f->cap) {
    return true;
  }
  uint8_t *held = realloc(f->held, cap);
  if (!held) {
    return false;
  }
  f->held = held;
  f->cap = (uint32_t)cap;
  return true;
}

/* Holds |in|'s next bytes until there are |len|. */
static bool fill(law_tls_framer *f, law_bytes *in, size_t len) {
  size_t want = len - f->len;
  size_t num = want < in->len ? want : in->len;
  if (num > 0) {
    memcpy(f->held + f->len, in->data, num);
    f->len += (uint32_t)num;
    skip(in, num);
  }
  return f->len == len;
}

void law_tls_framer_clear(law_tls_framer *f) {
  free(f->held);
  memset(f, 0, sizeof *f);
}

/* The common case: the record is whole in what was pushed. */
static law_tls_framing next_in_place(law_tls_frame *out, law_bytes *in) {
  if (in->len < LAW_TLS_HEADER) {
    return LAW_TLS_FRAME_MORE;
  }
  if (!law_tls_is_header(in->data)) {
    return LAW_TLS_FRAME_NONE;
  }
  size_t len = LAW_TLS_HEADER + fragment_len(in->data);
  if (in->len < len) {
    return LAW_TLS_FRAME_MORE;
  }
  *out = frame_of(in->data);
  skip(in, len);
  return LAW_TLS_FRAME;
}

static law_tls_framing next_held(law_tls_framer *f, law_tls_frame *out, law_bytes *in) {
  if (!reserve(f, LAW_TLS_HEADER)) {
    return LAW_TLS_FRAME_MEMORY;
  }
  if (f->len < LAW_TLS_HEADER && !fill(f, in, LAW_TLS_HEADER)) {
    return LAW_TLS_FRAME_MORE;
  }
  if (!law_tls_is_header(f->held)) {
    return LAW_TLS_FRAME_NONE;
  }
  size_t len = LAW_TLS_HEADER + fragment_len(f->held);
  if (!reserve(f, len)) {
    return LAW_TLS_FRAME_MEMORY;
  }
  if (!fill(f, in, len)) {
    return LAW_TLS_FRAME_MORE;
  }
  *out = frame_of(f->held);
  return LAW_TLS_FRAME;
}

/* What is held is a whole record that was given out before. */
static bool is_spent(const law_tls_framer *f) {
  return f->len >= LAW_TLS_HEADER && f->len == LAW_TLS_HEADER + fragment_len(f->held);
}

law_tls_framing law_tls_framer_next(law_tls_framer *f, law_tls_frame *out, law_bytes *in) {
  if (is_spent(f)) {
    law_tls_framer_clear(f);
  }
  if (f->len == 0) {
    law_tls_framing how = next_in_place(out, in);
    if (how != LAW_TLS_FRAME_MORE || in->len == 0) {
      return how;
    }
  }
  return next_held(f, out, in);
}

/* ---- After missing bytes ---- */

bool law_tls_resync_take(law_tls_framer *f, law_bytes *in) {
  if (!reserve(f, RECORD_MAX)) {
    return false;
  }
  (void)fill(f, in, RECORD_MAX);
  return true;
}

static void drop(law_tls_framer *f, size_t len) {
  memmove(f->held, f->held + len, f->len - len);
  f->len -= (uint32_t)len;
}

/* A protected record, which says version 1.2 (RFC 8446, 5.2), or a hello, which may say less. */
static bool may_begin(const uint8_t *p, size_t len) {
  bool is_type = p[0] >= LAW_TLS_CHANGE_CIPHER_SPEC && p[0] <= TYPE_HEARTBEAT;
  if (!is_type || (len > 1 && p[1] != 3) ||
      (len > 2 && p[2] != 3 && (p[0] != LAW_TLS_HANDSHAKE || p[2] > 3))) {
    return false;
  }
  return len < LAW_TLS_HEADER || law_tls_is_header(p);
}

bool law_tls_resync_next(law_tls_framer *f, law_tls_frame *out, uint64_t *num_skipped) {
  size_t at = 0;
  while (at < f->len && !may_begin(f->held + at, f->len - at)) {
    at++;
  }
  *num_skipped += at;
  drop(f, at);
  if (f->len < LAW_TLS_HEADER || f->len < LAW_TLS_HEADER + fragment_len(f->held)) {
    return false;
  }
  *out = frame_of(f->held);
  return true;
}

void law_tls_resync_reject(law_tls_framer *f) { drop(f, 1); }

uint8_t *law_tls_resync_accept(law_tls_framer *f, size_t *out_len) {
  drop(f, LAW_TLS_HEADER + fragment_len(f->held));
  uint8_t *rest = f->held;
  *out_len = f->len;
  memset(f, 0, sizeof *f);
  return rest;
}
