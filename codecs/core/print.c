#include "core/print.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/utf8.h"

/* Text into the caller's buffer; counts on past its end. */
typedef struct text {
  char *out;
  size_t cap, len;
} text;

static void put_char(text *t, char c) {
  if (t->len + 1 < t->cap) {
    t->out[t->len] = c;
  }
  t->len++;
}

static void put(text *t, const char *s) {
  while (*s != '\0') {
    put_char(t, *s++);
  }
}

static void put_number(text *t, uint64_t number) {
  char digits[24];
  (void)snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
  put(t, digits);
}

static void put_hex_byte(text *t, uint8_t byte) {
  static const char digits[] = "0123456789abcdef";
  put_char(t, digits[byte >> 4]);
  put_char(t, digits[byte & 15]);
}

static void put_hex(text *t, law_bytes bytes) {
  for (size_t i = 0; i < bytes.len; i++) {
    put_hex_byte(t, bytes.data[i]);
  }
}

static size_t finish(text *t) {
  if (t->cap > 0) {
    t->out[t->len < t->cap ? t->len : t->cap - 1] = '\0';
  }
  return t->len;
}

/* The code point at |p| of well-formed text, and its length. */
static uint32_t code_point(const uint8_t *p, size_t *out_len) {
  if (p[0] < 0x80) {
    *out_len = 1;
    return p[0];
  }
  size_t len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
  uint32_t c = p[0] & (0xffu >> (len + 1));
  for (size_t i = 1; i < len; i++) {
    c = (c << 6) | (p[i] & 0x3f);
  }
  *out_len = len;
  return c;
}

static void put_u(text *t, uint32_t unit) {
  put(t, "\\u");
  put_hex_byte(t, (uint8_t)(unit >> 8));
  put_hex_byte(t, (uint8_t)unit);
}

static void put_json_char(text *t, uint32_t c) {
  if (c == '"' || c == '\\') {
    put_char(t, '\\');
    put_char(t, (char)c);
  } else if (c >= 0x20 && c < 0x7f) {
    put_char(t, (char)c);
  } else if (c < 0x10000) {
    put_u(t, c);
  } else {
    put_u(t, 0xd800 + ((c - 0x10000) >> 10));
    put_u(t, 0xdc00 + ((c - 0x10000) & 0x3ff));
  }
}

/* |bytes| are UTF-8, NUL allowed. */
static void put_json_string(text *t, law_bytes bytes) {
  put_char(t, '"');
  for (size_t i = 0; i < bytes.len;) {
    size_t len;
    put_json_char(t, code_point(bytes.data + i, &len));
    i += len;
  }
  put_char(t, '"');
}

static bool is_text(law_bytes bytes) {
  size_t at = 0;
  law_bytes rest = bytes;
  law_utf8 kind;
  /* NUL is text in JSON, though MQTT forbids it. */
  while ((kind = law_utf8_check(rest, false, &at)) == LAW_UTF8_NUL) {
    rest = law_bytes_of(rest.data + at + 1, rest.len - at - 1);
  }
  return kind == LAW_UTF8_OK;
}

static bool is_printable(law_bytes bytes) {
  for (size_t i = 0; i < bytes.len; i++) {
    if (bytes.data[i] < 0x20 || bytes.data[i] == 0x7f) {
      return false;
    }
  }
  return bytes.len > 0 && is_text(bytes);
}

static void put_json_binary(text *t, law_bytes bytes, bool show_text) {
  put(t, "{\"hex\": \"");
  put_hex(t, bytes);
  put_char(t, '"');
  if (show_text && is_printable(bytes)) {
    put(t, ", \"text\": ");
    put_json_string(t, bytes);
  }
  put_char(t, '}');
}

typedef struct tree {
  const law_span *spans;
  size_t num;
  law_bytes wire;
} tree;

static size_t next_child(const tree *tr, size_t parent, size_t after) {
  for (size_t i = after + 1; i < tr->num; i++) {
    if (tr->spans[i].parent == parent && i != parent) {
      return i;
    }
  }
  return tr->num;
}

static bool is_hidden(const law_span *span) {
  law_kind kind = span->field->kind;
  return kind == LAW_KIND_LENGTH || kind == LAW_KIND_LENGTH16 || kind == LAW_KIND_TAG || (span->field->flags & LAW_FIELD_CARRIER) != 0;
}

static const char *shown_name(const law_span *span) {
  return span->item != NULL ? span->item->name : span->field->name;
}

static bool is_tagged(const law_span *span) {
  return span->field->kind == LAW_KIND_TAGGED || span->field->kind == LAW_KIND_OPTIONS;
}

static bool is_string(const law_span *span) {
  return span->field->kind == LAW_KIND_STRING || span->field->kind == LAW_KIND_TEXT;
}

/* An integer of more bytes than a number has here is shown as they are. */
static bool is_number(const law_span *span) {
  return law_kind_is_number(span->field->kind) &&
         (span->field->kind != LAW_KIND_UINT || span->len <= 8);
}

static void put_json_value(text *t, const tree *tr, size_t i);

/* The children of |parent| as members, with commas. */
static void put_json_members(text *t, const tree *tr, size_t parent, bool comma) {
  for (size_t i = next_child(tr, parent, parent); i < tr->num; i = next_child(tr, parent, i)) {
    if (is_hidden(&tr->spans[i])) {
      continue;
    }
    put(t, comma ? ", \"" : "\"");
    put(t, shown_name(&tr->spans[i]));
    put(t, "\": ");
    put_json_value(t, tr, i);
    comma = true;
  }
}

/* The value of span |i|, null when there is no such span: its bytes are cut off. */
static void put_json_or_null(text *t, const tree *tr, size_t i) {
  if (i < tr->num) {
    put_json_value(t, tr, i);
  } else {
    put(t, "null");
  }
}

static void put_json_pair(text *t, const tree *tr, size_t item) {
  size_t key = next_child(tr, item, item + 1);
  size_t value = key < tr->num ? next_child(tr, item, key) : tr->num;
  put_char(t, '[');
  put_json_or_null(t, tr, key);
  put(t, ", ");
  put_json_or_null(t, tr, value);
  put_char(t, ']');
}

static void put_json_item_value(text *t, const tree *tr, size_t i) {
  if (tr->spans[i].item->kind == LAW_KIND_PAIR) {
    put_json_pair(t, tr, i);
    return;
  }
  if (tr->spans[i].item->kind == LAW_KIND_OPTION) {
    put_char(t, '[');
    put_number(t, law_span_option(tr->spans, i, tr->wire));
    put(t, ", ");
  }
  put_json_or_null(t, tr, law_span_of_value(tr->spans, tr->num, i));
  put(t, tr->spans[i].item->kind == LAW_KIND_OPTION ? "]" : "");
}

static bool seen_before(const tree *tr, size_t parent, size_t i) {
  for (size_t k = next_child(tr, parent, parent); k < i; k = next_child(tr, parent, k)) {
    if (tr->spans[k].item == tr->spans[i].item) {
      return true;
    }
  }
  return false;
}

/* How many items of the kind of |i| the list has. */
static size_t times(const tree *tr, size_t parent, size_t i) {
  size_t count = 0;
  for (size_t k = next_child(tr, parent, parent); k < tr->num; k = next_child(tr, parent, k)) {
    count += tr->spans[k].item == tr->spans[i].item;
  }
  return count;
}

/* Repeatable items, and those that stand twice though they may not, as arrays. */
static void put_json_tagged(text *t, const tree *tr, size_t list) {
  bool comma = false;
  put_char(t, '{');
  for (size_t i = next_child(tr, list, list); i < tr->num; i = next_child(tr, list, i)) {
    const law_span *span = &tr->spans[i];
    if (is_hidden(span) || (span->item != NULL && seen_before(tr, list, i))) {
      continue;
    }
    put(t, comma ? ", \"" : "\"");
    put(t, shown_name(span));
    put(t, "\": ");
    comma = true;
    if (span->item == NULL) {
      put_json_value(t, tr, i);
      continue;
    }
    bool array = span->item->repeatable || times(tr, list, i) > 1;
    put(t, array ? "[" : "");
    put_json_item_value(t, tr, i);
    for (size_t k = next_child(tr, list, i); array && k < tr->num; k = next_child(tr, list, k)) {
      if (tr->spans[k].item == span->item) {
        put(t, ", ");
        put_json_item_value(t, tr, k);
      }
    }
    put(t, array ? "]" : "");
  }
  put_char(t, '}');
}

/* Items of one field are that field's value; others are objects. */
static void put_json_items(text *t, const tree *tr, size_t list) {
  const law_field *field = tr->spans[list].field;
  bool comma = false;
  put_char(t, '[');
  for (size_t i = next_child(tr, list, list); i < tr->num; i = next_child(tr, list, i)) {
    put(t, comma ? ", " : "");
    comma = true;
    if (field->num_items == 1 && next_child(tr, i, i) < tr->num) {
      put_json_value(t, tr, next_child(tr, i, i));
    } else {
      put_char(t, '{');
      put_json_members(t, tr, i, false);
      put_char(t, '}');
    }
  }
  put_char(t, ']');
}

static void put_json_value(text *t, const tree *tr, size_t i) {
  const law_span *span = &tr->spans[i];
  law_bytes value = law_span_value(span, tr->wire);
  if ((span->field->flags & LAW_FIELD_SECRET) != 0) {
    put(t, "{\"secret\": true, \"len\": ");
    put_number(t, value.len);
    put_char(t, '}');
  } else if (is_number(span)) {
    put_number(t, law_span_number(span, tr->wire));
  } else if (is_tagged(span)) {
    put_json_tagged(t, tr, i);
  } else if (span->field->kind == LAW_KIND_ITEMS) {
    put_json_items(t, tr, i);
  } else if (is_string(span) && is_text(value)) {
    put_json_string(t, value);
  } else {
    put_json_binary(t, value, (span->field->flags & LAW_FIELD_TEXT) != 0);
  }
}

size_t law_json(const law_type *type, const law_span *spans, size_t num, law_bytes wire, char *out,
                size_t cap) {
  text t = {out, cap, 0};
  tree tr = {spans, num, wire};
  put(&t, "{\"type\": \"");
  put(&t, type->name);
  put_char(&t, '"');
  put_json_members(&t, &tr, 0, true);
  put_char(&t, '}');
  return finish(&t);
}

static const char *kind_name(law_kind kind) {
  static const char *const names[] = {
      "u8",     "u16",   "u32",    "varint", "bits",     "string", "binary", "pair",  "rest",
      "tagged", "items", "packet", "item",   "length16", "length", "tag",    "value", "unparsed",
      "token",  "options", "option", "head", "uint",     "text"};
  return names[kind];
}

static bool has_scalar(const law_span *span) {
  switch (span->field->kind) {
    case LAW_KIND_PACKET:
    case LAW_KIND_TAGGED:
    case LAW_KIND_OPTIONS:
    case LAW_KIND_ITEMS:
    case LAW_KIND_ITEM:
      return false;
    default:
      return true;
  }
}

size_t law_json_spans(const law_span *spans, size_t num, law_bytes wire, char *out, size_t cap) {
  text t = {out, cap, 0};
  tree tr = {spans, num, wire};
  put_char(&t, '[');
  for (size_t i = 0; i < num; i++) {
    char path[192];
    (void)law_span_path(spans, num, i, path, sizeof path);
    put(&t, i > 0 ? ", {\"path\": \"" : "{\"path\": \"");
    put(&t, path);
    put(&t, "\", \"at\": ");
    put_number(&t, spans[i].at);
    put(&t, ", \"len\": ");
    put_number(&t, spans[i].len);
    put(&t, ", \"parent\": ");
    put_number(&t, spans[i].parent);
    put(&t, ", \"kind\": \"");
    put(&t, kind_name(spans[i].field->kind));
    put_char(&t, '"');
    /* The value child of a secret repeats its bytes: hide it as well. */
    bool secret = (spans[spans[i].parent].field->flags & LAW_FIELD_SECRET) != 0 &&
                  spans[i].field->kind == LAW_KIND_VALUE;
    if (has_scalar(&spans[i]) && !secret) {
      put(&t, ", \"value\": ");
      put_json_value(&t, &tr, i);
    }
    put_char(&t, '}');
  }
  put_char(&t, ']');
  return finish(&t);
}

/* ---- one line for people ---- */

/* How many bytes the control character at |p| has: ASCII's, U+0080 to U+009F, and the line and
 * paragraph separators U+2028 and U+2029. 0: it is none. */
static size_t control_len(const uint8_t *p, size_t left) {
  if (p[0] < 0x20 || p[0] == 0x7f) {
    return 1;
  }
  if (left >= 2 && p[0] == 0xc2 && p[1] < 0xa0) {
    return 2;
  }
  return left >= 3 && p[0] == 0xe2 && p[1] == 0x80 && (p[2] & 0xfe) == 0xa8 ? 3 : 0;
}

/* |bytes| are UTF-8. */
static void put_quoted(text *t, law_bytes bytes) {
  put_char(t, '"');
  for (size_t i = 0; i < bytes.len;) {
    uint8_t c = bytes.data[i];
    size_t control = control_len(bytes.data + i, bytes.len - i);
    for (size_t end = i + control; i < end; i++) {
      put(t, "\\x");
      put_hex_byte(t, bytes.data[i]);
    }
    if (control == 0) {
      put(t, c == '"' || c == '\\' ? "\\" : "");
      put_char(t, (char)c);
      i++;
    }
  }
  put_char(t, '"');
}

enum { SHOWN_BYTES = 32 };

static void put_bytes(text *t, law_bytes bytes) {
  law_bytes head = law_bytes_of(bytes.data, bytes.len < SHOWN_BYTES ? bytes.len : SHOWN_BYTES);
  put_number(t, bytes.len);
  put(t, bytes.len == 1 ? " byte" : " bytes");
  if (bytes.len == 0) {
    return;
  }
  put_char(t, ' ');
  if (bytes.len <= SHOWN_BYTES && is_printable(bytes)) {
    put_quoted(t, bytes);
  } else {
    put_hex(t, head);
    put(t, bytes.len > SHOWN_BYTES ? "..." : "");
  }
}

static const char *value_name(const law_type *type, const law_field *field, uint64_t number) {
  for (const law_name *n = field->names; n != NULL && n->name != NULL; n++) {
    if (n->value == number && (n->scope == 0 || (n->scope & law_type_scope(type)) != 0)) {
      return n->name;
    }
  }
  return NULL;
}

static void put_line_number(text *t, const law_type *type, const law_span *span, law_bytes wire) {
  uint64_t number = law_span_number(span, wire);
  const char *name = value_name(type, span->field, number);
  put_number(t, number);
  if (name != NULL) {
    put(t, " (");
    put(t, name);
    put_char(t, ')');
  }
}

static void put_line_children(text *t, const law_type *type, const tree *tr, size_t parent,
                              const char *between);

static void put_line_item(text *t, const law_type *type, const tree *tr, size_t i) {
  const law_span *span = &tr->spans[i];
  if (span->item == NULL) {
    put_line_children(t, type, tr, i, " ");
    return;
  }
  size_t value = law_span_of_value(tr->spans, tr->num, i);
  bool pair = span->item->kind == LAW_KIND_PAIR;
  if (span->item->kind == LAW_KIND_OPTION) {
    put_number(t, law_span_option(tr->spans, i, tr->wire));
    put(t, ": ");
  }
  for (; value < tr->num; value = next_child(tr, i, value)) {
    const law_span *v = &tr->spans[value];
    if (is_number(v)) {
      put_line_number(t, type, v, tr->wire);
    } else if ((v->field->flags & LAW_FIELD_SECRET) != 0) {
      put(t, "(secret)");
    } else if (v->field->kind != LAW_KIND_REST && is_text(law_span_value(v, tr->wire))) {
      put_quoted(t, law_span_value(v, tr->wire));
    } else {
      put_bytes(t, law_span_value(v, tr->wire));
    }
    put(t, pair && next_child(tr, i, value) < tr->num ? "=" : "");
  }
}

static void put_line_value(text *t, const law_type *type, const tree *tr, size_t i) {
  const law_span *span = &tr->spans[i];
  law_bytes value = law_span_value(span, tr->wire);
  if ((span->field->flags & LAW_FIELD_SECRET) != 0) {
    put(t, "(secret, ");
    put_number(t, value.len);
    put(t, " bytes)");
  } else if (is_number(span)) {
    put_line_number(t, type, span, tr->wire);
  } else if (is_tagged(span) || span->field->kind == LAW_KIND_ITEMS) {
    put_char(t, '{');
    put_line_children(t, type, tr, i, ", ");
    put_char(t, '}');
  } else if (span->field->kind == LAW_KIND_ITEM) {
    put_line_item(t, type, tr, i);
  } else if (is_string(span) && is_text(value)) {
    put_quoted(t, value);
  } else {
    put_bytes(t, value);
  }
}

/* Reserved bits and the like: a line shows them only when they are set. */
static bool is_quiet(const law_span *span, law_bytes wire) {
  return (span->field->flags & LAW_FIELD_QUIET) != 0 && law_span_number(span, wire) == 0;
}

static void put_line_children(text *t, const law_type *type, const tree *tr, size_t parent,
                              const char *between) {
  bool first = true;
  for (size_t i = next_child(tr, parent, parent); i < tr->num; i = next_child(tr, parent, i)) {
    const law_span *span = &tr->spans[i];
    if (is_hidden(span) || is_quiet(span, tr->wire)) {
      continue;
    }
    put(t, first ? "" : between);
    first = false;
    if (span->field->kind != LAW_KIND_ITEM || span->item != NULL) {
      put(t, shown_name(span));
      put_char(t, '=');
    }
    put_line_value(t, type, tr, i);
  }
}

size_t law_print(const law_type *type, const law_span *spans, size_t num, law_bytes wire, char *out,
                 size_t cap) {
  text t = {out, cap, 0};
  tree tr = {spans, num, wire};
  put(&t, type->name);
  if (next_child(&tr, 0, 0) < num) {
    put_char(&t, ' ');
  }
  put_line_children(&t, type, &tr, 0, " ");
  return finish(&t);
}
