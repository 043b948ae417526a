#include "mutators/mutate_internal.h"

static const uint32_t numbers[] = {
    0,        1,         2,         3,          4,          5,          7,          8,
    0x0a,     0x0f,      0x10,      0x1f,       0x20,       0x3f,       0x40,       0x7e,
    0x7f,     0x80,      0x81,      0x82,       0xff,       0x100,      0x3ff,      16383,
    16384,    0x7fff,    0x8000,    0xfffe,     0xffff,     0x10000,    2097151,    2097152,
    0xffffff, 268435455, 268435456, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
};

/* Topics, filters, and bytes that are no text. */
static const struct {
  const char *text;
  uint8_t len;
} texts[] = {
#define TEXT(literal) \
  { literal, sizeof(literal) - 1 }
    TEXT(""),
    TEXT("a"),
    TEXT("a/b"),
    TEXT("/"),
    TEXT("#"),
    TEXT("+"),
    TEXT("a/#"),
    TEXT("a/+/b"),
    TEXT("a#"),
    TEXT("#/a"),
    TEXT("+a"),
    TEXT("$"),
    TEXT("$SYS/x"),
    TEXT("$share/g/a"),
    TEXT("$share//a"),
    TEXT("$share/g"),
    TEXT("$share/g/"),
    TEXT("$share/+/a"),
    TEXT("\0"),
    TEXT("a\0b"),
    TEXT("\xc3\xa9"),
    TEXT("\xef\xbb\xbf"),
    TEXT("\xc3\x28"),
    TEXT("\xed\xa0\x80"),
    TEXT("\xf4\x8f\xbf\xbf"),
    TEXT("\xf4\x90\x80\x80"),
    TEXT("\xc0\x80"),
    TEXT("\xe2\x82"),
    TEXT("\xff"),
    TEXT("\x01\x1f\x7f\xc2\x80"),
    TEXT("\xef\xbf\xbe"),
    TEXT("\"\\\r\n"),
    TEXT("0123456789abcde"),
    TEXT("0123456789abcdef"),
    TEXT("0123456789abcdefg"),
    TEXT("0123456789abcdef0123456789abc\xe2\x82\xac"),
    TEXT("0123456789abcdef0123456789/+/#"),
    TEXT("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"),
#undef TEXT
};

uint64_t law_odd_number(law_mutator *m) {
  if (law_once_in(m, 4)) {
    return law_random(&m->random) >> law_draw(m, 64);
  }
  return numbers[law_draw(m, sizeof numbers / sizeof numbers[0])];
}

law_bytes law_odd_text(law_mutator *m) {
  uint32_t i = law_draw(m, sizeof texts / sizeof texts[0]);
  return law_bytes_of(texts[i].text, texts[i].len);
}

static uint64_t named(law_mutator *m, const law_name *names) {
  uint32_t num = 0;
  while (names[num].name != NULL) {
    num++;
  }
  return num > 0 ? names[law_draw(m, num)].value : 0;
}

static uint64_t at_limit(law_mutator *m, const law_item *item) {
  uint64_t limits[] = {item->min, item->max, item->min - UINT64_C(1), item->max + UINT64_C(1)};
  return limits[law_draw(m, 4)];
}

uint64_t law_number_for(law_mutator *m, const law_field *field, const law_item *item) {
  if (item != NULL && law_once_in(m, 2)) {
    return at_limit(m, item);
  }
  if (field != NULL && field->names != NULL && law_once_in(m, 2)) {
    return named(m, field->names);
  }
  return law_odd_number(m);
}
