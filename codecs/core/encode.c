#include <string.h>

#include "core/dissect.h"
#include "core/options.h"

static const void *member_of(const void *message, const law_field *field) {
  return (const uint8_t *)message + field->member;
}

static uint16_t member_u16(const void *message, const law_field *field) {
  uint16_t v;
  memcpy(&v, member_of(message, field), sizeof v);
  return v;
}

static uint32_t member_u32(const void *message, const law_field *field) {
  uint32_t v;
  memcpy(&v, member_of(message, field), sizeof v);
  return v;
}

static law_bytes member_bytes(const void *message, const law_field *field) {
  law_bytes v;
  memcpy(&v, member_of(message, field), sizeof v);
  return v;
}

static law_bytes member_list(const void *message, const law_field *field) {
  law_list v;
  memcpy(&v, member_of(message, field), sizeof v);
  return law_bytes_of(v.data, v.len);
}

static void write_fields(const law_field *fields, size_t num, void *message, law_writer *w);

/* The length of all fields after |field|, then those fields. */
static void write_length(const law_field *next, size_t num, void *message, law_writer *w) {
  law_writer counter = law_writer_of(NULL, 0);
  write_fields(next, num, message, &counter);
  law_write_varint(w, (uint32_t)counter.len);
  write_fields(next, num, message, w);
}

static void write_field(const law_field *field, const void *message, law_writer *w) {
  law_bytes list;
  switch (field->kind) {
    case LAW_KIND_U8:
      law_write_u8(w, *(const uint8_t *)member_of(message, field));
      break;
    case LAW_KIND_U16:
      law_write_u16(w, member_u16(message, field));
      break;
    case LAW_KIND_U32:
      law_write_u32(w, member_u32(message, field));
      break;
    case LAW_KIND_VARINT:
      law_write_varint(w, member_u32(message, field));
      break;
    case LAW_KIND_STRING:
    case LAW_KIND_BINARY:
      law_write_bytes16(w, member_bytes(message, field));
      break;
    case LAW_KIND_REST:
      law_write_bytes(w, member_bytes(message, field));
      break;
    case LAW_KIND_TAGGED:
      list = member_list(message, field);
      law_write_varint(w, (uint32_t)list.len);
      law_write_bytes(w, list);
      break;
    case LAW_KIND_ITEMS:
    case LAW_KIND_OPTIONS:
      law_write_bytes(w, member_list(message, field));
      break;
    case LAW_KIND_TOKEN:
      law_write_nibble_more(w, (uint32_t)member_bytes(message, field).len);
      law_write_bytes(w, member_bytes(message, field));
      break;
    default: /* bit fields are written with the byte they are part of */
      break;
  }
}

static void write_fields(const law_field *fields, size_t num, void *message, law_writer *w) {
  for (size_t i = 0; i < num; i++) {
    const law_field *field = &fields[i];
    if (field->kind == LAW_KIND_LENGTH) {
      write_length(field + 1, num - i - 1, message, w);
      return;
    }
    /* An optional field is there when the message says so: `left` is 0, nothing is discovered. */
    if (field->when == NULL || field->when(message, 0)) {
      write_field(field, message, w);
    }
  }
}

size_t law_encode(const law_type *type, void *message, uint8_t *out, size_t cap) {
  law_writer w = law_writer_of(out, cap);
  write_fields(type->fields, type->num_fields, message, &w);
  return w.len;
}
