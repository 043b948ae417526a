/* talk.h: conversations as text, for tests of the monitor. */
#ifndef LAW_MONITORS_MQTT_TALK_H
#define LAW_MONITORS_MQTT_TALK_H

#include "core/protocol.h"
#include "mqtt/mqtt.h"

enum { TALK_MAX_LINES = 128, TALK_MAX_WIRE = 2048, TALK_MAX_CONNECTIONS = 4 };

typedef enum talk_kind { TALK_PACKET, TALK_CLOSE, TALK_RESET, TALK_WAIT } talk_kind;

typedef struct talk_line {
  talk_kind kind;
  law_side from;
  unsigned connection;
  bool marked;  /* "!" stands before it */
  uint64_t now; /* ns */
  uint8_t wire[TALK_MAX_WIRE];
  size_t len;
} talk_line;

typedef struct talk {
  law_mqtt_context contexts[TALK_MAX_CONNECTIONS]; /* as each connection begins */
  talk_line lines[TALK_MAX_LINES];
  size_t num;
} talk;

/* Reads |text|, whose lines end with ';': C CONNECT client_id=a clean_start=1 .receive_maximum=5
 * .user_property=k:v w.will_delay_interval=3 S SUBACK packet_id=1 r=0 r=1 C SUBSCRIBE packet_id=1
 * f=a/b qos=1 f=c qos=0 C2 PUBLISH ...   the client of connection 2 (connections 0 to 3; default
 * 0) S hex 20020000   bytes as they are C close          or reset wait 90          seconds pass,
 * and the monitors are told A "!" before a line marks it; "1:mqtt311" on a line of its own is the
 * variant of connection 1. Lines are a millisecond apart. Fails the test when the text makes no
 * sense. */
void talk_read(talk *t, const char *variant, const char *text);

typedef struct talk_options {
  law_side judged;
  bool has_world;
  size_t missing; /* index of the line that is left out, with a gap; SIZE_MAX: none */
  size_t begin;   /* the first line that is seen; above 0: a start in the middle */
  size_t end;     /* the line before which it ends; SIZE_MAX: never */
} talk_options;

extern const talk_options talk_whole; /* with the server judged */

typedef struct talk_found {
  size_t line;
  law_violation violation;
} talk_found;

typedef struct talk_result {
  talk_found found[TALK_MAX_LINES];
  size_t num;
} talk_result;

/* Decodes and observes all, as the judge does. Every packet must be decodable unless it was given
 * in hex. */
void talk_run(const talk *t, const talk_options *options, talk_result *out);

/* Prints what was found, with the packets. */
void talk_print(const talk *t, const talk_result *result);

#endif
