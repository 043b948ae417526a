/* What a capture holds, byte by byte. The framing itself is tested beside its writer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "net/tests/certs.h"
#include "net/tests/rig.h"
#include "pcap/tls.h"

enum { FIN = 1, SYN = 2, RST = 4, HEADERS = 40, MAX_PACKETS = 256 };

typedef struct packet {
  uint64_t time;
  uint32_t interface;
  uint32_t client; /* the client's address, whoever sent it */
  bool from_client;
  uint16_t server_port;
  unsigned flags;
  uint8_t *data;
  size_t len;
  char comment[64];
} packet;

typedef struct file {
  char path[32];
  uint8_t *bytes;
  packet packets[MAX_PACKETS];
  size_t num;
  law_pcap_secrets *secrets;
  size_t num_secrets[MAX_PACKETS]; /* that stood before each packet */
} file;

static certs tls;

static uint32_t le32(const uint8_t *p) {
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t be32(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void start(file *f, rig *r) {
  memset(f, 0, sizeof *f);
  strcpy(f->path, "/tmp/wirelaw-capture-XXXXXX");
  int fd = mkstemp(f->path);
  assert_true(fd >= 0);
  close(fd);
  if (!law_net_capture(r->net, f->path)) {
    fail_msg("%s", law_net_error(r->net));
  }
}

static void read_packet(packet *p, uint8_t *body) {
  uint8_t *ip = body + 20, *tcp = ip + 20;
  size_t ip_len = le32(body + 12), tcp_len = (size_t)(tcp[12] >> 4) * 4;
  size_t padded = (ip_len + 3) / 4 * 4;
  p->interface = le32(body);
  p->time = (uint64_t)le32(body + 4) << 32 | le32(body + 8);
  p->from_client = ip[12] == 10;
  p->client = be32(p->from_client ? ip + 12 : ip + 16);
  p->server_port = (uint16_t)(p->from_client ? tcp[2] << 8 | tcp[3] : tcp[0] << 8 | tcp[1]);
  p->flags = tcp[13];
  p->data = tcp + tcp_len;
  p->len = ip_len - 20 - tcp_len;
  if (le32(body - 4) > 12 + 20 + padded) {
    size_t len = (size_t)(body[20 + padded + 2] | body[20 + padded + 3] << 8);
    assert_true(len < sizeof p->comment);
    memcpy(p->comment, body + 20 + padded + 4, len);
  }
}

static void read_block(file *f, uint32_t type, uint8_t *body) {
  char error[LAW_SECRETS_TEXT];
  if (type == 6) {
    assert_true(f->num < MAX_PACKETS);
    f->num_secrets[f->num] = f->secrets ? law_pcap_secrets_count(f->secrets) : 0;
    read_packet(&f->packets[f->num++], body);
  } else if (type == 10) {
    assert_int_equal(le32(body), 0x544c534b);
    f->secrets = f->secrets ? f->secrets : law_pcap_secrets_new();
    assert_non_null(f->secrets);
    assert_true(
        law_pcap_secrets_add_keylog(f->secrets, law_bytes_of(body + 8, le32(body + 4)), error));
  }
}

static void finish(file *f, rig *r) {
  assert_true(law_net_capture_end(r->net));
  rig_stop(r);
  FILE *in = fopen(f->path, "rb");
  assert_non_null(in);
  f->bytes = malloc(1 << 20);
  assert_non_null(f->bytes);
  size_t len = fread(f->bytes, 1, 1 << 20, in);
  assert_int_equal(fclose(in), 0);
  for (size_t at = 0; at < len; at += le32(f->bytes + at + 4)) {
    read_block(f, le32(f->bytes + at), f->bytes + at + 8);
  }
  (void)unlink(f->path);
}

/* The connections of both ends are in the capture; this keeps the one whose first packet is
 * first. */
static void keep_first(file *f) {
  size_t kept = 0;
  for (size_t i = 0; i < f->num; i++) {
    if (f->packets[i].client == f->packets[0].client) {
      f->packets[kept++] = f->packets[i];
    }
  }
  f->num = kept;
}

static void expect_packet(const packet *p, bool from_client, const void *data, size_t len) {
  assert_true(p->from_client == from_client);
  assert_int_equal(p->len, len);
  if (len > 0) {
    assert_memory_equal(p->data, data, len);
  }
}

static void converse(rig *r, file *f, const law_endpoint *at, const law_endpoint *to) {
  rig_start(r, &tally, at);
  start(f, r);
  rig_pair(r, to);
}

static void a_conversation(const law_endpoint *at, const law_endpoint *to) {
  rig r;
  file f;
  uint8_t wire[16];
  uint32_t number;
  size_t len = tally_put(wire, TALLY_DATA, "said", 4);
  converse(&r, &f, at, to);
  law_net_comment(r.net, r.client, "case-1 TALLY-1");
  law_net_comment(r.net, r.server, "case-1 TALLY-1");
  assert_true(law_net_send(r.net, r.client, law_bytes_of(wire, len), &number));
  assert_true(number > 0);
  law_event e = rig_expect_tally(&r, r.server, TALLY_DATA, "said", 4);
  assert_true(e.packet > number);
  law_net_comment(r.net, r.client, NULL);
  law_net_comment(r.net, r.server, NULL);
  law_net_close(r.net, r.client, LAW_CLOSE_FIN);
  rig_expect(&r, LAW_EV_CLOSED, r.server);
  rig_expect(&r, LAW_EV_CLOSED, r.client);
  rig_expect_nothing(&r, 5);
  finish(&f, &r);
  assert_string_equal(f.packets[number - 1].comment, "case-1 TALLY-1");
  assert_int_equal(f.packets[number - 1].len, len);
  keep_first(&f);
  assert_int_equal(f.num, 8);
  assert_int_equal(f.packets[0].flags, SYN);
  assert_int_equal(f.packets[0].server_port, tally.port);
  expect_packet(&f.packets[3], true, wire, len);
  assert_true(f.packets[4].flags & FIN);
  assert_true(f.packets[4].from_client);
  assert_true(f.packets[6].flags & FIN);
  assert_false(f.packets[6].from_client);
  assert_string_equal(f.packets[4].comment, "");
  assert_true(f.packets[3].time / 1000000000 - (uint64_t)time(NULL) + 60 <= 60);
  free(f.bytes);
}

static void plain(void **state) {
  (void)state;
  const law_endpoint tcp = {.transport = LAW_TCP};
  a_conversation(&tcp, &tcp);
}

/* TLS is told in the clear. */
static void secure(void **state) {
  (void)state;
  const law_endpoint at = {
      .transport = LAW_TLS, .cert_file = tls.server_cert, .key_file = tls.server_key};
  const law_endpoint to = {.transport = LAW_TLS};
  a_conversation(&at, &to);
}

/* What one side of a connection said, in the copy on |interface|. */
typedef struct said {
  uint8_t data[2][4096];
  size_t len[2];
  law_pcap_tls *reader;
} said;

static void add_said(void *user, unsigned from, law_bytes bytes) {
  said *s = user;
  assert_true(s->len[from] + bytes.len <= sizeof s->data[from]);
  memcpy(s->data[from] + s->len[from], bytes.data, bytes.len);
  s->len[from] += bytes.len;
}

static void listen_to(said *s, const file *f, uint32_t client, uint32_t interface) {
  const law_tls_sink sink = {.user = s, .data = add_said};
  memset(s, 0, sizeof *s);
  s->reader = law_pcap_tls_new(f->secrets, &sink);
  assert_non_null(s->reader);
  for (size_t i = 0; i < f->num; i++) {
    const packet *p = &f->packets[i];
    if (p->client != client || p->interface != interface) {
      continue;
    }
    law_bytes bytes = law_bytes_of(p->data, p->len);
    if (interface == 0) {
      add_said(s, !p->from_client, bytes);
    } else {
      law_pcap_tls_push(s->reader, !p->from_client, bytes);
      assert_null(law_pcap_tls_unreadable(s->reader, !p->from_client));
    }
  }
  law_pcap_tls_free(s->reader);
}

/* Each connection is there twice, and says the same in both. */
static void expect_same_in_ciphertext(const file *f, uint32_t client) {
  static said clear, secret;
  listen_to(&clear, f, client, 0);
  listen_to(&secret, f, client, 1);
  for (unsigned from = 0; from < 2; from++) {
    assert_true(clear.len[from] > 0);
    assert_int_equal(secret.len[from], clear.len[from]);
    assert_memory_equal(secret.data[from], clear.data[from], clear.len[from]);
  }
}

/* Asked for, what TLS has on the wire is there as well, and can be read by what stands before it. */
static void ciphertext(const law_endpoint *at, const law_endpoint *to, uint16_t port) {
  rig r;
  file f;
  rig_start(&r, &tally, at);
  start(&f, &r);
  assert_true(law_net_capture_ciphertext(r.net));
  rig_pair(&r, to);
  rig_tell(&r, r.client, TALLY_DATA, "said", 4);
  rig_expect_tally(&r, r.server, TALLY_DATA, "said", 4);
  rig_tell(&r, r.server, TALLY_DATA, "answered", 8);
  rig_expect_tally(&r, r.client, TALLY_DATA, "answered", 8);
  law_net_close(r.net, r.client, LAW_CLOSE_FIN);
  rig_expect(&r, LAW_EV_CLOSED, r.server);
  rig_expect(&r, LAW_EV_CLOSED, r.client);
  finish(&f, &r);
  assert_non_null(f.secrets);
  expect_same_in_ciphertext(&f, 0x0a000001);
  expect_same_in_ciphertext(&f, 0x0a000002);
  for (size_t i = 0; i < f.num; i++) {
    const packet *p = &f.packets[i];
    if (p->interface == 1 && p->len > 0 && p->data[0] == 23) {
      assert_true(f.num_secrets[i] >= 4);
      assert_true(port == 0 || p->server_port == port);
    }
  }
  law_pcap_secrets_free(f.secrets);
  free(f.bytes);
}

static void ciphertexts(void **state) {
  (void)state;
  law_endpoint at = {
      .transport = LAW_TLS, .cert_file = tls.server_cert, .key_file = tls.server_key};
  law_endpoint to = {.transport = LAW_TLS};
  ciphertext(&at, &to, 0);
  at.transport = to.transport = LAW_WSS;
  ciphertext(&at, &to, 443);
}

static void no_ciphertext_without_a_capture(void **state) {
  (void)state;
  const law_endpoint tcp = {.transport = LAW_TCP};
  rig r;
  rig_start(&r, &tally, &tcp);
  assert_false(law_net_capture_ciphertext(r.net));
  assert_non_null(strstr(law_net_error(r.net), "no capture is being written"));
  rig_stop(&r);
}

/* A WebSocket is told as it went: handshake and frames, on HTTP's port. */
static void websocket(const law_endpoint *at, const law_endpoint *to) {
  rig r;
  file f;
  uint8_t wire[16];
  uint32_t number;
  size_t len = tally_put(wire, TALLY_DATA, "said", 4);
  converse(&r, &f, at, to);
  assert_true(law_net_send(r.net, r.server, law_bytes_of(wire, len), &number));
  law_event e = rig_expect_tally(&r, r.client, TALLY_DATA, "said", 4);
  uint32_t read = e.packet;
  finish(&f, &r);
  assert_int_equal(f.packets[0].server_port, 80);
  assert_memory_equal(f.packets[number - 1].data, "\x82\x07", 2);
  assert_memory_equal(f.packets[number - 1].data + 2, wire, len);
  assert_memory_equal(f.packets[read - 1].data, "\x82\x07", 2);
  keep_first(&f);
  assert_memory_equal(f.packets[3].data, "GET /mqtt HTTP/1.1\r\n", 20);
  assert_memory_equal(f.packets[4].data, "HTTP/1.1 101 ", 13);
  assert_false(f.packets[4].from_client);
  free(f.bytes);
}

static void websockets(void **state) {
  (void)state;
  const law_endpoint ws = {.transport = LAW_WS}, wss = {.transport = LAW_WSS};
  law_endpoint at = wss;
  at.cert_file = tls.server_cert;
  at.key_file = tls.server_key;
  websocket(&ws, &ws);
  websocket(&at, &wss);
}

static bool holds(const file *f, const void *text, size_t len) {
  for (size_t i = 0; i < f->num; i++) {
    if (f->packets[i].len >= len && memmem(f->packets[i].data, f->packets[i].len, text, len)) {
      return true;
    }
  }
  return false;
}

/* The other side gets it, the capture does not. */
static void hidden(const law_endpoint *at, const law_endpoint *to) {
  static const char text[] = "my secret word!", kept[] = "my ***********!";
  rig r;
  file f;
  uint8_t wire[32];
  uint32_t number;
  size_t len = tally_put(wire, TALLY_DATA, text, sizeof text - 1);
  converse(&r, &f, at, to);
  assert_true(law_net_hide(r.net, law_bytes_of((const uint8_t *)"secret word", 11)));
  assert_true(law_net_hide(r.net, law_bytes_of((const uint8_t *)"my", 2))); /* too short to tell */
  assert_true(law_net_send(r.net, r.client, law_bytes_of(wire, len), &number));
  rig_expect_tally(&r, r.server, TALLY_DATA, text, sizeof text - 1);
  assert_true(law_net_send(r.net, r.server, law_bytes_of(wire, len), NULL));
  rig_expect_tally(&r, r.client, TALLY_DATA, text, sizeof text - 1);
  finish(&f, &r);
  assert_false(holds(&f, "secret", 6));
  assert_true(holds(&f, kept, sizeof kept - 1)); /* from the server, without a mask */
  const packet *sent = &f.packets[number - 1];
  assert_memory_equal(sent->data + sent->len - 12, "***********", 11);
  free(f.bytes);
}

static void secrets(void **state) {
  (void)state;
  const law_endpoint tcp = {.transport = LAW_TCP}, ws = {.transport = LAW_WS};
  hidden(&tcp, &tcp);
  hidden(&ws, &ws);
}

/* A capture that begins in the middle: the connection is opened in it all the same. */
static void from_the_middle(void **state) {
  (void)state;
  const law_endpoint tcp = {.transport = LAW_TCP};
  rig r;
  file f, g;
  rig_start(&r, &tally, &tcp);
  rig_pair(&r, &tcp);
  rig_tell(&r, r.client, TALLY_DATA, "not here", 8);
  rig_expect_tally(&r, r.server, TALLY_DATA, "not here", 8);
  start(&f, &r);
  rig_tell(&r, r.client, TALLY_DATA, "one", 3);
  law_event e = rig_expect_tally(&r, r.server, TALLY_DATA, "one", 3);
  assert_int_equal(e.packet, 8);
  start(&g, &r);
  rig_tell(&r, r.client, TALLY_DATA, "two", 3);
  law_net_close(r.net, r.client, LAW_CLOSE_RST);
  rig_expect_tally(&r, r.server, TALLY_DATA, "two", 3);
  rig_expect(&r, LAW_EV_CLOSED, r.server);
  finish(&g, &r);
  assert_int_equal(g.packets[0].flags, SYN);
  keep_first(&g);
  assert_int_equal(g.num, 5);
  assert_memory_equal(g.packets[3].data + 3, "two", 3);
  assert_true(g.packets[4].flags & RST);
  free(g.bytes);
  (void)unlink(f.path);
}

/* A message stands in the packet in which it ends. */
static void packets_of_long_reads(void **state) {
  (void)state;
  const law_endpoint tcp = {.transport = LAW_TCP};
  static uint8_t wire[80000], data[600];
  rig r;
  file f;
  size_t len = 0, end = 0;
  while (len + 603 <= sizeof wire) {
    len += tally_put(wire + len, TALLY_DATA, data, sizeof data);
  }
  converse(&r, &f, &tcp, &tcp);
  rig_send(&r, r.client, wire, len);
  uint32_t last = 0;
  while (end < len) {
    law_event e = rig_expect(&r, LAW_EV_MESSAGE, r.server);
    assert_int_equal(e.wire.len, 603);
    assert_true(e.packet >= last);
    last = e.packet;
    end += e.wire.len;
  }
  finish(&f, &r);
  assert_true(f.packets[last - 1].len > 0);
  assert_true(f.packets[last - 1].flags != SYN);
  free(f.bytes);
}

static void cannot_be_written(void **state) {
  (void)state;
  const law_endpoint tcp = {.transport = LAW_TCP};
  rig r;
  rig_start(&r, &tally, &tcp);
  assert_false(law_net_capture(r.net, "/nowhere/x.pcapng"));
  assert_non_null(strstr(law_net_error(r.net), "/nowhere/x.pcapng"));
  assert_true(law_net_capture(r.net, "/dev/full"));
  rig_pair(&r, &tcp);
  rig_tell(&r, r.client, TALLY_DATA, "x", 1);
  rig_expect_tally(&r, r.server, TALLY_DATA, "x", 1);
  assert_false(law_net_capture_end(r.net));
  assert_non_null(strstr(law_net_error(r.net), "No space left"));
  assert_true(law_net_capture_end(r.net));
  rig_stop(&r);
}

static int setup(void **state) {
  (void)state;
  certs_make(&tls);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  certs_remove(&tls);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plain),
      cmocka_unit_test(secure),
      cmocka_unit_test(websockets),
      cmocka_unit_test(secrets),
      cmocka_unit_test(from_the_middle),
      cmocka_unit_test(packets_of_long_reads),
      cmocka_unit_test(cannot_be_written),
      cmocka_unit_test(ciphertexts),
      cmocka_unit_test(no_ciphertext_without_a_capture),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
