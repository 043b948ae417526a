#include "core/span.h"

#include <stdio.h>
#include <string.h>

#include "core/options.h"

bool law_kind_is_number(law_kind kind) {
  switch (kind) {
    case LAW_KIND_U8:
    case LAW_KIND_U16:
    case LAW_KIND_U32:
    case LAW_KIND_VARINT:
    case LAW_KIND_BITS:
    case LAW_KIND_LENGTH16:
    case LAW_KIND_LENGTH:
    case LAW_KIND_TAG:
    case LAW_KIND_UINT:
      return true;
    default:
      return false;
  }
}

static uint64_t varint_of(law_bytes b) {
  uint64_t value = 0;
  for (size_t i = 0; i < b.len && i < 5; i++) {
    value |= (uint64_t)(b.data[i] & 0x7f) << (7 * i);
  }
  return value;
}

static uint64_t big_endian_of(law_bytes b) {
  uint64_t value = 0;
  for (size_t i = 0; i < b.len && i < 8; i++) {
    value = (value << 8) | b.data[i];
  }
  return value;
}

uint64_t law_span_number(const law_span *span, law_bytes wire) {
  law_bytes b = law_bytes_of(wire.data + span->at, span->len);
  switch (span->field->kind) {
    case LAW_KIND_VARINT:
    case LAW_KIND_LENGTH:
    case LAW_KIND_TAG:
      return varint_of(b);
    case LAW_KIND_BITS:
      return b.len == 0 ? 0 : (b.data[0] >> span->field->shift) & ((1u << span->field->width) - 1);
    case LAW_KIND_U8:
    case LAW_KIND_U16:
    case LAW_KIND_U32:
    case LAW_KIND_LENGTH16:
    case LAW_KIND_UINT:
      return big_endian_of(b);
    default:
      return 0;
  }
}

law_bytes law_span_value(const law_span *span, law_bytes wire) {
  uint32_t skip = 0;
  law_bytes b = law_bytes_of(wire.data + span->at, span->len);
  if (span->field->kind == LAW_KIND_STRING || span->field->kind == LAW_KIND_BINARY) {
    skip = 2;
  } else if (span->field->kind == LAW_KIND_TAGGED) {
    while (skip < span->len && (b.data[skip] & 0x80) != 0) {
      skip++;
    }
    skip++;
  }
  skip = skip < span->len ? skip : span->len;
  return law_bytes_of(b.data + skip, b.len - skip);
}

static const char *name_of(const law_span *span) {
  return span->item != NULL ? span->item->name : span->field->name;
}

static bool is_item(const law_span *span) { return span->field->kind == LAW_KIND_ITEM; }

/* The place of item |i| among its siblings; |same_name|: only among those of its name. */
static size_t index_of(const law_span *spans, size_t i, bool same_name) {
  size_t index = 0;
  for (size_t k = spans[i].parent + 1; k < i; k++) {
    if (spans[k].parent == spans[i].parent && is_item(&spans[k]) &&
        (!same_name || spans[k].item == spans[i].item)) {
      index++;
    }
  }
  return index;
}

size_t law_span_of_value(const law_span *spans, size_t num, size_t i) {
  for (size_t k = i + 1; k < num && spans[k].parent == i; k++) {
    law_kind kind = spans[k].field->kind;
    if (kind != LAW_KIND_TAG && kind != LAW_KIND_HEAD && kind != LAW_KIND_BITS) {
      return k;
    }
  }
  return num;
}

static uint32_t delta_of(const law_span *item, law_bytes wire) {
  law_option_head head = {0, 0, 0};
  if (item->len > 0) {
    (void)law_option_head_read(law_bytes_of(wire.data + item->at, item->len), &head);
  }
  return head.delta;
}

uint32_t law_span_option(const law_span *spans, size_t i, law_bytes wire) {
  uint32_t number = delta_of(&spans[i], wire);
  for (size_t k = spans[i].parent + 1; k < i; k++) {
    if (spans[k].parent == spans[i].parent && is_item(&spans[k])) {
      number += delta_of(&spans[k], wire);
    }
  }
  return number;
}

/* One step of a path: "name", "name[2]", "[2]". */
typedef struct step {
  const char *name;
  size_t name_len;
  size_t index;
  bool indexed;
} step;

static bool next_step(const char **path, step *out) {
  const char *p = *path;
  if (*p == '.') {
    p++;
  }
  if (*p == '\0') {
    return false;
  }
  *out = (step){.name = p, .name_len = strcspn(p, ".[")};
  p += out->name_len;
  if (*p == '[') {
    out->indexed = true;
    for (p++; *p >= '0' && *p <= '9'; p++) {
      out->index = out->index * 10 + (size_t)(*p - '0');
    }
    if (*p == ']') {
      p++;
    }
  }
  *path = p;
  return true;
}

static bool has_name(const law_span *span, const step *s) {
  const char *name = name_of(span);
  return strlen(name) == s->name_len && memcmp(name, s->name, s->name_len) == 0;
}

/* The child of |parent| that |s| names: the |nth| of its name. */
static size_t child_named(const law_span *spans, size_t num, size_t parent, const step *s,
                          size_t nth) {
  for (size_t i = parent + 1; i < num; i++) {
    if (spans[i].parent == parent && has_name(&spans[i], s) && nth-- == 0) {
      return i;
    }
  }
  return num;
}

static size_t item_numbered(const law_span *spans, size_t num, size_t parent, size_t nth) {
  for (size_t i = parent + 1; i < num; i++) {
    if (spans[i].parent == parent && is_item(&spans[i]) && nth-- == 0) {
      return i;
    }
  }
  return num;
}

static size_t follow(const law_span *spans, size_t num, size_t at, const step *s) {
  if (s->name_len == 0) {
    return s->indexed ? item_numbered(spans, num, at, s->index) : num;
  }
  size_t child = child_named(spans, num, at, s, 0);
  if (child == num || !s->indexed) {
    return child;
  }
  law_kind kind = spans[child].field->kind;
  if (kind == LAW_KIND_TAGGED || kind == LAW_KIND_ITEMS || kind == LAW_KIND_OPTIONS) {
    return item_numbered(spans, num, child, s->index);
  }
  return child_named(spans, num, at, s, s->index);
}

size_t law_span_find(const law_span *spans, size_t num, const char *path) {
  size_t at = 0;
  step s;
  if (num == 0) {
    return num;
  }
  while (next_step(&path, &s)) {
    at = follow(spans, num, at, &s);
    if (at == num) {
      return num;
    }
  }
  return at;
}

size_t law_span_path(const law_span *spans, size_t num, size_t i, char *out, size_t cap) {
  char parent[160] = "";
  if (cap == 0 || i >= num) {
    return 0;
  }
  if (i == 0) {
    out[0] = '\0';
    return 0;
  }
  if (spans[i].parent != 0) {
    (void)law_span_path(spans, num, spans[i].parent, parent, sizeof parent);
  }
  const char *dot = parent[0] != '\0' ? "." : "";
  int len;
  if (!is_item(&spans[i])) {
    len = snprintf(out, cap, "%s%s%s", parent, dot, spans[i].field->name);
  } else if (spans[i].item == NULL) {
    len = snprintf(out, cap, "%s[%zu]", parent, index_of(spans, i, false));
  } else {
    size_t nth = index_of(spans, i, true);
    len = nth == 0 ? snprintf(out, cap, "%s%s%s", parent, dot, spans[i].item->name)
                   : snprintf(out, cap, "%s%s%s[%zu]", parent, dot, spans[i].item->name, nth);
  }
  return len < 0 ? 0 : (size_t)len < cap ? (size_t)len : cap - 1;
}
