#include <stdlib.h>
#include <string.h>

#include "checks/checks.h"
#include "checks/require.h"
#include "core/print.h"
#include "core/utf8.h"
#include "json_check.h"

typedef size_t (*printer)(const fuzz_packet *p, char *out, size_t cap);

static size_t print_line(const fuzz_packet *p, char *out, size_t cap) {
  return law_print(p->type, p->spans, p->num, p->wire, out, cap);
}

static size_t print_json(const fuzz_packet *p, char *out, size_t cap) {
  return law_json(p->type, p->spans, p->num, p->wire, out, cap);
}

static size_t print_spans(const fuzz_packet *p, char *out, size_t cap) {
  return law_json_spans(p->spans, p->num, p->wire, out, cap);
}

/* A small buffer gets the beginning and its NUL, and nothing is written behind it. */
static void check_cut(const fuzz_packet *p, printer print, const char *whole, size_t len) {
  size_t cap = 1 + fuzz_seed_of(p->wire) % (len + 1);
  char *cut = malloc(cap);
  FUZZ_REQUIRE(cut != NULL);
  FUZZ_REQUIRE(print(p, cut, cap) == len);
  FUZZ_REQUIRE(strlen(cut) == (cap > len ? len : cap - 1));
  FUZZ_REQUIRE(memcmp(cut, whole, strlen(cut)) == 0);
  free(cut);
}

/* The text; the caller frees it. */
static char *printed(const fuzz_packet *p, printer print) {
  size_t len = print(p, NULL, 0);
  char *text = malloc(len + 1);
  FUZZ_REQUIRE(text != NULL);
  FUZZ_REQUIRE(print(p, text, len + 1) == len && strlen(text) == len);
  check_cut(p, print, text, len);
  return text;
}

static void check_line(const fuzz_packet *p) {
  char *line = printed(p, print_line);
  for (const char *c = line; *c != '\0'; c++) {
    FUZZ_REQUIRE((unsigned char)*c >= 0x20 && *c != 0x7f);
  }
  FUZZ_REQUIRE(law_utf8_valid(law_bytes_of(line, strlen(line))));
  free(line);
}

static void check_json(const fuzz_packet *p, printer print) {
  char *json = printed(p, print);
  FUZZ_REQUIRE(is_json(json));
  free(json);
}

enum { LISTED = 64 }; /* the time that paths take grows with the square of it */

void fuzz_check_printing(const fuzz_packet *p) {
  if (p->num == 0) {
    return;
  }
  check_line(p);
  check_json(p, print_json);
  if (p->num <= LISTED) {
    check_json(p, print_spans);
  }
}
