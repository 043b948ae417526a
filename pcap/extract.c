#include "pcap/extract.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/dissect.h"

enum { DIGEST = 32, NAME = 2 * 20 + 1, PATH = 4096, FIRST_CAP = 1024 };

struct law_extract {
  char *folder;
  uint64_t *seen; /* digests of what is covered: open addressing, 0 is free */
  size_t cap, num;
  law_extracted count;
  char error[LAW_EXTRACT_TEXT];
};

law_extract *law_extract_new(const char *folder) {
  law_extract *e = calloc(1, sizeof *e);
  if (e) {
    e->folder = strdup(folder);
    e->seen = calloc(FIRST_CAP, sizeof *e->seen);
    e->cap = FIRST_CAP;
  }
  if (e && (!e->folder || !e->seen)) {
    law_extract_free(e);
    return NULL;
  }
  return e;
}

void law_extract_free(law_extract *e) {
  if (e) {
    free(e->folder);
    free(e->seen);
    free(e);
  }
}

law_extracted law_extract_count(const law_extract *e) { return e->count; }

const char *law_extract_error(const law_extract *e) { return e->error[0] ? e->error : NULL; }

/* ---- What a message covers ---- */

static unsigned class_of_length(size_t len) {
  return len < 2 ? (unsigned)len : len <= 16 ? 2 : len < 128 ? 3 : len < 1024 ? 4 : 5;
}

static unsigned class_of_number(uint64_t number) {
  return number < 2       ? (unsigned)number
         : number < 128   ? 2
         : number < 256   ? 3
         : number < 65536 ? 4
                          : 5;
}

static void mix(uint64_t *hash, uint64_t value) {
  *hash = (*hash ^ value) * 0x9e3779b97f4a7c15u;
  *hash ^= *hash >> 29;
}

static void mix_text(uint64_t *hash, const char *text) {
  for (; *text; text++) {
    mix(hash, (uint8_t)*text);
  }
}

/* A list's third item and those after it cover nothing new. */
static bool is_repeated(const law_span *spans, size_t i) {
  unsigned before = 0;
  for (size_t k = i; k > 0 && k > spans[i].parent; k--) {
    bool sibling = spans[k - 1].parent == spans[i].parent && k - 1 != spans[i].parent;
    before += sibling && spans[k - 1].field == spans[i].field && spans[k - 1].item == spans[i].item;
  }
  return before > 1 && spans[i].field->kind == LAW_KIND_ITEM;
}

static bool is_inside(const law_span *spans, size_t i, size_t outer) {
  while (spans[i].parent != i && i != outer) {
    i = spans[i].parent;
  }
  return i == outer;
}

/* Alike for two spans that stand for the same field. */
static void mix_span(uint64_t *hash, const law_span *span, law_bytes wire) {
  mix_text(hash, span->item ? span->item->name : span->field->name);
  mix(hash, span->field->kind);
  mix(hash, law_kind_is_number(span->field->kind) && span->field->kind != LAW_KIND_TAG
                ? class_of_number(law_span_number(span, wire))
                : class_of_length(span->len));
}

static void mix_fields(uint64_t *hash, const law_told *told, law_span *spans) {
  uint64_t message[LAW_MAX_MESSAGE_SIZE / 8];
  size_t skip = SIZE_MAX;
  memset(message, 0, sizeof message);
  told->protocol->prepare(told->context, told->type, message);
  size_t num = law_dissect(told->type, message, told->wire, spans, LAW_MAX_SPANS);
  for (size_t i = 0; i < num; i++) {
    if (skip != SIZE_MAX && is_inside(spans, i, skip)) {
      continue;
    }
    skip = is_repeated(spans, i) ? i : SIZE_MAX;
    if (skip == SIZE_MAX) {
      mix_span(hash, &spans[i], told->wire);
    }
  }
}

/* 0 is never given. */
static uint64_t covered(const law_told *told, law_span *spans) {
  uint64_t hash = 0x6c61770000000000u;
  mix_text(&hash, told->protocol->name);
  for (size_t i = 0; i < told->protocol->context_size; i++) {
    mix(&hash, ((const uint8_t *)told->context)[i]);
  }
  mix(&hash, (uint64_t)(told->side + 1));
  mix(&hash, told->protocol->code_of(told->wire));
  mix(&hash, told->status);
  for (size_t i = 0; i < told->num_violations; i++) {
    mix(&hash, told->violations[i].requirement);
  }
  if (told->type) {
    mix_fields(&hash, told, spans);
  } else {
    mix(&hash, class_of_length(told->wire.len));
  }
  return hash != 0 ? hash : 1;
}

/* ---- What was seen ---- */

static bool put(uint64_t *seen, size_t cap, uint64_t hash) {
  size_t i = (size_t)hash & (cap - 1);
  while (seen[i] != 0 && seen[i] != hash) {
    i = (i + 1) & (cap - 1);
  }
  bool fresh = seen[i] == 0;
  seen[i] = hash;
  return fresh;
}

static bool grow(law_extract *e) {
  uint64_t *seen = calloc(2 * e->cap, sizeof *seen);
  if (!seen) {
    return false;
  }
  for (size_t i = 0; i < e->cap; i++) {
    if (e->seen[i] != 0) {
      (void)put(seen, 2 * e->cap, e->seen[i]);
    }
  }
  free(e->seen);
  e->seen = seen;
  e->cap *= 2;
  return true;
}

static bool is_new(law_extract *e, uint64_t hash) {
  if (2 * e->num >= e->cap && !grow(e)) {
    return false;
  }
  bool fresh = put(e->seen, e->cap, hash);
  e->num += fresh;
  return fresh;
}

/* ---- Files ---- */

LAW_COLD static void fail(law_extract *e, const char *path) {
  if (!e->error[0]) {
    (void)snprintf(e->error, sizeof e->error, "%s cannot be written: %s", path, strerror(errno));
  }
}

static bool name_of(law_bytes wire, char out[NAME]) {
  uint8_t digest[DIGEST];
  unsigned len = DIGEST;
  if (EVP_Digest(wire.data, wire.len, digest, &len, EVP_sha256(), NULL) != 1) {
    return false;
  }
  for (unsigned i = 0; i < (NAME - 1) / 2; i++) {
    (void)snprintf(out + 2 * i, 3, "%02x", digest[i]);
  }
  return true;
}

/* A file that is there already holds the same bytes: its name says so. */
static void write_file(law_extract *e, law_bytes wire) {
  char path[PATH], name[NAME];
  if (!name_of(wire, name)) {
    return;
  }
  (void)snprintf(path, sizeof path, "%s/%s", e->folder, name);
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0 && errno == EEXIST) {
    e->count.known++;
    return;
  }
  if (fd < 0 || write(fd, wire.data, wire.len) != (ssize_t)wire.len) {
    fail(e, path);
  } else {
    e->count.written++;
  }
  if (fd >= 0 && close(fd) != 0) {
    fail(e, path);
  }
}

/* ---- Messages ---- */

static void take(void *user, const law_flow *flow, const char *transport, const law_told *told) {
  law_extract *e = user;
  (void)flow;
  (void)transport;
  if (told->kind != LAW_TOLD_MESSAGE || told->unsure || told->wire.len == 0) {
    return;
  }
  law_span *spans = malloc(LAW_MAX_SPANS * sizeof *spans);
  e->count.messages++;
  if (spans && is_new(e, covered(told, spans))) {
    write_file(e, told->wire);
  }
  free(spans);
}

law_check_output law_extract_output(law_extract *e) {
  return (law_check_output){.user = e, .message = take};
}
