/* What flows carry, judged from events as a reader tells them: no packets here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pcap/stream.h"

enum { CLIENT, SERVER, FRAME_AT = 100 };

/* Everything that was told, as text: "m PUBLISH", "v MQTT5-3.3.1-4@0 6:100", "c PUBLISH 5". */
typedef struct rig {
  law_stream_env env;
  law_flow flow;
  law_stream *stream;
  law_pcap_secrets *secrets;
  uint64_t frame;
  uint64_t skipped;
  char told[8192];
} rig;

__attribute__((format(printf, 2, 3))) static void note(rig *r, const char *format, ...) {
  size_t len = strlen(r->told);
  va_list args;
  va_start(args, format);
  (void)vsnprintf(r->told + len, sizeof r->told - len, format, args);
  va_end(args);
}

static void told(void *user, void *owner, const law_told *t) {
  rig *r = user;
  const char *type = t->type ? t->type->name : "?";
  (void)owner;
  if (t->kind == LAW_TOLD_CUT) {
    note(r, "c %s %zu\n", type, t->wire.len);
  } else if (t->kind == LAW_TOLD_LONG) {
    note(r, "l %s\n", type);
  } else if (t->kind == LAW_TOLD_MESSAGE) {
    note(r, "%s %s\n", t->unsure ? "u" : "m", type);
  }
  for (size_t i = 0; i < t->num_violations; i++) {
    law_place place = law_told_place(t, t->violations[i].offset);
    note(r, "v %s@%u %u:%u\n", law_requirement_name(t->violations[i].requirement),
         (unsigned)t->violations[i].offset, (unsigned)place.frame, (unsigned)place.at);
  }
}

static void skipped(void *user, void *owner, unsigned from, const char *why, uint64_t num) {
  rig *r = user;
  (void)owner;
  (void)from;
  (void)why;
  r->skipped += num;
}

static void start(rig *r, bool whole) {
  static const law_stream_known nothing = {.judged = 0};
  *r = (rig){.frame = 0};
  r->secrets = law_pcap_secrets_new();
  r->env = (law_stream_env){.talk = {.user = r, .told = told, .skipped = skipped},
                            .secrets = r->secrets};
  r->flow = (law_flow){.kind = LAW_FLOW_TCP, .from_start = whole, .syn = {whole, whole}};
  r->flow.end[0] = (law_endpoint){.address_len = 4, .port = 40000};
  r->flow.end[1] = (law_endpoint){.address_len = 4, .port = 1883};
  r->stream = law_stream_new(&r->env, NULL, &r->flow, &nothing);
  assert_non_null(r->stream);
}

static law_place next_place(rig *r) {
  r->frame++;
  return (law_place){.frame = r->frame, .time = r->frame * 1000, .at = FRAME_AT};
}

static void push(rig *r, unsigned from, const void *data, size_t len) {
  law_place place = next_place(r);
  uint8_t *copy = malloc(len); /* so that a sanitizer sees who keeps it */
  assert_non_null(copy);
  memcpy(copy, data, len);
  law_stream_push(r->stream, from, &place, law_bytes_of(copy, len));
  free(copy);
}

#define PUSH(rig, from, text) push(rig, from, text, sizeof(text) - 1)

static void lose(rig *r, unsigned from, uint64_t num) {
  law_place place = next_place(r);
  law_stream_missing(r->stream, from, &place, num, false);
}

static void stop(rig *r, const char *expected) {
  law_stream_finish(r->stream, r->frame * 1000);
  assert_string_equal(r->told, expected);
  law_stream_free(r->stream);
  law_pcap_secrets_free(r->secrets);
}

#define CONNECT "\x10\x10\0\4MQTT\5\2\0\x3c\0\0\3dev"
#define CONNECT_311 "\x10\x0f\0\4MQTT\4\2\0\x3c\0\3dev"
#define CONNACK "\x20\3\0\0\0"
#define CONNACK_311 "\x20\2\0\0"
#define PUBLISH "\x30\7\0\3a/b\0x"
#define WRONG "\x36\7\0\3a/b\0x"

static void test_the_place_of_a_byte_in_pieces(void **state) {
  rig r;
  (void)state;
  start(&r, true);
  PUSH(&r, CLIENT, CONNECT);
  PUSH(&r, SERVER, CONNACK);
  PUSH(&r, CLIENT, PUBLISH "\x30\7\0");
  PUSH(&r, CLIENT, "\3a");
  PUSH(&r, CLIENT, "/#\0x");
  stop(&r, "m CONNECT\nm CONNACK\nm PUBLISH\nm PUBLISH\nv MQTT5-3.3.2-2@6 5:101\n");
}

static void test_a_hole_in_a_message_is_passed_over_exactly(void **state) {
  rig r;
  (void)state;
  start(&r, true);
  PUSH(&r, CLIENT, CONNECT);
  PUSH(&r, SERVER, CONNACK);
  PUSH(&r, CLIENT, "\x30\x0a\0\3a/");
  lose(&r, CLIENT, 4);
  PUSH(&r, CLIENT, "x\x30" WRONG); /* the last bytes of it, then a wrong one */
  stop(&r, "m CONNECT\nm CONNACK\nc PUBLISH 6\nm PUBLISH\nv MQTT5-3.3.1-4@0 5:102\n");
}

static void test_bytes_that_come_after_all(void **state) {
  rig r;
  (void)state;
  start(&r, true);
  PUSH(&r, CLIENT, CONNECT);
  PUSH(&r, SERVER, CONNACK);
  PUSH(&r, CLIENT, "\x30\x0a\0\3a/");
  lose(&r, CLIENT, 6);
  law_stream_late(r.stream, CLIENT, 6);
  PUSH(&r, CLIENT, "bcdefg" PUBLISH);
  stop(&r, "m CONNECT\nm CONNACK\nc PUBLISH 6\nm PUBLISH\n");
}

static void test_nothing_is_judged_before_messages_are_sure_again(void **state) {
  rig r;
  (void)state;
  start(&r, true);
  PUSH(&r, CLIENT, CONNECT);
  PUSH(&r, SERVER, CONNACK);
  lose(&r, CLIENT, 9);
  PUSH(&r, CLIENT, "in the middle of a payload");
  PUSH(&r, CLIENT, WRONG); /* is it a message at all? */
  PUSH(&r, CLIENT, PUBLISH);
  PUSH(&r, CLIENT, PUBLISH);
  PUSH(&r, CLIENT, "\xc0\0");
  PUSH(&r, CLIENT, WRONG);
  assert_true(r.skipped > 0);
  stop(&r,
       "m CONNECT\nm CONNACK\nu PUBLISH\nu PUBLISH\nu PINGREQ\nm PUBLISH\nv MQTT5-3.3.1-4@0 "
       "9:100\n");
}

static void test_a_connect_with_a_hole_leaves_the_version_open(void **state) {
  rig r;
  (void)state;
  start(&r, true);
  push(&r, CLIENT, CONNECT_311, 12);
  lose(&r, CLIENT, 5);
  PUSH(&r, SERVER, CONNACK_311);
  PUSH(&r, CLIENT, "\x30\6\0\3a/bx");
  stop(&r, "c CONNECT 12\nm CONNACK\nm PUBLISH\n");
}

static void test_the_client_is_who_speaks_like_one(void **state) {
  rig r;
  (void)state;
  start(&r, false);
  r.flow.end[1].port = 40001;
  PUSH(&r, SERVER, "\xc0\0");
  PUSH(&r, CLIENT, "\xd0\0");
  PUSH(&r, SERVER, "\x82\7\0\1\0\0\1a\0");
  stop(&r, "u PINGREQ\nu PINGRESP\nu SUBSCRIBE\n");
}

static void test_a_message_that_is_too_long_is_passed_over(void **state) {
  rig r;
  (void)state;
  enum { LEN = LAW_TALK_MAX_MESSAGE, PIECE = 1 << 20 };
  uint8_t *piece = calloc(1, PIECE);
  assert_non_null(piece);
  start(&r, true);
  PUSH(&r, CLIENT, CONNECT);
  PUSH(&r, SERVER, CONNACK);
  PUSH(&r, CLIENT, "\x30\x86\x80\x80\x08\0\3a/b\0"); /* 16 MiB and 6 */
  for (size_t left = LEN; left > 0; left -= PIECE) {
    push(&r, CLIENT, piece, PIECE);
  }
  PUSH(&r, CLIENT, WRONG);
  free(piece);
  stop(&r, "m CONNECT\nm CONNACK\nl PUBLISH\nm PUBLISH\nv MQTT5-3.3.1-4@0 20:100\n");
}

/* ---- WebSocket ---- */

#define ASK                                                                        \
  "GET /mqtt HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" \
  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
#define ANSWER \
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
#define UNMASKED "\0\0\0\0" /* this mask changes nothing */

static void start_websocket(rig *r) {
  start(r, true);
  r->flow.end[1].port = 8080;
  PUSH(r, CLIENT, ASK);
  PUSH(r, SERVER, ANSWER);
  PUSH(r, CLIENT, "\x82\x92" UNMASKED CONNECT);
  PUSH(r, SERVER, "\x82\5" CONNACK);
  assert_string_equal(r->told, "m CONNECT\nm CONNACK\n");
  r->told[0] = 0;
}

static void test_frames_are_unmasked_and_put_together(void **state) {
  rig r;
  (void)state;
  start_websocket(&r);
  PUSH(&r, CLIENT, "\2\x83\1\2\3\4\x31\5\3"); /* 30 07 00, a fragment */
  PUSH(&r, CLIENT, "\x89\x81" UNMASKED "p");  /* a ping in between */
  PUSH(&r, CLIENT,
       "\x80\x86\1\0\0\0\2"
       "a/b\1x"); /* 03 a / b 00 x */
  PUSH(&r, CLIENT, "\x82\x89" UNMASKED WRONG);
  stop(&r, "m PUBLISH\nm PUBLISH\nv MQTT5-3.3.1-4@0 8:106\n");
}

/* One frame, which breaks |requirement| at |offset|. */
static void expect_broken(unsigned from, const char *frames, size_t len, const char *expected) {
  rig r;
  start_websocket(&r);
  push(&r, from, frames, len);
  stop(&r, expected);
}

#define BROKEN(from, frames, expected) expect_broken(from, frames, sizeof(frames) - 1, expected)

static void test_what_frames_break(void **state) {
  (void)state;
  BROKEN(CLIENT, "\x82\2\xc0\0", "v RFC6455-5.1/client-mask@1 5:101\nm PINGREQ\n");
  BROKEN(SERVER, "\x82\x82" UNMASKED "\xd0\0",
         "v RFC6455-5.1/server-mask@1 5:101\nm PINGRESP\nv MQTT5-3.13/solicited@0 5:106\n");
  BROKEN(CLIENT, "\xc2\x82" UNMASKED "\xc0\0", "v RFC6455-5.2/reserved-bits@0 5:100\n");
  BROKEN(CLIENT, "\x83\x82" UNMASKED "\xc0\0", "v RFC6455-5.2/opcode@0 5:100\n");
  BROKEN(CLIENT, "\x82\xfe\0\2" UNMASKED "\xc0\0", "v RFC6455-5.2/length-minimal@2 5:102\n");
  BROKEN(CLIENT, "\x82\xff\x80\0\0\0\0\0\0\0" UNMASKED, "v RFC6455-5.2/length-bit@2 5:102\n");
  BROKEN(CLIENT, "\x80\x82" UNMASKED "\xc0\0", "v RFC6455-5.4/continuation@0 5:100\nm PINGREQ\n");
  BROKEN(CLIENT, "\2\x81" UNMASKED "\xc0\x82\x81" UNMASKED "\0",
         "v RFC6455-5.4/interleaved@0 5:107\nm PINGREQ\n");
  BROKEN(CLIENT, "\x09\x80" UNMASKED, "v RFC6455-5.5/control-fragmented@0 5:100\n");
  BROKEN(CLIENT, "\x89\xfe\0\x7e" UNMASKED, "v RFC6455-5.5/control-length@1 5:101\n");
  BROKEN(CLIENT, "\x88\x81" UNMASKED "\3", "v RFC6455-5.5.1/close-status@1 5:101\n");
  BROKEN(CLIENT, "\x88\x82" UNMASKED "\3\xed", "v RFC6455-7.4.1/status@6 5:106\n");
  BROKEN(CLIENT, "\x88\x80" UNMASKED "\x82\x82" UNMASKED "\xc0\0",
         "v RFC6455-5.5.1/after-close@0 5:106\nm PINGREQ\n");
  BROKEN(CLIENT, "\x81\x82" UNMASKED "\xc0\0", "v MQTT5-6.0.0-1@0 5:100\n");
}

static void test_a_hole_in_a_frame(void **state) {
  rig r;
  (void)state;
  start_websocket(&r);
  PUSH(&r, CLIENT, "\x82\x89" UNMASKED "\x30\7\0");
  lose(&r, CLIENT, 4);
  PUSH(&r, CLIENT, "\0x\x82\x89" UNMASKED WRONG);
  stop(&r, "c PUBLISH 3\nm PUBLISH\nv MQTT5-3.3.1-4@0 7:108\n");
}

static void test_compression_is_not_judged(void **state) {
  rig r;
  (void)state;
  start(&r, true);
  PUSH(&r, CLIENT, ASK);
  PUSH(&r, SERVER,
       "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
       "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n");
  PUSH(&r, CLIENT, "\xc2\x82" UNMASKED "\xc0\0");
  law_stream_finish(r.stream, 1);
  assert_non_null(strstr(law_stream_unjudged(r.stream), "compression"));
  stop(&r, "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_place_of_a_byte_in_pieces),
      cmocka_unit_test(test_a_hole_in_a_message_is_passed_over_exactly),
      cmocka_unit_test(test_bytes_that_come_after_all),
      cmocka_unit_test(test_nothing_is_judged_before_messages_are_sure_again),
      cmocka_unit_test(test_a_connect_with_a_hole_leaves_the_version_open),
      cmocka_unit_test(test_the_client_is_who_speaks_like_one),
      cmocka_unit_test(test_a_message_that_is_too_long_is_passed_over),
      cmocka_unit_test(test_frames_are_unmasked_and_put_together),
      cmocka_unit_test(test_what_frames_break),
      cmocka_unit_test(test_a_hole_in_a_frame),
      cmocka_unit_test(test_compression_is_not_judged),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
