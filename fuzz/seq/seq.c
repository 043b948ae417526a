#include "seq/seq.h"

#include "core/cursor.h"

bool law_seq_next(law_bytes *rest, law_seq_record *out) {
  if (rest->len < LAW_SEQ_HEADER) {
    return false;
  }
  const uint8_t *p = rest->data;
  size_t len = law_load_u16(p + 5), left = rest->len - LAW_SEQ_HEADER;
  len = len < left ? len : left;
  out->from = (p[0] & 1) != 0 ? LAW_SERVER : LAW_CLIENT;
  out->event = (law_seq_event)(p[0] >> 1 & 3);
  out->connection = p[0] >> 3 & 3;
  out->delay = law_load_u32(p + 1);
  out->data = law_bytes_of(p + LAW_SEQ_HEADER, len);
  rest->data += LAW_SEQ_HEADER + len;
  rest->len -= LAW_SEQ_HEADER + len;
  return true;
}

static void write_part(law_writer *w, const law_seq_record *r, uint32_t delay, law_bytes part) {
  law_write_u8(w, (uint8_t)((r->from == LAW_SERVER ? 1u : 0u) | (unsigned)r->event << 1 |
                            (unsigned)r->connection << 3));
  law_write_u32(w, delay);
  law_write_bytes16(w, part);
}

void law_seq_write(law_writer *w, const law_seq_record *record) {
  law_bytes rest = record->data;
  uint32_t delay = record->delay;
  do {
    size_t len = rest.len < LAW_SEQ_MAX_DATA ? rest.len : LAW_SEQ_MAX_DATA;
    write_part(w, record, delay, law_bytes_of(rest.data, len));
    rest = law_bytes_of(rest.data + len, rest.len - len);
    delay = 0;
  } while (rest.len > 0);
}
