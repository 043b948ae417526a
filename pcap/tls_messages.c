#include "pcap/tls_messages.h"

#include <stdlib.h>
#include <string.h>

#include "core/cursor.h"

static uint32_t message_len(const uint8_t *header) {
  return LAW_TLS_MESSAGE_HEADER + (law_load_u32(header) & 0xffffff);
}

static void skip(law_bytes *in, size_t len) {
  in->data += len;
  in->len -= len;
}

void law_tls_messages_clear(law_tls_messages *m) {
  free(m->held);
  memset(m, 0, sizeof *m);
}

static bool next_in_place(law_tls_message *out, law_bytes *in) {
  if (in->len < LAW_TLS_MESSAGE_HEADER || in->len < message_len(in->data)) {
    return false;
  }
  size_t len = message_len(in->data);
  *out = (law_tls_message){in->data[0], true, law_bytes_of(in->data, len)};
  skip(in, len);
  return true;
}

/* Grows by what came, never by what a header promises. Without room, bytes are only counted. */
static void hold(law_tls_messages *m, law_bytes bytes) {
  uint32_t need = m->seen + (uint32_t)bytes.len;
  if (m->len != m->seen || need > LAW_TLS_MESSAGE_MAX) {
    return;
  }
  if (need > m->cap) {
    uint32_t cap = need < 512 ? 1024 : 2 * need;
    uint8_t *held = realloc(m->held, cap);
    if (!held) {
      return;
    }
    m->held = held;
    m->cap = cap;
  }
  memcpy(m->held + m->len, bytes.data, bytes.len);
  m->len = need;
}

/* Takes bytes until there are |len|; true when there are. */
static bool take(law_tls_messages *m, law_bytes *in, size_t len) {
  size_t want = len - m->seen;
  size_t num = want < in->len ? want : in->len;
  for (size_t i = 0; i < num && m->seen + i < LAW_TLS_MESSAGE_HEADER; i++) {
    m->header[m->seen + i] = in->data[i];
  }
  if (num > 0) {
    hold(m, law_bytes_of(in->data, num));
    m->seen += (uint32_t)num;
    skip(in, num);
  }
  return m->seen == len;
}

static bool is_spent(const law_tls_messages *m) {
  return m->seen >= LAW_TLS_MESSAGE_HEADER && m->seen == message_len(m->header);
}

bool law_tls_messages_next(law_tls_messages *m, law_tls_message *out, law_bytes *in) {
  if (is_spent(m)) {
    law_tls_messages_clear(m);
  }
  if (m->seen == 0 && next_in_place(out, in)) {
    return true;
  }
  if (m->seen < LAW_TLS_MESSAGE_HEADER && !take(m, in, LAW_TLS_MESSAGE_HEADER)) {
    return false;
  }
  if (!take(m, in, message_len(m->header))) {
    return false;
  }
  bool whole = m->len == m->seen;
  *out = (law_tls_message){m->header[0], whole, law_bytes_of(m->held, whole ? m->len : 0)};
  return true;
}

law_bytes law_tls_message_body(const law_tls_message *m) {
  static const uint8_t nothing[1];
  return m->whole ? law_bytes_of(m->bytes.data + LAW_TLS_MESSAGE_HEADER,
                                 m->bytes.len - LAW_TLS_MESSAGE_HEADER)
                  : law_bytes_of(nothing, 0);
}
