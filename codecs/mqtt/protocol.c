#include <string.h>

#include "core/dissect.h"
#include "mqtt/codec.h"
#include "mqtt/names.h"
#include "mqtt/rules.h"

const char *const law_mqtt_schemes[] = {"mqtt", "mqtts", NULL};
const char *const law_mqtt_variants[] = {"mqtt5", "mqtt311", "mqtt31", NULL};

void law_mqtt_codec_begin(const char *variant, void *context) {
  law_mqtt_context *c = context;
  *c = (law_mqtt_context){0, LAW_MQTT_5, false};
  if (strcmp(variant, "mqtt311") == 0) {
    c->assumed = LAW_MQTT_311;
  } else if (strcmp(variant, "mqtt31") == 0) {
    c->assumed = LAW_MQTT_31;
  }
}

/* A CONNECT says what it is by its protocol name; other packets only by being well-formed. */
static int detect_connect(law_bytes head) {
  static const uint8_t name[] = {0, 4, 'M', 'Q', 'T', 'T'},
                       name_31[] = {0, 6, 'M', 'Q', 'I', 's', 'd', 'p'};
  size_t at = 1;
  while (at < head.len && at < 5 && (head.data[at] & 0x80) != 0) {
    at++;
  }
  at++;
  if (head.len < at + sizeof name_31) {
    return 0;
  }
  bool found = memcmp(head.data + at, name, sizeof name) == 0 ||
               memcmp(head.data + at, name_31, sizeof name_31) == 0;
  return found ? 100 : 0;
}

static int detect_other(law_bytes head) {
  law_violation violation;
  law_mqtt_message message;
  size_t len;
  if (law_mqtt_frame(head, &len, &violation) != LAW_OK) {
    return 0;
  }
  for (uint8_t version = LAW_MQTT_311; version <= LAW_MQTT_5; version++) {
    if (law_mqtt_decode(version, law_bytes_of(head.data, len), &message, &violation) == LAW_OK) {
      return len == head.len ? 40 : 30;
    }
  }
  return 0;
}

int law_mqtt_codec_detect(law_bytes head, law_side from) {
  if (head.len < 2) {
    return 0;
  }
  bool connect = head.data[0] >> 4 == LAW_MQTT_CONNECT;
  return connect && from == LAW_CLIENT ? detect_connect(head) : detect_other(head);
}

law_status law_mqtt_codec_frame(const void *context, law_bytes in, size_t *out_len, law_violation *out) {
  const law_mqtt_context *c = context;
  law_status status = law_mqtt_frame(in, out_len, out);
  if (status != LAW_OK && status != LAW_NEED_MORE) {
    uint8_t version = c->version != 0 ? c->version : c->assumed;
    *out = law_mqtt_violation_of(LAW_MQTT_RULE_VARINT_LENGTH, version, out->offset);
  }
  return status;
}

static uint8_t version_of(const law_mqtt_context *c) {
  uint8_t version = c->version != 0 ? c->version : c->assumed;
  return version != 0 ? version : LAW_MQTT_5;
}

/* Packet identifier 0 from a server is another statement of 5.0 than from a client. */
static void name_sender(law_side from, uint8_t version, law_violation *violation) {
  if (from == LAW_SERVER && version == LAW_MQTT_5 &&
      violation->requirement == LAW_R_MQTT5_2_2_1_3) {
    violation->requirement = LAW_R_MQTT5_2_2_1_4;
  }
}

const char *law_mqtt_codec_variant_of(const void *context) {
  switch (version_of(context)) {
    case LAW_MQTT_311:
      return "mqtt311";
    case LAW_MQTT_31:
      return "mqtt31";
    default:
      return "mqtt5";
  }
}

/* A server's answer to a CONNECT that says no version clearly is good when it is good in one. */
static law_status decode_in_any(uint8_t version, law_bytes bytes, law_mqtt_message *m,
                                law_violation *violation) {
  law_violation other;
  law_status status = law_mqtt_decode(version, bytes, m, violation);
  for (uint8_t v = LAW_MQTT_31; v <= LAW_MQTT_5 && status != LAW_OK; v++) {
    if (law_mqtt_decode(v, bytes, m, &other) == LAW_OK) {
      return LAW_OK;
    }
  }
  return status;
}

static void learn(law_mqtt_context *c, law_status status, const law_mqtt_message *m) {
  if (law_mqtt_type_of(m) == LAW_MQTT_CONNECT && c->version == 0) {
    c->version = status == LAW_OK ? m->version : 0;
    c->unclear = c->unclear || status != LAW_OK; /* one behind it may be good */
  }
}

law_status law_mqtt_codec_decode(void *context, law_side from, law_bytes bytes, void *message,
                                 law_violation *violation) {
  law_mqtt_context *c = context;
  law_mqtt_message *m = message;
  uint8_t version = version_of(c);
  law_status status = c->unclear && from == LAW_SERVER
                          ? decode_in_any(version, bytes, m, violation)
                          : law_mqtt_decode(version, bytes, m, violation);
  learn(c, status, m);
  if (status != LAW_OK) {
    name_sender(from, version, violation);
  }
  return status;
}

const law_type *law_mqtt_codec_type_of(const void *context, law_bytes bytes) {
  const law_mqtt_context *c = context;
  uint8_t code = bytes.len > 0 ? bytes.data[0] >> 4 : 0;
  if (code == LAW_MQTT_AUTH && version_of(c) != LAW_MQTT_5) {
    return NULL;
  }
  return law_mqtt_types_by_code[code];
}

uint32_t law_mqtt_codec_code_of(law_bytes bytes) { return bytes.data[0] >> 4; }

/* Tables 2-1 of 5.0 and 3.1.1. DISCONNECT: what 3.1.1 leaves to the client is both's in 5.0. */
unsigned law_mqtt_codec_senders(uint32_t code) {
  switch (code) {
    case LAW_MQTT_CONNECT:
    case LAW_MQTT_SUBSCRIBE:
    case LAW_MQTT_UNSUBSCRIBE:
    case LAW_MQTT_PINGREQ:
      return 1u << LAW_CLIENT;
    case LAW_MQTT_CONNACK:
    case LAW_MQTT_SUBACK:
    case LAW_MQTT_UNSUBACK:
    case LAW_MQTT_PINGRESP:
      return 1u << LAW_SERVER;
    default:
      return 1u << LAW_CLIENT | 1u << LAW_SERVER;
  }
}

/* Section 6 of 5.0 and 3.1.1; 3.1 knows no WebSocket. */
law_requirement law_mqtt_codec_in_text_frame(const void *context) {
  switch (version_of(context)) {
    case LAW_MQTT_5:
      return LAW_R_MQTT5_6_0_0_1;
    case LAW_MQTT_311:
      return LAW_R_MQTT311_6_0_0_1;
    default:
      return LAW_R_NONE;
  }
}

/* The protocol name that belongs to a level; static, so that a message may point to it. */
static law_bytes name_of(uint8_t version) {
  return version == LAW_MQTT_31 ? law_bytes_of("MQIsdp", 6) : law_bytes_of("MQTT", 4);
}

void law_mqtt_codec_prepare(const void *context, const law_type *type, void *message) {
  law_mqtt_message *m = message;
  uint8_t code = type->code;
  bool two = code == LAW_MQTT_PUBREL || code == LAW_MQTT_SUBSCRIBE || code == LAW_MQTT_UNSUBSCRIBE;
  m->first = (uint8_t)(code << 4 | (two ? 2 : 0));
  m->version = version_of(context);
  if (code == LAW_MQTT_CONNECT) {
    m->present = LAW_MQTT_HAS_USER_NAME | LAW_MQTT_HAS_PASSWORD;
    m->u.connect.protocol_name = name_of(m->version);
    m->u.connect.level = m->version;
  }
}

size_t law_mqtt_encode(law_mqtt_message *m, uint8_t *out, size_t cap) {
  const law_type *type = law_mqtt_types_by_code[law_mqtt_type_of(m)];
  return type != NULL ? law_encode(type, m, out, cap) : 0;
}

const law_protocol law_mqtt_codec = {LAW_MQTT_CODEC};

_Static_assert(sizeof(law_mqtt_message) <= LAW_MAX_MESSAGE_SIZE, "a message must fit where all do");
_Static_assert(sizeof(law_mqtt_context) <= LAW_MAX_CONTEXT_SIZE, "a context must fit where all do");
