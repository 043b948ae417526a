#include "core/options.h"

#include <string.h>

void law_write_nibble_more(law_writer *w, uint32_t value) {
  if (value >= 269) {
    law_write_u16(w, (uint16_t)(value - 269));
  } else if (value >= 13) {
    law_write_u8(w, (uint8_t)(value - 13));
  }
}

uint32_t law_option_head_write(uint8_t out[LAW_MAX_OPTION_HEAD], uint32_t delta,
                               uint32_t value_len) {
  law_writer w = law_writer_of(out, LAW_MAX_OPTION_HEAD);
  law_write_u8(&w, (uint8_t)(law_nibble_of(delta) << 4 | law_nibble_of(value_len)));
  law_write_nibble_more(&w, delta);
  law_write_nibble_more(&w, value_len);
  return (uint32_t)w.len;
}

bool law_next_option(law_options *it, law_option *out) {
  law_option_head head;
  if (it->left.len == 0 || law_option_head_read(it->left, &head) != LAW_OPTION_OK ||
      it->left.len - head.size < head.value_len) {
    return false;
  }
  it->number += head.delta;
  out->number = it->number;
  out->value = law_bytes_of(it->left.data + head.size, head.value_len);
  it->left.data += head.size + head.value_len;
  it->left.len -= head.size + head.value_len;
  return true;
}

/* Where an option goes: behind |before|, the last of no higher number, at |at|. */
typedef struct gap {
  size_t at;
  uint32_t before;
} gap;

static gap gap_for(law_list list, uint32_t number) {
  law_options it = law_options_of(list);
  law_option option;
  gap found = {0, 0};
  while (law_next_option(&it, &option) && option.number <= number) {
    found = (gap){list.len - it.left.len, option.number};
  }
  return found;
}

void law_options_add(law_writer *w, law_list *list, uint32_t number, law_bytes value) {
  uint8_t head[LAW_MAX_OPTION_HEAD], next[LAW_MAX_OPTION_HEAD];
  gap place = gap_for(*list, number);
  law_option_head old = {0, 0, 0};
  size_t next_len = 0, head_len = law_option_head_write(head, number - place.before, (uint32_t)value.len);
  if (place.at < list->len) {
    (void)law_option_head_read(law_bytes_of(list->data + place.at, list->len - place.at), &old);
    next_len = law_option_head_write(next, place.before + old.delta - number, old.value_len);
  }
  size_t start = w->len - list->len + place.at, rest = list->len - place.at - old.size;
  size_t grown = head_len + value.len + next_len - old.size;
  w->len += grown;
  if (!law_writer_ok(w)) {
    return;
  }
  uint8_t *at = w->data + start;
  memmove(at + head_len + value.len + next_len, at + old.size, rest);
  memcpy(at, head, head_len);
  if (value.len > 0) {
    memcpy(at + head_len, value.data, value.len);
  }
  memcpy(at + head_len + value.len, next, next_len);
  list->data = w->data + start - place.at;
  list->len += (uint32_t)grown;
  list->count++;
}
