#include "bench/messages.h"

/* With a will, a user name and a password: every field that 3.1.1 has. */
static const char connect[] =
    "\x10\x3f"
    "\x00\x04MQTT\x04\xc6\x00\x3c"
    "\x00\x13sensor-4711-kitchen"
    "\x00\x08status/k"
    "\x00\x04gone"
    "\x00\x04gw-7"
    "\x00\x08sesame-1";

/* A topic of 31 bytes and a JSON payload. */
static const char publish[] =
    "\x32\x81\x01"
    "\x00\x1f"
    "factory/4/line/7/press/pressure"
    "\x12\x34"
    "{\"t\":1718020800123,\"unit\":\"bar\",\"value\":6.0221,\"quality\":\"good\","
    "\"source\":\"plc-17\",\"seq\":48211}";

static const char subscribe[] =
    "\x82\x5f\x00\x0b"
    "\x00\x12"
    "factory/4/line/7/#\x01"
    "\x00\x15"
    "factory/+/alarm/+/set\x02"
    "\x00\x0f"
    "devices/4711/in\x01"
    "\x00\x08"
    "time/utc\x00"
    "\x00\x10"
    "firmware/+/offer\x01";

/* Payload format, message expiry, content type, response topic, correlation data, user property. */
static const char publish_5[] =
    "\x32\x99\x01"
    "\x00\x16"
    "factory/4/line/7/press"
    "\x00\x2a"
    "\x50"
    "\x01\x01"
    "\x02\x00\x00\x0e\x10"
    "\x03\x00\x10"
    "application/json"
    "\x08\x00\x13"
    "replies/client-4711"
    "\x09\x00\x08\x01\x23\x45\x67\x89\xab\xcd\xef"
    "\x26\x00\x06region\x00\x0a"
    "eu-west-1b"
    "{\"value\":6.0221,\"unit\":\"bar\",\"quality\":\"good\"}";

#define MESSAGE(name, version, text) {name, version, (const uint8_t *)(text), sizeof(text) - 1}

const bench_message bench_messages[BENCH_NUM_MESSAGES] = {
    MESSAGE("CONNECT, 65 bytes", 4, connect),
    MESSAGE("PUBLISH QoS 1, 132 bytes", 4, publish),
    MESSAGE("SUBSCRIBE, five filters", 4, subscribe),
    MESSAGE("PUBLISH 5.0, six properties", 5, publish_5),
};

_Static_assert(sizeof connect - 1 == 65, "its name says so");
_Static_assert(sizeof publish - 1 == 132, "its name says so");
