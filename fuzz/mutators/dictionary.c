/* Writes the dictionary of one variant of a protocol, for libFuzzer and AFL++, from its tables:
 *
 *   wirelaw-fuzz-dictionary VARIANT          to standard output
 *   wirelaw-fuzz-dictionary VARIANT FILE     compares with what is there; status 1: it differs
 *
 * A message of each type as the protocol readies it, each property with its limits as values, and
 * the texts and varints that decoders get wrong. */
#include <stdio.h>
#include <string.h>

#include "core/dissect.h"
#include "core/writer.h"
#include "monitors/judge.h"

enum { ROOM = 512 };

static FILE *out_file;

static void entry(const char *name, law_bytes bytes) {
  if (bytes.len == 0) {
    return;
  }
  (void)fprintf(out_file, "%s=\"", name);
  for (size_t i = 0; i < bytes.len; i++) {
    uint8_t c = bytes.data[i];
    bool plain = c > 0x20 && c < 0x7f && c != '"' && c != '\\';
    (void)(plain ? fprintf(out_file, "%c", c) : fprintf(out_file, "\\x%02x", c));
  }
  (void)fprintf(out_file, "\"\n");
}

/* Names of entries are letters, digits and '_'. */
static const char *name_of(const char *prefix, const char *name, unsigned nth) {
  static char out[128];
  (void)snprintf(out, sizeof out, "%s_%s_%u", prefix, name, nth);
  return out;
}

static void put_message(const law_protocol *protocol, const void *context, const law_type *type) {
  uint64_t message[LAW_MAX_MESSAGE_SIZE / 8] = {0};
  uint8_t out[ROOM];
  protocol->prepare(context, type, message);
  size_t len = law_encode(type, message, out, sizeof out);
  if (len <= sizeof out) {
    entry(name_of("message", type->name, 0), law_bytes_of(out, len));
  }
}

static void write_number(law_writer *w, law_kind kind, uint32_t number) {
  if (kind == LAW_KIND_VARINT) {
    law_write_varint(w, number);
    return;
  }
  for (int size = kind == LAW_KIND_U8 ? 1 : kind == LAW_KIND_U16 ? 2 : 4; size-- > 0;) {
    law_write_u8(w, (uint8_t)(number >> 8 * size));
  }
}

static uint32_t largest(law_kind kind) {
  return kind == LAW_KIND_U8 ? UINT8_MAX : kind == LAW_KIND_U16 ? UINT16_MAX : UINT32_MAX;
}

static void put_number_item(const law_item *item) {
  uint32_t values[] = {item->min, item->max, item->max + 1};
  unsigned num = item->max < largest(item->kind) ? 3 : 2;
  for (unsigned i = 0; i < num; i++) {
    uint8_t out[ROOM];
    law_writer w = law_writer_of(out, sizeof out);
    law_write_varint(&w, item->tag);
    write_number(&w, item->kind, values[i]);
    entry(name_of("item", item->name, i), law_bytes_of(out, w.len));
  }
}

static void put_text_item(const law_item *item) {
  uint8_t out[ROOM];
  law_writer w = law_writer_of(out, sizeof out);
  law_write_varint(&w, item->tag);
  law_write_bytes16(&w, law_bytes_of("a", 1));
  if (item->kind == LAW_KIND_PAIR) {
    law_write_bytes16(&w, law_bytes_of("b", 1));
  }
  entry(name_of("item", item->name, 0), law_bytes_of(out, w.len));
}

/* Each list of items once, though many types have it. */
static void put_items(const law_protocol *protocol, const void *context) {
  const law_item *seen = NULL;
  for (size_t i = 0; i < protocol->num_types; i++) {
    const law_type *type = protocol->types[i];
    uint64_t message[LAW_MAX_MESSAGE_SIZE / 8] = {0};
    protocol->prepare(context, type, message);
    for (size_t k = 0; k < type->num_fields; k++) {
      const law_field *field = &type->fields[k];
      bool there =
          field->kind == LAW_KIND_TAGGED && (field->when == NULL || field->when(message, 1));
      for (size_t n = 0; there && field->tags != seen && n < field->num_tags; n++) {
        const law_item *item = &field->tags[n];
        (law_kind_is_number(item->kind) ? put_number_item : put_text_item)(item);
      }
      seen = there ? field->tags : seen;
    }
  }
}

static void put_texts(void) {
  static const char *const texts[] = {"/",
                                      "#",
                                      "+",
                                      "a/#",
                                      "a/+/b",
                                      "$share/g/a",
                                      "$SYS/",
                                      "\xc3\xa9",
                                      "\xed\xa0\x80",
                                      "\xc0\x80",
                                      "\xf4\x8f\xbf\xbf"};
  static const uint8_t varints[][5] = {{0x7f},
                                       {0x80, 0x01},
                                       {0xff, 0x7f},
                                       {0xff, 0xff, 0x7f},
                                       {0xff, 0xff, 0xff, 0x7f},
                                       {0xff, 0xff, 0xff, 0xff, 0x01},
                                       {0x80, 0x80}};
  for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    entry(name_of("text", "topic", i), law_bytes_of(texts[i], strlen(texts[i])));
  }
  for (unsigned i = 0; i < sizeof varints / sizeof varints[0]; i++) {
    entry(name_of("varint", "limit", i),
          law_bytes_of(varints[i], strlen((const char *)varints[i])));
  }
}

static bool has_variant(const law_protocol *protocol, const char *variant) {
  for (const char *const *v = protocol->variants; *v != NULL; v++) {
    if (strcmp(*v, variant) == 0) {
      return true;
    }
  }
  return false;
}

static void put_all(const law_protocol *protocol, const char *variant) {
  uint64_t context[LAW_MAX_CONTEXT_SIZE / 8];
  protocol->begin(variant, context);
  (void)fprintf(out_file, "# Made from the tables by wirelaw-fuzz-dictionary %s. Do not edit.\n",
                variant);
  for (size_t i = 0; i < protocol->num_types; i++) {
    put_message(protocol, context, protocol->types[i]);
  }
  put_items(protocol, context);
  put_texts();
}

/* Are the two the same, from where they stand to their ends? */
static bool same_rest(FILE *a, FILE *b) {
  int x, y;
  do {
    x = getc(a);
    y = getc(b);
  } while (x == y && x != EOF);
  return x == y;
}

static int compare(const law_protocol *protocol, const char *variant, const char *path) {
  FILE *tracked = fopen(path, "rb");
  out_file = tmpfile();
  if (tracked == NULL || out_file == NULL) {
    (void)fprintf(stderr, "%s cannot be read\n", path);
    return 2;
  }
  put_all(protocol, variant);
  rewind(out_file);
  bool same = same_rest(tracked, out_file);
  (void)fclose(tracked);
  (void)fclose(out_file);
  if (!same) {
    (void)fprintf(stderr, "%s is not what the tables make: write it anew by this program\n", path);
  }
  return same ? 0 : 1;
}

static int write_out(const law_protocol *protocol, const char *variant) {
  out_file = stdout;
  put_all(protocol, variant);
  return fflush(stdout) == 0 ? 0 : 1;
}

int main(int argc, char **argv) {
  for (const law_protocol *const *p = law_protocols; argc > 1 && argc < 4 && *p != NULL; p++) {
    if (has_variant(*p, argv[1])) {
      return argc == 3 ? compare(*p, argv[1], argv[2]) : write_out(*p, argv[1]);
    }
  }
  (void)fprintf(stderr, "usage: wirelaw-fuzz-dictionary VARIANT [FILE], such as mqtt5\n");
  return 2;
}
