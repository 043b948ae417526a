#include "pcap/dtls_messages.h"

#include <stdlib.h>
#include <string.h>

#include "core/cursor.h"

enum { RULE = 1 };

typedef struct fragment {
  uint8_t type;
  uint16_t seq;
  uint32_t len; /* the message's */
  uint32_t at;
  law_bytes bytes;
} fragment;

static uint32_t u24(law_cursor *c) {
  uint32_t high = law_cursor_u8(c, RULE);
  return high << 16 | law_cursor_u16(c, RULE);
}

static bool parse(fragment *out, law_bytes *in) {
  law_cursor c = law_cursor_of(*in);
  out->type = law_cursor_u8(&c, RULE);
  out->len = u24(&c);
  out->seq = law_cursor_u16(&c, RULE);
  out->at = u24(&c);
  uint32_t len = u24(&c);
  out->bytes = law_cursor_bytes(&c, len, RULE);
  bool ok = law_cursor_ok(&c) && out->at <= out->len && len <= out->len - out->at;
  *in = ok ? law_cursor_rest(&c) : law_bytes_of(NULL, 0);
  return ok;
}

/* ---- Messages ---- */

static void remove_at(law_dtls_messages *m, size_t i) {
  free(m->items[i].bytes);
  m->total_len -= m->items[i].len;
  m->num--;
  memmove(&m->items[i], &m->items[i + 1], (m->num - i) * sizeof m->items[0]);
}

void law_dtls_messages_keep(law_dtls_messages *m, uint32_t seq) {
  for (size_t i = m->num; i > 0; i--) {
    if (m->items[i - 1].seq != seq) {
      remove_at(m, i - 1);
    }
  }
}

static void put_header(uint8_t *p, const fragment *f) {
  uint8_t len[3] = {(uint8_t)(f->len >> 16), (uint8_t)(f->len >> 8), (uint8_t)f->len};
  p[0] = f->type;
  memcpy(p + 1, len, sizeof len);
  p[4] = (uint8_t)(f->seq >> 8);
  p[5] = (uint8_t)f->seq;
  memset(p + 6, 0, 3);
  memcpy(p + 9, len, sizeof len);
}

static law_dtls_message *add(law_dtls_messages *m, const fragment *f) {
  uint32_t len = LAW_DTLS_MESSAGE_HEADER + f->len;
  if (len > LAW_DTLS_MESSAGE_MAX) {
    return NULL;
  }
  while (m->num == LAW_DTLS_MESSAGES || m->total_len + len > LAW_DTLS_MESSAGES_MAX) {
    remove_at(m, 0);
  }
  uint8_t *bytes = calloc(1, len + (f->len + 7) / 8);
  if (!bytes) {
    return NULL;
  }
  put_header(bytes, f);
  law_dtls_message *item = &m->items[m->num++];
  *item = (law_dtls_message){.bytes = bytes, .len = len, .seq = f->seq, .type = f->type};
  m->total_len += len;
  return item;
}

static bool is_whole(const law_dtls_message *m) {
  return m->num_have + LAW_DTLS_MESSAGE_HEADER == m->len;
}

/* The same message again, as far as one can see: else a new handshake counts from 0 again. */
static bool agrees(const law_dtls_message *m, const fragment *f) {
  return m->type == f->type && m->len == LAW_DTLS_MESSAGE_HEADER + f->len &&
         (!is_whole(m) || f->bytes.len == 0 ||
          memcmp(m->bytes + LAW_DTLS_MESSAGE_HEADER + f->at, f->bytes.data, f->bytes.len) == 0);
}

/* The message that |f| belongs to, perhaps a new one. */
static law_dtls_message *message_of(law_dtls_messages *m, const fragment *f) {
  for (size_t i = 0; i < m->num; i++) {
    if (m->items[i].seq != f->seq) {
      continue;
    }
    if (agrees(&m->items[i], f)) {
      return &m->items[i];
    }
    remove_at(m, i);
    break;
  }
  return add(m, f);
}

static void put(law_dtls_message *m, const fragment *f) {
  uint8_t *map = m->bytes + m->len;
  for (uint32_t i = 0; i < f->bytes.len; i++) {
    uint32_t at = f->at + i;
    uint8_t bit = (uint8_t)(1u << (at & 7));
    m->num_have += (map[at / 8] & bit) == 0;
    map[at / 8] |= bit;
    m->bytes[LAW_DTLS_MESSAGE_HEADER + at] = f->bytes.data[i];
  }
}

const law_dtls_message *law_dtls_messages_next(law_dtls_messages *m, law_bytes *in) {
  fragment f;
  if (!parse(&f, in)) {
    return NULL;
  }
  size_t num = m->num;
  law_dtls_message *message = message_of(m, &f);
  if (!message || (is_whole(message) && f.len > 0)) {
    return NULL; /* passed over, or known */
  }
  put(message, &f);
  bool is_new = f.len > 0 || m->num != num;
  return is_whole(message) && is_new ? message : NULL;
}

const law_dtls_message *law_dtls_messages_by_seq(const law_dtls_messages *m, uint32_t seq) {
  for (size_t i = 0; i < m->num; i++) {
    if (m->items[i].seq == seq && is_whole(&m->items[i])) {
      return &m->items[i];
    }
  }
  return NULL;
}

const law_dtls_message *law_dtls_messages_by_type(const law_dtls_messages *m, uint8_t type) {
  for (size_t i = m->num; i > 0; i--) {
    if (m->items[i - 1].type == type && is_whole(&m->items[i - 1])) {
      return &m->items[i - 1];
    }
  }
  return NULL;
}

law_bytes law_dtls_message_body(const law_dtls_message *m) {
  return law_bytes_of(m->bytes + LAW_DTLS_MESSAGE_HEADER, m->len - LAW_DTLS_MESSAGE_HEADER);
}
