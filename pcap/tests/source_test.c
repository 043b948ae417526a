#include "pcap/source.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <pcap/pcap.h>

#include "pcap/tests/packets.h"

/* ---- Files that tests write, in either byte order ---- */

typedef struct file {
  bool big; /* byte order */
  frame bytes;
  uint32_t block; /* where the open block begins */
  uint32_t snaplen;
} file;

static void n16(file *f, uint32_t v) {
  put8(&f->bytes, f->big ? v >> 8 : v);
  put8(&f->bytes, f->big ? v : v >> 8);
}

static void n32(file *f, uint32_t v) {
  n16(f, f->big ? v >> 16 : v);
  n16(f, f->big ? v : v >> 16);
}

static void n64(file *f, uint64_t v) {
  n32(f, (uint32_t)(f->big ? v >> 32 : v));
  n32(f, (uint32_t)(f->big ? v : v >> 32));
}

static void pad(file *f) {
  while (f->bytes.len % 4 != 0) {
    put8(&f->bytes, 0);
  }
}

static void pcap_header(file *f, uint32_t magic, uint32_t minor, uint32_t link) {
  n32(f, magic);
  n16(f, 2);
  n16(f, minor);
  n32(f, 0);
  n32(f, 0);
  n32(f, 65535);
  n32(f, link);
}

static void pcap_packet(file *f, uint32_t s, uint32_t part, const char *text, uint32_t length) {
  n32(f, s);
  n32(f, part);
  n32(f, (uint32_t)strlen(text));
  n32(f, length);
  put_text(&f->bytes, text);
}

static void begin(file *f, uint32_t type) {
  f->block = f->bytes.len;
  n32(f, type);
  n32(f, 0);
}

static void end(file *f) {
  pad(f);
  uint32_t len = f->bytes.len + 4 - f->block;
  file patch = {.big = f->big};
  n32(&patch, len);
  memcpy(f->bytes.data + f->block + 4, patch.bytes.data, 4);
  n32(f, len);
}

static void option(file *f, uint32_t code, const void *value, uint32_t len) {
  n16(f, code);
  n16(f, len);
  put_bytes(&f->bytes, value, len);
  pad(f);
}

static void section(file *f) {
  begin(f, 0x0a0d0d0a);
  n32(f, 0x1a2b3c4d);
  n16(f, 1);
  n16(f, 0);
  n64(f, UINT64_MAX);
  option(f, 1, "a section", 9);
  option(f, 0, NULL, 0);
  end(f);
}

/* |resolution| as if_tsresol has it; 6 is not told, being what is meant then. */
static void interface(file *f, uint32_t link, uint8_t resolution, uint64_t offset) {
  file value = {.big = f->big};
  n64(&value, offset);
  begin(f, 1);
  n16(f, link);
  n16(f, 0);
  n32(f, f->snaplen);
  option(f, 2, "eth0", 4);
  if (resolution != 6) {
    option(f, 9, &resolution, 1);
  }
  if (offset != 0) {
    option(f, 14, value.bytes.data, 8);
  }
  option(f, 0, NULL, 0);
  end(f);
}

static void packet(file *f, uint32_t id, uint64_t units, const char *text, const char *comment) {
  begin(f, 6);
  n32(f, id);
  n32(f, (uint32_t)(units >> 32));
  n32(f, (uint32_t)units);
  n32(f, (uint32_t)strlen(text));
  n32(f, 100);
  put_text(&f->bytes, text);
  pad(f);
  if (comment != NULL) {
    option(f, 2, "\0\0\0\1", 4);
    option(f, 1, comment, (uint32_t)strlen(comment));
    option(f, 0, NULL, 0);
  }
  end(f);
}

/* ---- What a source gives, as text ---- */

typedef struct told {
  char log[4096];
  size_t len;
} told;

static void note(told *t, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int len = vsnprintf(t->log + t->len, sizeof t->log - t->len, format, args);
  va_end(args);
  assert_true(len >= 0 && (size_t)len < sizeof t->log - t->len);
  t->len += (size_t)len;
}

static void secrets(void *user, uint32_t type, law_bytes bytes) {
  note(user, "secrets %x '%.*s'\n", (unsigned)type, (int)bytes.len, (const char *)bytes.data);
}

static void comment(void *user, uint64_t number, law_bytes text) {
  note(user, "%u says '%.*s'\n", (unsigned)number, (int)text.len, (const char *)text.data);
}

static void read_all(told *t, law_source *s) {
  law_packet p;
  law_source_status status;
  while ((status = law_source_next(s, &p)) == LAW_SOURCE_PACKET || status == LAW_SOURCE_IDLE) {
    if (status == LAW_SOURCE_PACKET) {
      note(t, "%u @%llu link %d of %u: '%.*s' of %u\n", (unsigned)p.frame,
           (unsigned long long)p.time, p.link, (unsigned)p.interface, (int)p.captured,
           (const char *)p.data, (unsigned)p.length);
    }
  }
  if (law_source_error(s) != NULL) {
    note(t, "%s: %s\n", status == LAW_SOURCE_END ? "end" : "failed", law_source_error(s));
  }
  law_source_close(s);
}

static void expect_bytes(const void *bytes, size_t len, const char *log) {
  static told t;
  law_source_notes notes = {&t, secrets, comment};
  char error[LAW_SOURCE_TEXT];
  uint8_t *exact = malloc(len + 1); /* so that reading beyond is seen */
  assert_non_null(exact);
  memcpy(exact + 1, bytes, len);
  t.len = 0;
  t.log[0] = 0;
  read_all(&t, law_source_memory(law_bytes_of(exact + 1, len), NULL, &notes, error));
  free(exact);
  assert_string_equal(t.log, log);
}

static void expect(const file *f, const char *log) { expect_bytes(f->bytes.data, f->bytes.len, log); }

/* ---- pcap ---- */

static void classic_in_all_magics(void **state) {
  (void)state;
  for (unsigned i = 0; i < 4; i++) {
    file f = {.big = i % 2 != 0};
    pcap_header(&f, i < 2 ? 0xa1b2c3d4 : 0xa1b23c4d, 4, 1);
    pcap_packet(&f, 1700000000, 123456, "first", 100);
    pcap_packet(&f, 0xffffffff, 0, "", 0);
    expect(&f, i < 2 ? "1 @1700000000123456000 link 1 of 0: 'first' of 100\n"
                       "2 @4294967295000000000 link 1 of 0: '' of 0\n"
                     : "1 @1700000000000123456 link 1 of 0: 'first' of 100\n"
                       "2 @4294967295000000000 link 1 of 0: '' of 0\n");
  }
}

static void classic_variants(void **state) {
  (void)state;
  file f = {.big = false};
  pcap_header(&f, 0xa1b2c3d4, 2, 0x14000071); /* lengths swapped; bits of a frame check sequence */
  n32(&f, 1);
  n32(&f, 2);
  n32(&f, 9);
  n32(&f, 3);
  put_text(&f.bytes, "abc");
  expect(&f, "1 @1000002000 link 113 of 0: 'abc' of 9\n");
  f = (file){.big = true};
  pcap_header(&f, 0xa1b2cd34, 4, 1); /* the patched libpcap */
  n32(&f, 1);
  n32(&f, 2);
  n32(&f, 3);
  n32(&f, 3);
  n64(&f, 0);
  put_text(&f.bytes, "abc");
  expect(&f, "1 @1000002000 link 1 of 0: 'abc' of 3\n");
}

static void cut_anywhere(void **state) {
  (void)state;
  file f = {.big = false};
  pcap_header(&f, 0xa1b2c3d4, 4, 1);
  pcap_packet(&f, 1, 0, "first", 5);
  uint32_t whole = f.bytes.len;
  pcap_packet(&f, 1, 0, "second", 6);
  for (uint32_t len = whole + 1; len < f.bytes.len; len++) {
    expect_bytes(f.bytes.data, len,
                 "1 @1000000000 link 1 of 0: 'first' of 5\n"
                 "end: memory is cut short in the middle of what comes after packet 1\n");
  }
  expect_bytes(f.bytes.data, whole, "1 @1000000000 link 1 of 0: 'first' of 5\n");
  expect_bytes(f.bytes.data, 24, "");
  expect_bytes(f.bytes.data, 23,
               "end: memory is cut short in the middle of what comes after packet 0\n");
}

static void no_captures(void **state) {
  (void)state;
  expect_bytes("", 0, "failed: memory is no capture: it holds nothing\n");
  expect_bytes("abc", 3, "failed: memory is no capture: it holds less than a header\n");
  expect_bytes("GET / HTTP/1.1", 14,
               "failed: memory is no capture (pcap or pcapng): it begins with 47 45 54 20\n");
  expect_bytes("\x1f\x8b\x08\x00", 4,
               "failed: memory is compressed by gzip: 'gunzip -c FILE' unpacks it, and '-' reads a "
               "pipe\n");
  file f = {.big = false};
  pcap_header(&f, 0xa1b2c3d4, 4, 1);
  n32(&f, 0);
  n32(&f, 0);
  n32(&f, 0x7fffffff);
  n32(&f, 0x7fffffff);
  expect(&f, "failed: memory is damaged after packet 0: the next one would have 2147483647 bytes\n");
}

/* ---- pcapng ---- */

static void blocks_in_both_orders(void **state) {
  (void)state;
  for (unsigned big = 0; big < 2; big++) {
    file f = {.big = big != 0, .snaplen = 10};
    section(&f);
    interface(&f, 1, 6, 0);
    interface(&f, 101, 9, 0);
    interface(&f, 113, 0x80 | 20, 5);
    packet(&f, 0, UINT64_C(1700000000123456), "micro", NULL);
    packet(&f, 1, UINT64_C(1700000000123456789), "nano", "why");
    packet(&f, 2, (UINT64_C(3) << 20) + (1 << 19), "binary", NULL);
    begin(&f, 0x0bad); /* nobody knows it */
    n32(&f, 42);
    end(&f);
    begin(&f, 10);
    n32(&f, LAW_SECRETS_TLS);
    n32(&f, 3);
    put_text(&f.bytes, "key");
    end(&f);
    begin(&f, 3); /* simple: the interface's snaplen says how much there is */
    n32(&f, 12);
    put_text(&f.bytes, "0123456789");
    end(&f);
    begin(&f, 2); /* the old one */
    n16(&f, 1);
    n16(&f, 0xffff);
    n32(&f, 0);
    n32(&f, 77);
    n32(&f, 3);
    n32(&f, 4);
    put_text(&f.bytes, "old");
    end(&f);
    expect(&f,
           "1 @1700000000123456000 link 1 of 0: 'micro' of 100\n"
           "2 says 'why'\n"
           "2 @1700000000123456789 link 101 of 1: 'nano' of 100\n"
           "3 @8500000000 link 113 of 2: 'binary' of 100\n"
           "secrets 544c534b 'key'\n"
           "4 @0 link 1 of 0: '0123456789' of 12\n"
           "5 @77 link 101 of 1: 'old' of 4\n");
  }
}

static void sections_in_different_orders(void **state) {
  (void)state;
  file f = {.big = false};
  section(&f);
  interface(&f, 1, 3, 0);
  packet(&f, 0, 1500, "one", NULL);
  f.big = true;
  section(&f);
  interface(&f, 101, 12, 0);
  packet(&f, 0, 1500000000000, "two", NULL);
  expect(&f,
         "1 @1500000000 link 1 of 0: 'one' of 100\n"
         "2 @1500000000 link 101 of 1: 'two' of 100\n");
}

static void damaged_blocks(void **state) {
  (void)state;
  file f = {.big = false};
  section(&f);
  packet(&f, 0, 0, "lost", NULL);
  expect(&f,
         "failed: memory is damaged after packet 0: the next one is of an interface that is not "
         "described\n");
  f = (file){.big = false};
  section(&f);
  n32(&f, 6);
  n32(&f, 8);
  expect(&f, "failed: memory is damaged after packet 0: a block is too short\n");
  f.bytes.data[8] ^= 1;
  expect(&f,
         "failed: memory is damaged after packet 0: a section does not tell its byte order\n");
}

static void journals_count(void **state) {
  (void)state;
  file f = {.big = false};
  section(&f);
  begin(&f, 9);
  put_text(&f.bytes, "MESSAGE=");
  end(&f);
  expect(&f, "1 @0 link -1 of 0: 'MESSAGE=' of 8\n");
}

/* ---- Files, pipes, filters ---- */

static void save(const file *f, char *path) {
  strcpy(path, "/tmp/wirelaw-source-XXXXXX");
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, f->bytes.data, f->bytes.len), f->bytes.len);
  close(fd);
}

/* libpcap reads the same packets. */
static void same_as_libpcap(void **state) {
  (void)state;
  char path[32], error[PCAP_ERRBUF_SIZE];
  file f = {.big = true};
  section(&f);
  interface(&f, 1, 9, 0);
  for (uint32_t i = 0; i < 500; i++) {
    char text[101] = "";
    memset(text, 'a' + (int)(i % 26), i % 100);
    packet(&f, 0, 1000 + i, text, i % 7 == 0 ? "note" : NULL);
  }
  save(&f, path);
  pcap_t *p = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, error);
  assert_non_null(p);
  law_source *s = law_source_file(path, NULL, NULL, error);
  assert_non_null(s);
  struct pcap_pkthdr *header;
  const u_char *data;
  law_packet packet;
  int status;
  while ((status = pcap_next_ex(p, &header, &data)) == 1) {
    assert_int_equal(law_source_next(s, &packet), LAW_SOURCE_PACKET);
    assert_int_equal(packet.captured, header->caplen);
    assert_int_equal(packet.length, header->len);
    assert_int_equal(packet.time, (uint64_t)header->ts.tv_sec * 1000000000 + (uint64_t)header->ts.tv_usec);
    assert_memory_equal(packet.data, data, packet.captured);
  }
  assert_int_equal(status, PCAP_ERROR_BREAK);
  assert_int_equal(law_source_next(s, &packet), LAW_SOURCE_END);
  assert_int_equal(packet.frame, 500);
  law_source_close(s);
  pcap_close(p);
  unlink(path);
}

/* More than any buffer: packets that lie across its end, and one that is larger. */
static void large_file(void **state) {
  (void)state;
  char path[32] = "/tmp/wirelaw-source-XXXXXX", error[LAW_SOURCE_TEXT];
  static uint8_t payload[200000];
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  FILE *out = fdopen(fd, "wb");
  assert_non_null(out);
  file f = {.big = false};
  pcap_header(&f, 0xa1b2c3d4, 4, 1);
  assert_int_equal(fwrite(f.bytes.data, 1, f.bytes.len, out), f.bytes.len);
  for (uint32_t i = 0; i < 2000; i++) {
    uint32_t head[4] = {i, 0, i == 1000 ? sizeof payload : 1 + i % 1500, 0};
    head[3] = head[2];
    memset(payload, (int)(i % 251), head[2]);
    assert_int_equal(fwrite(head, sizeof head, 1, out), 1);
    assert_int_equal(fwrite(payload, 1, head[2], out), head[2]);
  }
  assert_int_equal(fclose(out), 0);
  law_source *s = law_source_file(path, NULL, NULL, error);
  assert_non_null(s);
  law_packet p;
  for (uint32_t i = 0; i < 2000;) {
    law_packet batch[64];
    size_t num;
    assert_int_equal(law_source_batch(s, batch, 64, &num), LAW_SOURCE_PACKET);
    for (size_t k = 0; k < num; k++, i++) {
      const law_packet *b = &batch[k];
      assert_int_equal(b->frame, i + 1);
      assert_int_equal(b->captured, i == 1000 ? sizeof payload : 1 + i % 1500);
      assert_int_equal(b->data[0], i % 251);
      assert_int_equal(b->data[b->captured - 1], i % 251);
    }
  }
  assert_int_equal(law_source_next(s, &p), LAW_SOURCE_END);
  law_source_close(s);
  unlink(path);
}

/* A pipe on standard input, written to bit by bit. */
static void pipe_that_is_slow(void **state) {
  (void)state;
  int ends[2], before = dup(STDIN_FILENO);
  char error[LAW_SOURCE_TEXT];
  law_packet p;
  file f = {.big = false};
  pcap_header(&f, 0xa1b2c3d4, 4, 1);
  pcap_packet(&f, 1, 0, "first", 5);
  assert_int_equal(pipe(ends), 0);
  assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
  law_source *s = law_source_file("-", NULL, NULL, error);
  assert_non_null(s);
  for (uint32_t i = 0; i < f.bytes.len; i += 9) {
    if (i % 18 == 0) {
      assert_int_equal(law_source_next(s, &p), LAW_SOURCE_IDLE);
    }
    uint32_t len = f.bytes.len - i < 9 ? f.bytes.len - i : 9;
    assert_int_equal(write(ends[1], f.bytes.data + i, len), len);
  }
  assert_int_equal(law_source_next(s, &p), LAW_SOURCE_PACKET);
  assert_memory_equal(p.data, "first", 5);
  law_source_stop(s);
  assert_int_equal(law_source_next(s, &p), LAW_SOURCE_END);
  assert_null(law_source_error(s));
  law_source_close(s);
  close(ends[0]);
  close(ends[1]);
  assert_int_equal(dup2(before, STDIN_FILENO), STDIN_FILENO);
  close(before);
}

static void filters(void **state) {
  (void)state;
  char error[LAW_SOURCE_TEXT];
  file f = {.big = false};
  frame packets[2] = {{.len = 0}, {.len = 0}};
  put_tcp(&packets[0], A, SYN, 1, 0, "x", 1);
  put_udp(&packets[1], A, "x", 1);
  pcap_header(&f, 0xa1b2c3d4, 4, RAW);
  for (unsigned i = 0; i < 4; i++) {
    const frame *p = &packets[i / 2];
    n32(&f, 0);
    n32(&f, 0);
    n32(&f, p->len);
    n32(&f, p->len);
    put_bytes(&f.bytes, p->data, p->len);
  }
  law_bytes bytes = law_bytes_of(f.bytes.data, f.bytes.len);
  law_source *s = law_source_memory(bytes, "udp port 1883", NULL, error);
  law_packet p;
  assert_int_equal(law_source_next(s, &p), LAW_SOURCE_PACKET);
  assert_int_equal(p.frame, 3); /* those left out are counted */
  assert_int_equal(law_source_next(s, &p), LAW_SOURCE_PACKET);
  assert_int_equal(law_source_next(s, &p), LAW_SOURCE_END);
  law_source_close(s);
  s = law_source_memory(bytes, "udp port port", NULL, error);
  assert_int_equal(law_source_next(s, &p), LAW_SOURCE_FAILED);
  assert_non_null(strstr(law_source_error(s), "the filter 'udp port port' is not understood"));
  law_source_close(s);
}

/* The same packets as one by one, in as few steps as the buffer allows; one with comments ends its
 * batch, and what is wrong behind a batch is told by the next call. */
static void batches(void **state) {
  (void)state;
  char error[LAW_SOURCE_TEXT];
  static told t;
  file f = {.big = false};
  law_packet p[4];
  size_t num;
  section(&f);
  interface(&f, 1, 6, 0);
  for (uint32_t i = 0; i < 9; i++) {
    packet(&f, 0, i, "data", i == 5 ? "note" : NULL);
  }
  n32(&f, 6);
  n32(&f, 8);
  t = (told){.len = 0};
  law_source_notes notes = {&t, secrets, comment};
  law_source *s =
      law_source_memory(law_bytes_of(f.bytes.data, f.bytes.len), NULL, &notes, error);
  static const size_t sizes[] = {4, 2, 3};
  uint64_t last = 0;
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(law_source_batch(s, p, 4, &num), LAW_SOURCE_PACKET);
    assert_int_equal(num, sizes[i]);
    for (size_t k = 0; k < num; k++) {
      assert_int_equal(p[k].frame, ++last);
      assert_memory_equal(p[k].data, "data", 4);
    }
    assert_string_equal(t.log, i == 0 ? "" : "6 says 'note'\n");
  }
  for (unsigned again = 0; again < 2; again++) {
    assert_int_equal(law_source_batch(s, p, 4, &num), LAW_SOURCE_FAILED);
    assert_int_equal(num, 0);
  }
  assert_non_null(strstr(law_source_error(s), "after packet 9: a block is too short"));
  law_source_close(s);
}

static void errors_of_opening(void **state) {
  (void)state;
  char error[LAW_SOURCE_TEXT];
  assert_null(law_source_file("/nowhere/at.all", NULL, NULL, error));
  assert_string_equal(error, "/nowhere/at.all cannot be read: No such file or directory");
  assert_null(law_source_file("/tmp", NULL, NULL, error));
  assert_string_equal(error, "/tmp cannot be read: Is a directory");
  assert_null(law_source_live("no-such-interface", NULL, 0, error));
  assert_non_null(strstr(error, "no-such-interface cannot be captured from: "));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(classic_in_all_magics),
      cmocka_unit_test(classic_variants),
      cmocka_unit_test(cut_anywhere),
      cmocka_unit_test(no_captures),
      cmocka_unit_test(blocks_in_both_orders),
      cmocka_unit_test(sections_in_different_orders),
      cmocka_unit_test(damaged_blocks),
      cmocka_unit_test(journals_count),
      cmocka_unit_test(same_as_libpcap),
      cmocka_unit_test(large_file),
      cmocka_unit_test(pipe_that_is_slow),
      cmocka_unit_test(filters),
      cmocka_unit_test(batches),
      cmocka_unit_test(errors_of_opening),
  };
  return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
