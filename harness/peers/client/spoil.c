/* Faults that are wrong bytes: edits of the span map of a packet that the client encoded well. */
#include <stdlib.h>
#include <string.h>

#include "core/dissect.h"
#include "core/edit.h"
#include "peers/client/internal.h"

enum { MAX_SPANS = 256, MAX_WITH = 128, MAX_VALUE = 2048 };

/* Where a fault strikes, so that it leaves most packets alone. */
typedef enum corner { ALWAYS, WITH_USER, WITH_WILL, RETAINED, QOS_2 } corner;

typedef enum op {
  SET,    /* the value := the bytes */
  NUMBER, /* a number, nothing else changes */
  DROP,
  DOUBLE, /* stands twice */
  BEHIND, /* the bytes are put after it */
  JOIN,   /* the bytes are put at the end of the property list */
  PLUS,   /* the bytes are appended to the packet, its length does not know */
  AGAIN,  /* the whole packet is sent twice */
  TURN,   /* the value's bytes in reverse order */
} op;

typedef struct spoil {
  law_fault_id fault;
  uint8_t type;
  corner where;
  op what;
  const char *path;
  uint32_t number;
  const char *with; /* hex */
} spoil;

#define CONNECT LAW_MQTT_CONNECT
#define PUBLISH LAW_MQTT_PUBLISH
#define SUBSCRIBE LAW_MQTT_SUBSCRIBE
#define UNSUBSCRIBE LAW_MQTT_UNSUBSCRIBE

static const spoil spoils[] = {
    {FAULT_CLIENT_NAME_WRONG, CONNECT, WITH_USER, SET, "protocol_name", 0, "6d717474"},
    {FAULT_CLIENT_LEVEL_WRONG, CONNECT, WITH_USER, NUMBER, "protocol_level", 6, ""},
    {FAULT_CLIENT_RESERVED_CONNECT_FLAG, CONNECT, WITH_USER, NUMBER, "reserved", 1, ""},
    {FAULT_CLIENT_WILL_MISSING, CONNECT, WITH_WILL, DROP, "will_payload", 0, ""},
    {FAULT_CLIENT_WILL_QOS_UNUSED, CONNECT, WITH_USER, NUMBER, "will_qos", 1, ""},
    {FAULT_CLIENT_WILL_FLAGS_UNUSED, CONNECT, WITH_USER, NUMBER, "will_qos", 1, ""},
    {FAULT_CLIENT_WILL_FLAGS_UNUSED, CONNECT, WITH_USER, NUMBER, "will_retain", 1, ""},
    {FAULT_CLIENT_WILL_QOS_3, CONNECT, WITH_WILL, NUMBER, "will_qos", 3, ""},
    {FAULT_CLIENT_WILL_RETAIN_UNUSED, CONNECT, WITH_USER, NUMBER, "will_retain", 1, ""},
    {FAULT_CLIENT_USER_NAME_UNANNOUNCED, CONNECT, WITH_USER, NUMBER, "user_name_flag", 0, ""},
    {FAULT_CLIENT_USER_NAME_MISSING, CONNECT, WITH_USER, DROP, "user_name", 0, ""},
    {FAULT_CLIENT_PASSWORD_UNANNOUNCED, CONNECT, WITH_USER, NUMBER, "password_flag", 0, ""},
    {FAULT_CLIENT_PASSWORD_MISSING, CONNECT, WITH_USER, DROP, "password", 0, ""},
    {FAULT_CLIENT_PASSWORD_ALONE, CONNECT, WITH_USER, DROP, "user_name", 0, ""},
    {FAULT_CLIENT_PASSWORD_ALONE, CONNECT, WITH_USER, NUMBER, "user_name_flag", 0, ""},
    {FAULT_CLIENT_AUTH_DATA_ALONE, CONNECT, WITH_USER, JOIN, "properties", 0, "16000178"},
    {FAULT_CLIENT_CONNECT_ORDER, CONNECT, WITH_USER, DOUBLE, "user_name", 0, ""},
    {FAULT_CLIENT_CONNECT_ORDER, CONNECT, WITH_USER, DROP, "client_id", 0, ""},
    {FAULT_CLIENT_NO_ID_FIELD, CONNECT, WITH_USER, DROP, "client_id", 0, ""},
    {FAULT_CLIENT_ID_TEXT, CONNECT, WITH_USER, SET, "client_id", 0, "c328"},
    {FAULT_CLIENT_WILL_TOPIC_TEXT, CONNECT, WITH_WILL, SET, "will_topic", 0, "c328"},
    {FAULT_CLIENT_USER_NAME_TEXT, CONNECT, WITH_USER, SET, "user_name", 0, "c328"},
    {FAULT_CLIENT_WILL_PAYLOAD_TEXT, CONNECT, WITH_WILL, JOIN, "will_properties", 0, "0101"},
    {FAULT_CLIENT_WILL_PAYLOAD_TEXT, CONNECT, WITH_WILL, SET, "will_payload", 0, "c328"},
    {FAULT_CLIENT_CONTROL_CHARACTER, CONNECT, WITH_USER, SET, "user_name", 0, "01"},
    {FAULT_CLIENT_KEEP_ALIVE_LITTLE_ENDIAN, CONNECT, WITH_USER, TURN, "keep_alive", 0, ""},
    {FAULT_CLIENT_EXPIRY_LITTLE_ENDIAN, CONNECT, WITH_USER, TURN,
     "properties.session_expiry_interval.value", 0, ""},
    {FAULT_CLIENT_USER_PROPERTY_TEXT, CONNECT, WITH_USER, JOIN, "properties", 0,
     "260002c328000178"},
    {FAULT_CLIENT_DATA_TYPE, CONNECT, WITH_USER, JOIN, "properties", 0, "110001"},
    {FAULT_CLIENT_CONNECT_TWICE, CONNECT, WITH_USER, AGAIN, "", 0, ""},
    {FAULT_CLIENT_QOS0_WITH_PACKET_ID, PUBLISH, RETAINED, BEHIND, "topic", 0, "0001"},
    {FAULT_CLIENT_TOPIC_TEXT, PUBLISH, RETAINED, SET, "topic", 0, "c328"},
    {FAULT_CLIENT_TOPIC_EMPTY, PUBLISH, RETAINED, SET, "topic", 0, ""},
    {FAULT_CLIENT_TOPIC_NUL, PUBLISH, RETAINED, SET, "topic", 0, "6100"},
    {FAULT_CLIENT_TOPIC_WILDCARD, PUBLISH, RETAINED, SET, "topic", 0, "612f23"},
    {FAULT_CLIENT_RESPONSE_TOPIC_TEXT, PUBLISH, RETAINED, JOIN, "properties", 0, "080002c328"},
    {FAULT_CLIENT_CONTENT_TYPE_TEXT, PUBLISH, RETAINED, JOIN, "properties", 0, "030002c328"},
    {FAULT_CLIENT_PAYLOAD_TEXT, PUBLISH, RETAINED, JOIN, "properties", 0, "0101"},
    {FAULT_CLIENT_PAYLOAD_TEXT, PUBLISH, RETAINED, SET, "payload", 0, "c328"},
    {FAULT_CLIENT_ALIAS_HIGHEST, PUBLISH, RETAINED, JOIN, "properties", 0, "23ffff"},
    {FAULT_CLIENT_PAYLOAD_CHANGED, PUBLISH, RETAINED, SET, "payload", 0, "6c6f7374"},
    {FAULT_CLIENT_PAYLOAD_DOUBLED, PUBLISH, RETAINED, DOUBLE, "payload", 0, ""},
    {FAULT_CLIENT_SUBSCRIBE_FLAGS, SUBSCRIBE, QOS_2, NUMBER, "flags", 0, ""},
    {FAULT_CLIENT_SUBSCRIBE_EMPTY, SUBSCRIBE, QOS_2, DROP, "filters[0]", 0, ""},
    {FAULT_CLIENT_SUBSCRIBE_RESERVED, SUBSCRIBE, QOS_2, NUMBER, "filters[0].reserved", 1, ""},
    {FAULT_CLIENT_SUBSCRIBE_QOS_3, SUBSCRIBE, QOS_2, NUMBER, "filters[0].qos", 3, ""},
    {FAULT_CLIENT_RETAIN_HANDLING_3, SUBSCRIBE, QOS_2, NUMBER, "filters[0].retain_handling", 3, ""},
    {FAULT_CLIENT_NO_LOCAL_SHARED, SUBSCRIBE, QOS_2, SET, "filters[0].filter", 0,
     "2473686172652f672f61"},
    {FAULT_CLIENT_NO_LOCAL_SHARED, SUBSCRIBE, QOS_2, NUMBER, "filters[0].no_local", 1, ""},
    {FAULT_CLIENT_FILTER_TEXT, SUBSCRIBE, QOS_2, SET, "filters[0].filter", 0, "c328"},
    {FAULT_CLIENT_FILTER_HASH, SUBSCRIBE, QOS_2, SET, "filters[0].filter", 0, "6123"},
    {FAULT_CLIENT_FILTER_PLUS, SUBSCRIBE, QOS_2, SET, "filters[0].filter", 0, "612b"},
    {FAULT_CLIENT_SHARE_NAME_EMPTY, SUBSCRIBE, QOS_2, SET, "filters[0].filter", 0,
     "2473686172652f2f61"},
    {FAULT_CLIENT_SHARE_NAME_PLUS, SUBSCRIBE, QOS_2, SET, "filters[0].filter", 0,
     "2473686172652f672b2f61"},
    {FAULT_CLIENT_UNSUBSCRIBE_FLAGS, UNSUBSCRIBE, ALWAYS, NUMBER, "flags", 0, ""},
    {FAULT_CLIENT_UNSUBSCRIBE_EMPTY, UNSUBSCRIBE, ALWAYS, DROP, "filters[0]", 0, ""},
    {FAULT_CLIENT_UNSUBSCRIBE_TEXT, UNSUBSCRIBE, ALWAYS, SET, "filters[0].filter", 0, "c328"},
    {FAULT_CLIENT_TRAILING_BYTE, UNSUBSCRIBE, ALWAYS, NUMBER, "remaining_length", 1, ""},
    {FAULT_CLIENT_PUBACK_UNASKED, UNSUBSCRIBE, ALWAYS, PLUS, "", 0, "40021234"},
    {FAULT_CLIENT_PUBREC_UNASKED, UNSUBSCRIBE, ALWAYS, PLUS, "", 0, "50021234"},
    {FAULT_CLIENT_PUBREL_UNASKED, UNSUBSCRIBE, ALWAYS, PLUS, "", 0, "62021234"},
    {FAULT_CLIENT_PUBCOMP_UNASKED, UNSUBSCRIBE, ALWAYS, PLUS, "", 0, "70021234"},
    {FAULT_CLIENT_PINGREQ_WITH_BYTES, LAW_MQTT_PINGREQ, ALWAYS, NUMBER, "remaining_length", 1, ""},
    {FAULT_CLIENT_PINGREQ_WITH_BYTES, LAW_MQTT_PINGREQ, ALWAYS, PLUS, "", 0, "00"},
    {FAULT_CLIENT_PUBACK_SERVER_REASON, LAW_MQTT_PUBACK, ALWAYS, BEHIND, "packet_id", 0, "10"},
    {FAULT_CLIENT_PUBREC_SERVER_REASON, LAW_MQTT_PUBREC, ALWAYS, BEHIND, "packet_id", 0, "10"},
};

static bool strikes(const law_client *c, const spoil *s, const law_mqtt_message *m) {
  if (s->type != law_mqtt_type_of(m) || !law_client_fault(c, s->fault)) {
    return false;
  }
  switch (s->where) {
    case WITH_USER:
      return (m->u.connect.flags & LAW_MQTT_USER_NAME) != 0;
    case WITH_WILL:
      return (m->u.connect.flags & LAW_MQTT_WILL) != 0;
    case RETAINED:
      return law_mqtt_retain(m);
    case QOS_2: {
      law_mqtt_filter f;
      law_list it = m->u.filters;
      return law_mqtt_next_filter(&it, true, &f) && (f.options & 3) == 2;
    }
    default:
      return true;
  }
}

/* One packet being spoilt. */
typedef struct packet {
  uint8_t *wire;
  size_t len, cap;
  law_span spans[MAX_SPANS];
  size_t num;
} packet;

static void dissect(packet *p, uint8_t version) {
  law_mqtt_context context = {.version = version, .assumed = version};
  uint64_t scratch[LAW_MAX_MESSAGE_SIZE / 8] = {0};
  law_bytes wire = law_bytes_of(p->wire, p->len);
  const law_type *type = law_mqtt_codec.type_of(&context, wire);
  law_mqtt_codec.prepare(&context, type, scratch);
  p->num = law_dissect(type, scratch, wire, p->spans, MAX_SPANS);
}

static size_t from_hex(const char *hex, uint8_t *out) {
  size_t len = strlen(hex) / 2;
  for (size_t i = 0; i < len; i++) {
    const char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
    out[i] = (uint8_t)strtoul(digits, NULL, 16);
  }
  return len;
}

static void apply(packet *p, const law_edit *e) {
  size_t len = law_edit_apply(e, p->wire, p->len, p->cap, p->spans, &p->num);
  if (len != SIZE_MAX) {
    p->len = len;
  }
}

static void append(packet *p, law_bytes bytes) {
  if (p->len + bytes.len <= p->cap) {
    memmove(p->wire + p->len, bytes.data, bytes.len);
    p->len += bytes.len;
  }
}

/* The property list |span| with |bytes| at its end. */
static void join(packet *p, size_t span, law_bytes bytes) {
  uint8_t memory[MAX_VALUE];
  law_writer w = law_writer_of(memory, sizeof memory);
  law_bytes value = law_span_value(&p->spans[span], law_bytes_of(p->wire, p->len));
  law_write_varint(&w, (uint32_t)(value.len + bytes.len));
  law_write_bytes(&w, value);
  law_write_bytes(&w, bytes);
  if (law_writer_ok(&w)) {
    law_edit e = {.op = LAW_EDIT_SET, .span = span, .with = law_bytes_of(memory, w.len)};
    apply(p, &e);
  }
}

/* The value's bytes in reverse order. */
static void turn(packet *p, size_t span) {
  law_bytes value = law_span_value(&p->spans[span], law_bytes_of(p->wire, p->len));
  uint8_t *at = p->wire + (value.data - p->wire);
  for (size_t i = 0; i < value.len / 2; i++) {
    uint8_t other = at[value.len - 1 - i];
    at[value.len - 1 - i] = at[i];
    at[i] = other;
  }
}

static void edit(packet *p, const spoil *s) {
  static const law_edit_op ops[] = {[SET] = LAW_EDIT_SET,
                                    [NUMBER] = LAW_EDIT_FORCE,
                                    [DROP] = LAW_EDIT_DROP,
                                    [DOUBLE] = LAW_EDIT_DUPLICATE,
                                    [BEHIND] = LAW_EDIT_INSERT};
  uint8_t with[MAX_WITH];
  size_t len = from_hex(s->with, with);
  size_t span = law_span_find(p->spans, p->num, s->path);
  if (s->what == PLUS) {
    append(p, law_bytes_of(with, len));
  } else if (s->what == AGAIN) {
    append(p, law_bytes_of(p->wire, p->len));
  } else if (span < p->num && s->what == TURN) {
    turn(p, span);
  } else if (span < p->num && s->what == JOIN) {
    join(p, span, law_bytes_of(with, len));
  } else if (span < p->num) {
    law_edit e = {.op = ops[s->what], .span = span, .number = s->number};
    e.with = law_bytes_of(with, len);
    apply(p, &e);
  }
}

/* The generated faults "client-send:<requirement>": a property too many, or with a bad value. */
static void add_bad_property(const law_client *c, packet *p, uint8_t scope, const char *path) {
  uint8_t memory[64];
  law_bad_property bad;
  law_list list = {memory, 0, 0};
  law_writer w = law_writer_of(memory, sizeof memory);
  size_t span = law_span_find(p->spans, p->num, path);
  if (span >= p->num || !law_faults_bad_property(&c->faults, scope, &bad)) {
    return;
  }
  for (uint32_t i = 0; i < bad.times; i++) {
    if (bad.is_text) {
      law_mqtt_add_text(&w, &list, bad.id, law_bytes_text("x"));
    } else {
      law_mqtt_add_number(&w, &list, bad.id, bad.number);
    }
  }
  join(p, span, law_bytes_of(memory, w.len));
}

static void add_bad_properties(const law_client *c, packet *p, const law_mqtt_message *m) {
  uint8_t type = law_mqtt_type_of(m);
  bool user = type == LAW_MQTT_CONNECT && (m->u.connect.flags & LAW_MQTT_USER_NAME) != 0;
  if (!c->faults.sends || m->version != LAW_MQTT_5) {
    return;
  }
  if (user) {
    add_bad_property(c, p, LAW_MQTT_CONNECT, "properties");
    add_bad_property(c, p, LAW_FAULT_WILL, "will_properties");
  } else if (type == LAW_MQTT_SUBSCRIBE || type == LAW_MQTT_UNSUBSCRIBE) {
    add_bad_property(c, p, type, "properties");
  }
}

/* The rows that strike |m|, a packet as it was encoded. */
static size_t find_rows(const law_client *c, const law_mqtt_message *m, const spoil **out) {
  size_t num = 0;
  for (size_t i = 0; i < sizeof spoils / sizeof spoils[0]; i++) {
    if (strikes(c, &spoils[i], m)) {
      out[num++] = &spoils[i];
    }
  }
  return num;
}

size_t law_client_spoil(const law_client *c, uint8_t *wire, size_t len, size_t cap) {
  const spoil *rows[sizeof spoils / sizeof spoils[0]];
  law_mqtt_message m;
  law_violation v;
  packet p = {.wire = wire, .len = len, .cap = cap};
  if (law_mqtt_decode(c->version, law_bytes_of(wire, len), &m, &v) != LAW_OK) {
    return len;
  }
  size_t num = find_rows(c, &m, rows);
  if (num > 0 || c->faults.sends) {
    dissect(&p, c->version);
    add_bad_properties(c, &p, &m); /* while |m| still points at what it says */
  }
  for (size_t i = 0; i < num; i++) {
    edit(&p, rows[i]);
  }
  return p.len;
}
