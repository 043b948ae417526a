#include "pcap/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { MAX_PACKETS = 64, IP = 20, TCP = 20, FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

typedef struct packet {
  uint32_t interface;
  const uint8_t *data;
  size_t len;
  uint64_t time;
  char comment[64];
} packet;

typedef struct file {
  char path[32];
  uint8_t *data;
  size_t len;
  packet packets[MAX_PACKETS];
  size_t num;
  size_t num_interfaces;
  char secrets[64];
} file;

static const law_pcap_flow start = {.address = {{10, 0, 0, 1}, {127, 0, 0, 1}},
                                    .port = {40000, 1883}};

static law_pcap_writer *create(file *f) {
  char error[LAW_PCAP_TEXT];
  memset(f, 0, sizeof *f);
  strcpy(f->path, "/tmp/wirelaw-writer-XXXXXX");
  int fd = mkstemp(f->path);
  assert_true(fd >= 0);
  close(fd);
  law_pcap_writer *w = law_pcap_create(f->path, error);
  assert_non_null(w);
  return w;
}

static uint32_t le32(const uint8_t *p) {
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t le16(const uint8_t *p) { return (uint32_t)p[0] | (uint32_t)p[1] << 8; }
static uint32_t be16(const uint8_t *p) { return (uint32_t)p[0] << 8 | p[1]; }
static uint32_t be32(const uint8_t *p) { return be16(p) << 16 | be16(p + 2); }

static void load(file *f) {
  FILE *in = fopen(f->path, "rb");
  assert_non_null(in);
  assert_int_equal(fseek(in, 0, SEEK_END), 0);
  f->len = (size_t)ftell(in);
  rewind(in);
  f->data = malloc(f->len > 0 ? f->len : 1);
  assert_non_null(f->data);
  assert_int_equal(fread(f->data, 1, f->len, in), f->len);
  (void)fclose(in);
}

static void read_packet(file *f, const uint8_t *body, size_t len) {
  assert_true(f->num < MAX_PACKETS);
  packet *p = &f->packets[f->num++];
  p->interface = le32(body);
  assert_true(p->interface < f->num_interfaces);
  p->time = (uint64_t)le32(body + 4) << 32 | le32(body + 8);
  p->len = le32(body + 12);
  assert_int_equal(le32(body + 16), p->len);
  p->data = body + 20;
  size_t at = 20 + (p->len + 3) / 4 * 4;
  if (at == len) {
    return;
  }
  assert_int_equal(le16(body + at), 1);
  size_t text_len = le16(body + at + 2);
  assert_true(text_len < sizeof p->comment);
  memcpy(p->comment, body + at + 4, text_len);
  at += 4 + (text_len + 3) / 4 * 4;
  assert_int_equal(le32(body + at), 0);
  assert_int_equal(at + 4, len);
}

/* Walks the blocks as any reader does. */
static void read_blocks(file *f) {
  size_t num = 0;
  for (size_t at = 0; at < f->len; num++) {
    const uint8_t *block = f->data + at;
    uint32_t type = le32(block), size = le32(block + 4);
    assert_int_equal(size % 4, 0);
    assert_true(size <= f->len - at);
    assert_int_equal(le32(block + size - 4), size);
    if (num == 0) {
      assert_int_equal(type, 0x0a0d0d0a);
      assert_int_equal(le32(block + 8), 0x1a2b3c4d);
      assert_int_equal(le32(block + 12), 1);
    } else if (num == 1 || type == 1) {
      assert_int_equal(type, 1);
      assert_int_equal(le32(block + 8), 101);
      f->num_interfaces++;
    } else if (type == 10) {
      assert_int_equal(le32(block + 8), 0x544c534b);
      assert_true(le32(block + 12) < sizeof f->secrets);
      memcpy(f->secrets, block + 16, le32(block + 12));
    } else {
      assert_int_equal(type, 6);
      read_packet(f, block + 8, size - 12);
    }
    at += size;
  }
  assert_true(num >= 2);
}

static void finish(file *f, law_pcap_writer *w) {
  char error[LAW_PCAP_TEXT];
  assert_true(law_pcap_finish(w, error));
  load(f);
  read_blocks(f);
}

static void drop(file *f) {
  free(f->data);
  (void)unlink(f->path);
}

/* RFC 1071, word by word: 0 over a header that holds its own checksum. */
static uint32_t checksum(const uint8_t *p, size_t len, uint32_t sum) {
  for (size_t i = 0; i < len; i += 2) {
    sum += i + 1 < len ? be16(p + i) : (uint32_t)p[i] << 8;
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return sum;
}

static void expect_headers(const packet *p) {
  assert_int_equal(p->data[0], 0x45);
  assert_int_equal(be16(p->data + 2), p->len);
  assert_int_equal(checksum(p->data, IP, 0), 0xffff);
  uint32_t sum = checksum(p->data + 12, 8, 6 + (uint32_t)(p->len - IP));
  assert_int_equal(checksum(p->data + IP, p->len - IP, sum), 0xffff);
}

static void expect_segment(const packet *p, bool client, unsigned flags, uint32_t seq, uint32_t ack,
                           size_t data_len) {
  const uint8_t *tcp = p->data + IP;
  expect_headers(p);
  assert_int_equal(p->data[12], client ? 10 : 127);
  assert_int_equal(p->data[16], client ? 127 : 10);
  assert_int_equal(be16(tcp), client ? 40000 : 1883);
  assert_int_equal(be16(tcp + 2), client ? 1883 : 40000);
  assert_int_equal(be32(tcp + 4), seq);
  assert_int_equal(be32(tcp + 8), ack);
  assert_int_equal(tcp[13], flags);
  assert_int_equal(p->len - IP - (size_t)(tcp[12] >> 4) * 4, data_len);
}

static void whole_connection(void **state) {
  (void)state;
  file f;
  law_pcap_flow flow = start;
  law_pcap_writer *w = create(&f);
  const uint64_t time = UINT64_C(1700000000123456789);
  assert_int_equal(law_pcap_open(w, &flow, time, "opens"), 1);
  assert_int_equal(law_pcap_data(w, &flow, LAW_CLIENT, time + 1, law_bytes_of("hello", 5), "x"), 4);
  assert_int_equal(law_pcap_data(w, &flow, LAW_SERVER, time + 2, law_bytes_of("world!", 6), NULL),
                   5);
  assert_int_equal(law_pcap_close(w, &flow, LAW_CLIENT, false, time + 3, NULL), 6);
  assert_int_equal(law_pcap_close(w, &flow, LAW_CLIENT, false, time + 3, NULL), 0);
  assert_int_equal(law_pcap_close(w, &flow, LAW_SERVER, false, time + 4, NULL), 8);
  finish(&f, w);
  assert_int_equal(f.num, 9);
  expect_segment(&f.packets[0], true, SYN, 0, 0, 0);
  expect_segment(&f.packets[1], false, SYN | ACK, 0, 1, 0);
  expect_segment(&f.packets[2], true, ACK, 1, 1, 0);
  expect_segment(&f.packets[3], true, PSH | ACK, 1, 1, 5);
  assert_memory_equal(f.packets[3].data + IP + TCP, "hello", 5);
  expect_segment(&f.packets[4], false, PSH | ACK, 1, 6, 6);
  expect_segment(&f.packets[5], true, FIN | ACK, 6, 7, 0);
  expect_segment(&f.packets[6], false, ACK, 7, 7, 0);
  expect_segment(&f.packets[7], false, FIN | ACK, 7, 7, 0);
  expect_segment(&f.packets[8], true, ACK, 7, 8, 0);
  assert_string_equal(f.packets[0].comment, "opens");
  assert_string_equal(f.packets[3].comment, "x");
  assert_string_equal(f.packets[4].comment, "");
  assert_true(f.packets[4].time == time + 2);
  drop(&f);
}

static void reset(void **state) {
  (void)state;
  file f;
  law_pcap_flow flow = start;
  law_pcap_writer *w = create(&f);
  (void)law_pcap_open(w, &flow, 1, NULL);
  assert_int_equal(law_pcap_close(w, &flow, LAW_CLIENT, false, 2, NULL), 4);
  assert_int_equal(law_pcap_close(w, &flow, LAW_SERVER, true, 2, NULL), 6);
  assert_int_equal(law_pcap_close(w, &flow, LAW_CLIENT, true, 2, NULL), 0);
  finish(&f, w);
  assert_int_equal(f.num, 6);
  expect_segment(&f.packets[5], false, RST | ACK, 1, 2, 0);
  drop(&f);
}

/* Data longer than a packet, and exactly as long, and one more. */
static void segments(void **state) {
  (void)state;
  static uint8_t data[2 * LAW_PCAP_SEGMENT + 1];
  file f;
  law_pcap_flow flow = start;
  for (size_t i = 0; i < sizeof data; i++) {
    data[i] = (uint8_t)(i * 31);
  }
  law_pcap_writer *w = create(&f);
  assert_int_equal(law_pcap_data(w, &flow, LAW_SERVER, 1, law_bytes_of(data, sizeof data), "c"), 1);
  assert_int_equal(
      law_pcap_data(w, &flow, LAW_SERVER, 2, law_bytes_of(data, LAW_PCAP_SEGMENT), NULL), 4);
  assert_int_equal(law_pcap_data(w, &flow, LAW_CLIENT, 3, law_bytes_of(data, 7), NULL), 5);
  finish(&f, w);
  assert_int_equal(f.num, 5);
  expect_segment(&f.packets[0], false, ACK, 0, 0, LAW_PCAP_SEGMENT);
  expect_segment(&f.packets[1], false, ACK, LAW_PCAP_SEGMENT, 0, LAW_PCAP_SEGMENT);
  expect_segment(&f.packets[2], false, PSH | ACK, 2 * LAW_PCAP_SEGMENT, 0, 1);
  expect_segment(&f.packets[3], false, PSH | ACK, 2 * LAW_PCAP_SEGMENT + 1, 0, LAW_PCAP_SEGMENT);
  expect_segment(&f.packets[4], true, PSH | ACK, 0, 3 * LAW_PCAP_SEGMENT + 1, 7);
  assert_int_equal(f.packets[0].len, 65535);
  assert_memory_equal(f.packets[1].data + IP + TCP, data + LAW_PCAP_SEGMENT, LAW_PCAP_SEGMENT);
  assert_string_equal(f.packets[2].comment, "c");
  drop(&f);
}

static void flushed_at_once(void **state) {
  (void)state;
  file f;
  law_pcap_flow flow = start;
  char error[LAW_PCAP_TEXT];
  law_pcap_writer *w = create(&f);
  (void)law_pcap_open(w, &flow, 1, NULL);
  assert_true(law_pcap_flush(w));
  load(&f);
  read_blocks(&f);
  assert_int_equal(f.num, 3);
  assert_true(law_pcap_finish(w, error));
  drop(&f);
}

static void ciphertext(void **state) {
  (void)state;
  static const char line[] = "CLIENT_RANDOM 00 11\n";
  file f;
  law_pcap_flow clear = start, cipher = start;
  law_pcap_writer *w = create(&f);
  cipher.ciphertext = true;
  (void)law_pcap_data(w, &clear, LAW_CLIENT, 1, law_bytes_of("a", 1), NULL);
  law_pcap_add_ciphertext(w);
  law_pcap_add_secrets(w, law_bytes_of(line, sizeof line - 1));
  (void)law_pcap_data(w, &cipher, LAW_CLIENT, 2, law_bytes_of("b", 1), NULL);
  (void)law_pcap_data(w, &clear, LAW_CLIENT, 3, law_bytes_of("c", 1), NULL);
  finish(&f, w);
  assert_int_equal(f.num_interfaces, 2);
  assert_string_equal(f.secrets, line);
  assert_int_equal(f.num, 3);
  assert_int_equal(f.packets[0].interface, 0);
  assert_int_equal(f.packets[1].interface, 1);
  assert_int_equal(f.packets[2].interface, 0);
  free(f.data);
}

static void cannot_create(void **state) {
  (void)state;
  char error[LAW_PCAP_TEXT];
  assert_null(law_pcap_create("/nowhere/at/all.pcapng", error));
  assert_non_null(strstr(error, "/nowhere/at/all.pcapng"));
  assert_non_null(strstr(error, "No such file"));
}

static void disk_full(void **state) {
  (void)state;
  char error[LAW_PCAP_TEXT] = "";
  law_pcap_flow flow = start;
  law_pcap_writer *w = law_pcap_create("/dev/full", error);
  assert_non_null(w);
  assert_int_equal(law_pcap_open(w, &flow, 1, NULL), 1);
  assert_null(law_pcap_error(w));
  assert_false(law_pcap_flush(w));
  assert_non_null(strstr(law_pcap_error(w), "No space left"));
  assert_int_equal(law_pcap_data(w, &flow, LAW_CLIENT, 1, law_bytes_of("x", 1), NULL), 4);
  assert_false(law_pcap_finish(w, error));
  assert_non_null(strstr(error, "/dev/full"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(whole_connection), cmocka_unit_test(reset),
      cmocka_unit_test(segments),         cmocka_unit_test(flushed_at_once),
      cmocka_unit_test(cannot_create),    cmocka_unit_test(disk_full),
      cmocka_unit_test(ciphertext),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
