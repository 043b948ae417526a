#include "campaign/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char magic[16] = "wirelaw journal\n";

enum { AT_SIZE = 16, AT_HEAD = 24, AT_TAIL = 32 };

static uint64_t load(const law_journal *j, size_t at) {
  uint64_t v;
  memcpy(&v, j->map + at, sizeof v);
  return v;
}

/* What is written before stays before, for whoever reads the file of a fuzzer that was killed. */
static void store(law_journal *j, size_t at, uint64_t v) {
  atomic_signal_fence(memory_order_seq_cst);
  memcpy(j->map + at, &v, sizeof v);
  atomic_signal_fence(memory_order_seq_cst);
}

uint64_t law_journal_head(const law_journal *j) { return load(j, AT_HEAD); }
uint64_t law_journal_tail(const law_journal *j) { return load(j, AT_TAIL); }

static bool fail(char *error, const char *path, const char *why) {
  (void)snprintf(error, LAW_JOURNAL_TEXT, "%s: %s", path, why);
  return false;
}

static bool map(law_journal *j, int fd, size_t len, int protection) {
  void *at = mmap(NULL, len, protection, MAP_SHARED, fd, 0);
  j->map = at == MAP_FAILED ? NULL : at;
  return j->map != NULL;
}

bool law_journal_create(law_journal *j, const char *path, size_t size, char *error) {
  size &= ~(size_t)7;
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) {
    return fail(error, path, strerror(errno));
  }
  int full = posix_fallocate(fd, 0, (off_t)(LAW_JOURNAL_RING_AT + size));
  bool mapped = full == 0 && map(j, fd, LAW_JOURNAL_RING_AT + size, PROT_READ | PROT_WRITE);
  int why = full != 0 ? full : errno;
  (void)close(fd);
  if (!mapped) {
    return fail(error, path, strerror(why));
  }
  j->size = size;
  memcpy(j->map, magic, sizeof magic);
  store(j, AT_SIZE, size);
  law_journal_clear(j);
  return true;
}

bool law_journal_open(law_journal *j, const char *path, char *error) {
  struct stat info;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &info) != 0) {
    return fail(error, path, strerror(errno));
  }
  size_t len = (size_t)info.st_size;
  bool mapped = len >= LAW_JOURNAL_RING_AT && map(j, fd, len, PROT_READ);
  (void)close(fd);
  if (!mapped || memcmp(j->map, magic, sizeof magic) != 0) {
    return fail(error, path, "is no journal");
  }
  j->size = load(j, AT_SIZE);
  if (j->size > len - LAW_JOURNAL_RING_AT || j->size % 8 != 0) {
    law_journal_close(j);
    return fail(error, path, "is cut short");
  }
  return true;
}

void law_journal_close(law_journal *j) {
  if (j->map != NULL) {
    (void)munmap(j->map, LAW_JOURNAL_RING_AT + j->size);
  }
  j->map = NULL;
}

void law_journal_clear(law_journal *j) {
  store(j, AT_TAIL, 0);
  store(j, AT_HEAD, 0);
}

static uint8_t *place(const law_journal *j, uint64_t at) {
  return j->map + LAW_JOURNAL_RING_AT + at % j->size;
}

static uint32_t word(const uint8_t *p, size_t i) {
  uint32_t v;
  memcpy(&v, p + 4 * i, sizeof v);
  return v;
}

/* Takes the oldest records away until |need| bytes fit. */
static void make_room(law_journal *j, size_t need) {
  uint64_t tail = law_journal_tail(j), head = law_journal_head(j);
  while (head + need - tail > j->size) {
    tail += word(place(j, tail), 0);
  }
  store(j, AT_TAIL, tail);
}

static void put(law_journal *j, size_t size, const law_journal_record *r) {
  uint64_t head = law_journal_head(j);
  uint8_t *p = place(j, head);
  uint32_t words[6] = {(uint32_t)size,       r->group,    r->connection,
                       (uint32_t)r->event, r->received, (uint32_t)r->data.len};
  memcpy(p, words, size < sizeof words ? size : sizeof words);
  if (r->data.len > 0) {
    memcpy(p + LAW_JOURNAL_HEADER, r->data.data, r->data.len);
  }
  store(j, AT_HEAD, head + size);
}

void law_journal_write(law_journal *j, const law_journal_record *record) {
  law_journal_record r = *record;
  r.data.len = r.data.len < j->size / 4 ? r.data.len : j->size / 4;
  size_t size = (LAW_JOURNAL_HEADER + r.data.len + 7) & ~(size_t)7;
  size_t left = j->size - law_journal_head(j) % j->size;
  if (left < size) {
    make_room(j, left);
    put(j, left, &(law_journal_record){.event = LAW_JOURNAL_SKIP});
  }
  make_room(j, size);
  put(j, size, &r);
}

/* The rest of the ring may be too short for a whole header of SKIP; it is one all the same. */
static bool is_skip(const uint8_t *p, uint32_t size) {
  return size < LAW_JOURNAL_HEADER || (word(p, 3) & 0xffff) == LAW_JOURNAL_SKIP;
}

bool law_journal_next(const law_journal *j, uint64_t *at, law_journal_record *out) {
  uint64_t head = law_journal_head(j);
  while (*at < head) {
    const uint8_t *p = place(j, *at);
    uint32_t size = word(p, 0);
    if (size < 8 || size % 8 != 0 || size > j->size - *at % j->size) {
      return false;
    }
    *at += size;
    if (!is_skip(p, size)) {
      size_t len = word(p, 5);
      *out = (law_journal_record){word(p, 1), word(p, 2), (law_journal_event)(word(p, 3) & 0xffff),
                                  word(p, 4), law_bytes_of(p + LAW_JOURNAL_HEADER, len)};
      return len <= size - LAW_JOURNAL_HEADER;
    }
  }
  return false;
}
