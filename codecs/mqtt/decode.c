#include "mqtt/mqtt.h"

#include <string.h>

#include "mqtt/properties.h"
#include "mqtt/text.h"

/* ---- how a field of each kind is read into its member ---- */

#define READ_U8(c, m, member) (m)->member = law_cursor_u8(c, LAW_MQTT_RULE_OVERRUN)
#define READ_LEVEL(c, m, member) read_level(c, m)
#define READ_FLAGS READ_U8
#define READ_REASON READ_U8
#define READ_U16(c, m, member) (m)->member = law_cursor_u16(c, LAW_MQTT_RULE_OVERRUN)
#define READ_PACKET_ID(c, m, member) \
  (m)->member = law_cursor_u16(c, LAW_MQTT_RULE_PACKET_ID_MISSING)
/* |MISSING|: the rule for a field of which nothing is there. */
#define READ_TEXT(c, m, member, MISSING, WILDCARD) \
  (m)->member =                                    \
      law_mqtt_read_text(c, LAW_MQTT_RULE_##MISSING, LAW_MQTT_RULE_##WILDCARD, (m)->version)
#define READ_DATA(c, m, member, MISSING) \
  (m)->member = law_cursor_bytes16(c, LAW_MQTT_RULE_##MISSING, LAW_MQTT_RULE_BINARY_OVERRUN)
#define READ_STRING(c, m, member) READ_TEXT(c, m, member, OVERRUN, NONE)
#define READ_CLIENT_ID(c, m, member) READ_TEXT(c, m, member, CLIENT_ID_MISSING, NONE)
#define READ_WILL_TOPIC(c, m, member) READ_TEXT(c, m, member, WILL_MISSING, TOPIC_WILDCARD)
#define READ_WILL_PAYLOAD(c, m, member) READ_DATA(c, m, member, WILL_MISSING)
#define READ_USER_NAME(c, m, member) READ_TEXT(c, m, member, USER_NAME_MISSING, NONE)
#define READ_PASSWORD(c, m, member) READ_DATA(c, m, member, PASSWORD_MISSING)
#define READ_PUBLISH_TOPIC(c, m, member) READ_TEXT(c, m, member, OVERRUN, PUBLISH_WILDCARD)
#define READ_REST(c, m, member) (m)->member = law_cursor_rest(c)
#define READ_PROPERTIES(c, m, member) \
  (m)->member = law_mqtt_read_properties(c, law_mqtt_type_of(m), LAW_MQTT_RULE_PROPERTIES_MISSING)
#define READ_WILL_PROPERTIES(c, m, member) \
  (m)->member = law_mqtt_read_properties(c, 0, LAW_MQTT_RULE_WILL_MISSING)
#define READ_SUBSCRIPTIONS(c, m, member) (m)->member = read_subscriptions(c, m)
#define READ_FILTERS(c, m, member) (m)->member = read_filters(c, m)
#define READ_REASONS(c, m, member) (m)->member = read_reasons(c)

LAW_INLINE law_list list_from(const law_cursor *c, const uint8_t *start, uint32_t count) {
  law_list list = {start, (uint32_t)(c->at - start), count};
  return list;
}

/* Subscription Options, 5.0 section 3.8.3.1; 3.1.1: Requested QoS, six reserved bits. 3.1.1 calls a
 * QoS of 3 malformed in the same sentence as reserved bits (3.8.3-4), 5.0 a Protocol Error. */
LAW_INLINE void check_options(law_cursor *c, const law_mqtt_message *m, law_bytes filter,
                              uint8_t options) {
  const uint8_t *at = c->at - 1;
  uint8_t reserved = m->version == LAW_MQTT_5 ? 0xc0 : 0xfc;
  law_bytes group, inner;
  if ((options & reserved) != 0) {
    if (m->version != LAW_MQTT_31) {
      law_cursor_fail_at(c, at, LAW_MQTT_RULE_SUBSCRIBE_RESERVED);
    }
  } else if ((options & 0x03) == 3) {
    law_cursor_fail_at(c, at,
                       m->version == LAW_MQTT_311 ? LAW_MQTT_RULE_SUBSCRIBE_RESERVED
                                                  : LAW_MQTT_RULE_SUBSCRIBE_QOS_3);
  } else if ((options & 0x30) == 0x30) {
    law_cursor_fail_at(c, at, LAW_MQTT_RULE_SUBSCRIBE_RETAIN_3);
  } else if ((options & 0x04) != 0 && law_mqtt_shared(filter, &group, &inner)) {
    law_cursor_fail_at(c, at, LAW_MQTT_RULE_SUBSCRIBE_NO_LOCAL);
  }
}

LAW_INLINE law_list read_subscriptions(law_cursor *c, const law_mqtt_message *m) {
  const uint8_t *start = c->at;
  uint32_t count = 0;
  if (law_cursor_left(c) == 0) {
    law_cursor_fail(c, LAW_MQTT_RULE_SUBSCRIBE_EMPTY);
  }
  while (c->at < c->end) {
    law_bytes filter = law_mqtt_read_filter(c, m->version);
    uint8_t options = law_cursor_u8(c, LAW_MQTT_RULE_OVERRUN);
    if (LAW_UNLIKELY(options > 2) && law_cursor_ok(c)) {
      check_options(c, m, filter, options);
    }
    count++;
  }
  return list_from(c, start, count);
}

LAW_INLINE law_list read_filters(law_cursor *c, const law_mqtt_message *m) {
  const uint8_t *start = c->at;
  uint32_t count = 0;
  if (law_cursor_left(c) == 0 && m->version != LAW_MQTT_31) { /* 3.1 does not forbid it */
    law_cursor_fail(c, LAW_MQTT_RULE_UNSUBSCRIBE_EMPTY);
  }
  while (c->at < c->end) {
    (void)law_mqtt_read_filter(c, m->version);
    count++;
  }
  return list_from(c, start, count);
}

LAW_INLINE law_list read_reasons(law_cursor *c) {
  if (law_cursor_left(c) == 0) {
    law_cursor_fail(c, LAW_MQTT_RULE_SUBACK_EMPTY);
  }
  law_bytes rest = law_cursor_rest(c);
  law_list list = {rest.data, (uint32_t)rest.len, (uint32_t)rest.len};
  return list;
}

LAW_INLINE bool is_name_of(uint8_t version, law_bytes sent) {
  return version == LAW_MQTT_31 ? sent.len == 6 && memcmp(sent.data, "MQIsdp", 6) == 0
                                : sent.len == 4 && memcmp(sent.data, "MQTT", 4) == 0;
}

LAW_INLINE bool is_version(law_bytes name, uint8_t level) {
  return level >= LAW_MQTT_31 && level <= LAW_MQTT_5 && is_name_of(level, name);
}

/* The version that a CONNECT asks for decides how the rest of it is read. A name and level that no
 * version has are judged by the version that was assumed. */
LAW_INLINE void read_level(law_cursor *c, law_mqtt_message *m) {
  law_bytes sent = m->u.connect.protocol_name;
  const uint8_t *at = c->at;
  uint8_t level = law_cursor_u8(c, LAW_MQTT_RULE_OVERRUN);
  m->u.connect.level = level;
  if (is_version(sent, level)) {
    m->version = level;
  } else if (!is_name_of(m->version, sent)) {
    law_cursor_fail_at(c, sent.data, LAW_MQTT_RULE_PROTOCOL_NAME);
  } else {
    law_cursor_fail_at(c, at, LAW_MQTT_RULE_PROTOCOL_LEVEL);
  }
}

/* ---- the fields of each packet, read in order ---- */

#define READ_FIELD(KIND, name, member, WHEN, IMPLIES, FLAGS_) \
  {                                                           \
    size_t left = law_cursor_left(c);                         \
    (void)left;                                               \
    if (WHEN) {                                               \
      READ_##KIND(c, m, member);                              \
    }                                                         \
  }

LAW_INLINE void read_connect(law_cursor *c, law_mqtt_message *m){
#define FIELD READ_FIELD
#define BITS(...)
#define CONNECT_FIELDS
#include "mqtt/packets.def"
#undef CONNECT_FIELDS
}

LAW_INLINE void read_connack(law_cursor *c, law_mqtt_message *m){
#define FIELD READ_FIELD
#define BITS(...)
#define CONNACK_FIELDS
#include "mqtt/packets.def"
#undef CONNACK_FIELDS
}

LAW_INLINE void read_publish(law_cursor *c, law_mqtt_message *m){
#define FIELD READ_FIELD
#define BITS(...)
#define PUBLISH_FIELDS
#include "mqtt/packets.def"
#undef PUBLISH_FIELDS
}

LAW_INLINE void read_ack(law_cursor *c, law_mqtt_message *m){
#define FIELD READ_FIELD
#define BITS(...)
#define ACK_FIELDS
#include "mqtt/packets.def"
#undef ACK_FIELDS
}

LAW_INLINE void read_subscribe(law_cursor *c, law_mqtt_message *m){
#define FIELD READ_FIELD
#define BITS(...)
#define SUBSCRIBE_FIELDS
#include "mqtt/packets.def"
#undef SUBSCRIBE_FIELDS
}

LAW_INLINE void read_suback(law_cursor *c, law_mqtt_message *m){
#define FIELD READ_FIELD
#define BITS(...)
#define SUBACK_FIELDS
#include "mqtt/packets.def"
#undef SUBACK_FIELDS
}

LAW_INLINE void read_unsubscribe(law_cursor *c, law_mqtt_message *m){
#define FIELD READ_FIELD
#define BITS(...)
#define UNSUBSCRIBE_FIELDS
#include "mqtt/packets.def"
#undef UNSUBSCRIBE_FIELDS
}

LAW_INLINE void read_unsuback(law_cursor *c, law_mqtt_message *m){
#define FIELD READ_FIELD
#define BITS(...)
#define UNSUBACK_FIELDS
#include "mqtt/packets.def"
#undef UNSUBACK_FIELDS
}

LAW_INLINE void read_closing(law_cursor *c, law_mqtt_message *m) {
#define FIELD READ_FIELD
#define BITS(...)
#define CLOSING_FIELDS
#include "mqtt/packets.def"
#undef CLOSING_FIELDS
}

/* ---- the fixed header, and the end of every decoder ---- */

typedef struct header_rule {
  uint8_t flags; /* the low four bits that must stand */
  law_rule rule;
} header_rule;

static const header_rule header_rules[16] = {
    [LAW_MQTT_CONNECT] = {0, LAW_MQTT_RULE_FLAGS},
    [LAW_MQTT_CONNACK] = {0, LAW_MQTT_RULE_FLAGS},
    [LAW_MQTT_PUBACK] = {0, LAW_MQTT_RULE_FLAGS},
    [LAW_MQTT_PUBREC] = {0, LAW_MQTT_RULE_FLAGS},
    [LAW_MQTT_PUBREL] = {2, LAW_MQTT_RULE_PUBREL_FLAGS},
    [LAW_MQTT_PUBCOMP] = {0, LAW_MQTT_RULE_FLAGS},
    [LAW_MQTT_SUBSCRIBE] = {2, LAW_MQTT_RULE_SUBSCRIBE_FLAGS},
    [LAW_MQTT_SUBACK] = {0, LAW_MQTT_RULE_FLAGS},
    [LAW_MQTT_UNSUBSCRIBE] = {2, LAW_MQTT_RULE_UNSUBSCRIBE_FLAGS},
    [LAW_MQTT_UNSUBACK] = {0, LAW_MQTT_RULE_FLAGS},
    [LAW_MQTT_PINGREQ] = {0, LAW_MQTT_RULE_FLAGS},
    [LAW_MQTT_PINGRESP] = {0, LAW_MQTT_RULE_FLAGS},
    [LAW_MQTT_DISCONNECT] = {0, LAW_MQTT_RULE_DISCONNECT_FLAGS},
    [LAW_MQTT_AUTH] = {0, LAW_MQTT_RULE_AUTH_FLAGS},
};

/* 3.1 lets DUP be set in PUBREL, SUBSCRIBE and UNSUBSCRIBE, and calls other unused bits "not used":
 * only the QoS bits of those three are judged. */
static bool flags_good(const law_mqtt_message *m, const header_rule *want) {
  uint8_t flags = m->first & 0x0f;
  if (law_mqtt_type_of(m) == LAW_MQTT_AUTH && m->version != LAW_MQTT_5) {
    return true; /* it has no such packet, which is said elsewhere */
  }
  if (m->version == LAW_MQTT_31) {
    return want->flags == 0 || (flags & 0x06) == want->flags;
  }
  return flags == want->flags;
}

/* The length of a fixed header (2.1) whose Remaining Length says where the bytes in hand end, in
 * one or two bytes. Compares with what must stand there, so that nothing waits for what does; 0
 * otherwise. */
LAW_INLINE size_t usual_header_len(law_bytes frame) {
  size_t after_one = frame.len - 2, after_two = frame.len - 3;
  if (after_one < 0x80) {
    return LAW_LIKELY(frame.data[1] == after_one) ? 2 : 0;
  }
  bool two = after_two - 0x80 < 0x4000 - 0x80 && frame.data[1] == (0x80 | (after_two & 0x7f)) &&
             frame.data[2] == after_two >> 7;
  return LAW_LIKELY(two) ? 3 : 0;
}

/* The rest: longer ones, and wrong ones. 3.1.1 does not ask for the shortest form. */
static LAW_NOINLINE law_breach check_header_len(law_bytes frame, uint8_t version, size_t *out_len) {
  law_cursor c = law_cursor_of(frame);
  size_t value = 0;
  uint8_t byte = 0x80;
  (void)law_cursor_u8(&c, LAW_MQTT_RULE_OVERRUN);
  for (unsigned shift = 0; shift < 28 && (byte & 0x80) != 0; shift += 7) {
    byte = law_cursor_u8(&c, LAW_MQTT_RULE_OVERRUN);
    value |= (size_t)(byte & 0x7f) << shift;
  }
  *out_len = (size_t)(c.at - c.start);
  const uint8_t *at = c.start + 1;
  if ((byte & 0x80) != 0) {
    law_cursor_fail_at(&c, at, LAW_MQTT_RULE_VARINT_LENGTH);
  } else if (byte == 0 && *out_len > 2 && version == LAW_MQTT_5) {
    law_cursor_fail_at(&c, at, LAW_MQTT_RULE_VARINT_SHORTEST);
  } else if (value != law_cursor_left(&c)) {
    law_cursor_fail_at(
        &c, at, value > law_cursor_left(&c) ? LAW_MQTT_RULE_OVERRUN : LAW_MQTT_RULE_TRAILING);
  }
  return law_cursor_breach(&c);
}

LAW_INLINE void fail_unless(law_cursor *c, bool holds, const uint8_t *at, law_rule rule) {
  if (LAW_UNLIKELY(!holds)) {
    law_cursor_fail_at(c, at, rule);
  }
}

/* A cursor behind the fixed header of |frame|. */
LAW_INLINE law_cursor begin(uint8_t version, law_bytes frame, law_mqtt_message *m) {
  law_cursor c = law_cursor_of(frame);
  size_t len = usual_header_len(frame);
  m->first = frame.len > 0 ? frame.data[0] : 0;
  m->version = version;
  if (LAW_UNLIKELY(len == 0)) {
    law_breach breach = check_header_len(frame, m->version, &len);
    c.at += len;
    law_cursor_note(&c, breach);
  } else {
    c.at += len;
  }
  return c;
}

/* The same for all packets but PUBLISH: their flags are given. */
LAW_INLINE law_cursor begin_with_flags(uint8_t version, law_bytes frame, law_mqtt_message *m) {
  law_cursor c = begin(version, frame, m);
  const header_rule *want = &header_rules[law_mqtt_type_of(m)];
  fail_unless(&c, flags_good(m, want), c.start, want->rule);
  return c;
}

/* What the breach means in the message's version. A field is missing when the packet ends where it
 * should begin; when it ends inside, it overruns. */
static LAW_NOINLINE law_status explain(law_breach breach, uint8_t version, law_bytes frame,
                                       law_violation *violation) {
  law_rule rule = breach.rule;
  size_t offset = (size_t)(breach.where - frame.data);
  bool missing = rule >= LAW_MQTT_RULE_PACKET_ID_MISSING && rule <= LAW_MQTT_RULE_PASSWORD_MISSING;
  if (missing && offset < frame.len) {
    rule = LAW_MQTT_RULE_OVERRUN;
  }
  *violation = law_mqtt_violation_of(rule, version, (uint32_t)offset);
  return violation->status;
}

/* Nothing may be left, and nothing broken. */
LAW_INLINE law_status finish(law_cursor c, const law_mqtt_message *m, law_bytes frame,
                             law_violation *violation) {
  if (LAW_UNLIKELY(c.at != c.end)) {
    law_cursor_fail(&c, LAW_MQTT_RULE_TRAILING);
  }
  if (LAW_UNLIKELY(!law_cursor_ok(&c))) {
    return explain(law_cursor_breach(&c), m->version, frame, violation);
  }
  return LAW_OK;
}

/* ---- rules between fields: one check for each packet ---- */

/* |at| is the first byte after the fixed header. */
LAW_INLINE void check_connect(law_cursor *c, const law_mqtt_message *m, const uint8_t *at) {
  uint8_t flags = m->u.connect.flags;
  const uint8_t *flags_at = at + 2 + m->u.connect.protocol_name.len + 1;
  bool will = (flags & LAW_MQTT_WILL) != 0;
  bool later = m->version != LAW_MQTT_31;
  fail_unless(c, (flags & 1) == 0 || !later, flags_at, LAW_MQTT_RULE_CONNECT_RESERVED);
  fail_unless(c, will || law_mqtt_will_qos(m) == 0 || !later, flags_at,
              LAW_MQTT_RULE_WILL_QOS_UNUSED);
  fail_unless(c, will || (flags & LAW_MQTT_WILL_RETAIN) == 0 || !later, flags_at,
              LAW_MQTT_RULE_WILL_RETAIN_UNUSED);
  fail_unless(c, !will || law_mqtt_will_qos(m) != 3, flags_at, LAW_MQTT_RULE_WILL_QOS_3);
  fail_unless(c, !will || m->u.connect.will_topic.len > 0, m->u.connect.will_topic.data,
              LAW_MQTT_RULE_TOPIC_EMPTY);
}

/* 3.1.1 sections 3.1.2.9 and 3.1.3.1; 3.1 CONNECT. */
LAW_INLINE void check_connect_before_5(law_cursor *c, const law_mqtt_message *m,
                                       const uint8_t *at) {
  uint8_t flags = m->u.connect.flags;
  const uint8_t *flags_at = at + 2 + m->u.connect.protocol_name.len + 1;
  law_bytes id = m->u.connect.client_id;
  bool may_be_empty = m->version == LAW_MQTT_311 && (flags & LAW_MQTT_CLEAN_START) != 0;
  /* 3.1 forbids to supply a password, and its flag alone supplies none. */
  bool password = m->version == LAW_MQTT_311 ? (flags & LAW_MQTT_PASSWORD) != 0
                                             : (m->present & LAW_MQTT_HAS_PASSWORD) != 0;
  fail_unless(c, (flags & LAW_MQTT_USER_NAME) != 0 || !password, flags_at,
              LAW_MQTT_RULE_PASSWORD_ALONE);
  fail_unless(c, id.len > 0 || may_be_empty, id.data, LAW_MQTT_RULE_CLIENT_ID_EMPTY);
}

/* 3.1 counts characters, so a continuation byte of UTF-8 is none. */
LAW_INLINE void check_client_id_31(law_cursor *c, law_bytes id) {
  size_t characters = 0;
  for (size_t i = 0; i < id.len; i++) {
    characters += (id.data[i] & 0xc0) != 0x80;
  }
  fail_unless(c, characters <= 23, id.data, LAW_MQTT_RULE_CLIENT_ID_LONG);
}

/* 3.1: the Will Message is 7-bit ASCII, the password a string. */
LAW_INLINE void check_connect_31(law_cursor *c, const law_mqtt_message *m) {
  bool has_will = (m->u.connect.flags & LAW_MQTT_WILL) != 0;
  law_bytes will = has_will ? m->u.connect.will_payload : law_bytes_of(NULL, 0);
  check_client_id_31(c, m->u.connect.client_id);
  for (size_t i = 0; i < will.len; i++) {
    fail_unless(c, will.data[i] < 0x80, will.data + i, LAW_MQTT_RULE_WILL_ASCII);
  }
  if ((m->present & LAW_MQTT_HAS_PASSWORD) != 0) {
    law_cursor_note(c, law_mqtt_check_text(m->u.connect.password, LAW_MQTT_RULE_NONE, LAW_MQTT_31));
  }
}

static bool has_property(const law_list *list, uint8_t id) {
  return law_mqtt_find_property(list, id) != NULL;
}

LAW_INLINE void check_connect_5(law_cursor *c, const law_mqtt_message *m) {
  const law_list *list = &m->properties;
  const uint8_t *data = law_mqtt_find_property(list, LAW_MQTT_P_AUTHENTICATION_DATA);
  fail_unless(c, data == NULL || has_property(list, LAW_MQTT_P_AUTHENTICATION_METHOD), data,
              LAW_MQTT_RULE_CONNECT_AUTH_DATA);
}

/* The version that the CONNECT |frame| will say, or |assumed|. */
static LAW_NOINLINE uint8_t look_ahead(law_bytes frame, uint8_t assumed) {
  law_cursor c = law_cursor_of(frame);
  (void)law_cursor_u8(&c, LAW_MQTT_RULE_OVERRUN);
  for (int i = 0; i < 4 && (law_cursor_u8(&c, LAW_MQTT_RULE_OVERRUN) & 0x80) != 0; i++) {
  }
  law_bytes name = law_cursor_bytes16(&c, LAW_MQTT_RULE_OVERRUN, LAW_MQTT_RULE_OVERRUN);
  uint8_t level = law_cursor_u8(&c, LAW_MQTT_RULE_OVERRUN);
  return law_cursor_ok(&c) && is_version(name, level) ? level : assumed;
}

static law_status decode_connect(uint8_t version, law_bytes frame, law_mqtt_message *m,
                                 law_violation *violation) {
  /* Its fixed header, too, is judged by the version it says; that matters for other flags than 0
   * and for longer Remaining Lengths. */
  if (LAW_UNLIKELY(frame.data[0] != LAW_MQTT_CONNECT << 4 ||
                   (frame.len > 1 && frame.data[1] >= 0x80))) {
    version = look_ahead(frame, version);
  }
  law_cursor c = begin_with_flags(version, frame, m);
  const uint8_t *at = c.at;
  m->present = 0;
  read_connect(&c, m);
  if (LAW_UNLIKELY(!law_cursor_ok(&c))) {
    return finish(c, m, frame, violation);
  }
  check_connect(&c, m, at);
  if (m->version != LAW_MQTT_5) {
    check_connect_before_5(&c, m, at);
    if (m->version == LAW_MQTT_31) {
      check_connect_31(&c, m);
    }
  } else if (m->properties.count > 0) {
    check_connect_5(&c, m);
  }
  return finish(c, m, frame, violation);
}

LAW_INLINE void check_reason(law_cursor *c, const law_mqtt_message *m, const uint8_t *at,
                             law_rule rule) {
  fail_unless(c, law_mqtt_reason_allowed(law_mqtt_type_of(m), m->reason), at, rule);
}

static law_status decode_connack(uint8_t version, law_bytes frame, law_mqtt_message *m,
                                 law_violation *violation) {
  law_cursor c = begin_with_flags(version, frame, m);
  const uint8_t *at = c.at;
  read_connack(&c, m);
  if (!law_cursor_ok(&c)) {
    return finish(c, m, frame, violation);
  }
  bool later = m->version != LAW_MQTT_31; /* 3.1 has no flags here, and says nothing of the byte */
  fail_unless(&c, (m->ack_flags & 0xfe) == 0 || !later, at, LAW_MQTT_RULE_CONNACK_FLAGS);
  fail_unless(&c, m->reason == 0 || m->ack_flags == 0 || !later, at,
              LAW_MQTT_RULE_CONNACK_REFUSED_PRESENT);
  if (m->version == LAW_MQTT_5) {
    check_reason(&c, m, at + 1, LAW_MQTT_RULE_CONNACK_REASON);
  } else {
    fail_unless(&c, m->reason <= 5, at + 1, LAW_MQTT_RULE_CONNACK_REASON);
  }
  return finish(c, m, frame, violation);
}

static bool has_alias(const law_mqtt_message *m) {
  return m->version == LAW_MQTT_5 && m->properties.count > 0 &&
         has_property(&m->properties, LAW_MQTT_P_TOPIC_ALIAS);
}

static LAW_NOINLINE law_status decode_publish(uint8_t version, law_bytes frame, law_mqtt_message *m,
                                              law_violation *violation) {
  law_cursor c = begin(version, frame, m);
  const uint8_t *at = c.at;
  uint8_t qos = law_mqtt_qos(m);
  if (LAW_UNLIKELY(qos == 3)) {
    law_cursor_fail_at(&c, c.start, LAW_MQTT_RULE_PUBLISH_QOS_3);
    return finish(c, m, frame, violation);
  }
  read_publish(&c, m);
  if (LAW_UNLIKELY(!law_cursor_ok(&c))) {
    return finish(c, m, frame, violation);
  }
  if (qos == 0) {
    fail_unless(&c, !law_mqtt_dup(m) || m->version == LAW_MQTT_31, c.start,
                LAW_MQTT_RULE_PUBLISH_DUP_QOS_0);
  } else {
    fail_unless(&c, m->packet_id != 0, at + 2 + m->u.publish.topic.len,
                LAW_MQTT_RULE_PACKET_ID_ZERO);
  }
  if (LAW_UNLIKELY(m->u.publish.topic.len == 0)) {
    fail_unless(&c, has_alias(m), at + 2, LAW_MQTT_RULE_PUBLISH_NO_TOPIC);
  }
  return finish(c, m, frame, violation);
}

/* What an absent optional field means: reason code 0, no properties. */
static void set_absent(law_mqtt_message *m) {
  m->present = 0;
  m->reason = 0;
  m->properties = (law_list){NULL, 0, 0};
}

static law_rule ack_reason_rule(uint8_t type) {
  switch (type) {
    case LAW_MQTT_PUBACK:
      return LAW_MQTT_RULE_PUBACK_REASON;
    case LAW_MQTT_PUBREC:
      return LAW_MQTT_RULE_PUBREC_REASON;
    case LAW_MQTT_PUBREL:
      return LAW_MQTT_RULE_PUBREL_REASON;
    default:
      return LAW_MQTT_RULE_PUBCOMP_REASON;
  }
}

static law_status decode_ack(uint8_t version, law_bytes frame, law_mqtt_message *m,
                             law_violation *violation) {
  law_cursor c = begin_with_flags(version, frame, m);
  const uint8_t *at = c.at;
  set_absent(m);
  read_ack(&c, m);
  if (LAW_LIKELY(law_cursor_ok(&c))) {
    bool pubcomp = law_mqtt_type_of(m) == LAW_MQTT_PUBCOMP;
    fail_unless(&c, m->packet_id != 0, at,
                pubcomp ? LAW_MQTT_RULE_PUBCOMP_ID_ZERO : LAW_MQTT_RULE_ACK_ID_ZERO);
    check_reason(&c, m, at + 2, ack_reason_rule(law_mqtt_type_of(m)));
  }
  return finish(c, m, frame, violation);
}

static law_status decode_subscribe(uint8_t version, law_bytes frame, law_mqtt_message *m,
                                   law_violation *violation) {
  law_cursor c = begin_with_flags(version, frame, m);
  const uint8_t *at = c.at;
  read_subscribe(&c, m);
  fail_unless(&c, m->packet_id != 0 || !law_cursor_ok(&c), at, LAW_MQTT_RULE_PACKET_ID_ZERO);
  return finish(c, m, frame, violation);
}

static law_status decode_unsubscribe(uint8_t version, law_bytes frame, law_mqtt_message *m,
                                     law_violation *violation) {
  law_cursor c = begin_with_flags(version, frame, m);
  const uint8_t *at = c.at;
  read_unsubscribe(&c, m);
  fail_unless(&c, m->packet_id != 0 || !law_cursor_ok(&c), at, LAW_MQTT_RULE_PACKET_ID_ZERO);
  return finish(c, m, frame, violation);
}

/* SUBACK and UNSUBACK: a reason code for each filter. */
LAW_INLINE void check_reasons(law_cursor *c, const law_mqtt_message *m, law_rule rule) {
  uint8_t type = law_mqtt_type_of(m);
  for (uint32_t i = 0; i < m->u.reasons.len && law_cursor_ok(c); i++) {
    uint8_t reason = m->u.reasons.data[i];
    bool good = m->version == LAW_MQTT_5     ? law_mqtt_reason_allowed(type, reason)
                : m->version == LAW_MQTT_311 ? reason <= 2 || reason == 0x80
                                             : (reason & 3) != 3;
    fail_unless(c, good, m->u.reasons.data + i, rule);
  }
}

static law_status decode_suback(uint8_t version, law_bytes frame, law_mqtt_message *m,
                                law_violation *violation) {
  law_cursor c = begin_with_flags(version, frame, m);
  const uint8_t *at = c.at;
  read_suback(&c, m);
  if (law_cursor_ok(&c)) {
    fail_unless(&c, m->packet_id != 0, at, LAW_MQTT_RULE_SUBACK_ID_ZERO);
    check_reasons(&c, m, LAW_MQTT_RULE_SUBACK_REASON);
  }
  return finish(c, m, frame, violation);
}

static law_status decode_unsuback(uint8_t version, law_bytes frame, law_mqtt_message *m,
                                  law_violation *violation) {
  law_cursor c = begin_with_flags(version, frame, m);
  const uint8_t *at = c.at;
  m->u.reasons = (law_list){NULL, 0, 0};
  read_unsuback(&c, m);
  if (law_cursor_ok(&c)) {
    fail_unless(&c, m->packet_id != 0, at, LAW_MQTT_RULE_SUBACK_ID_ZERO);
    check_reasons(&c, m, LAW_MQTT_RULE_UNSUBACK_REASON);
  }
  return finish(c, m, frame, violation);
}

static law_status decode_ping(uint8_t version, law_bytes frame, law_mqtt_message *m,
                              law_violation *violation) {
  law_cursor c = begin_with_flags(version, frame, m);
  bool request = law_mqtt_type_of(m) == LAW_MQTT_PINGREQ;
  fail_unless(&c, law_cursor_left(&c) == 0, c.at,
              request ? LAW_MQTT_RULE_PINGREQ_LENGTH : LAW_MQTT_RULE_PINGRESP_LENGTH);
  return finish(c, m, frame, violation);
}

static law_status decode_disconnect(uint8_t version, law_bytes frame, law_mqtt_message *m,
                                    law_violation *violation) {
  law_cursor c = begin_with_flags(version, frame, m);
  const uint8_t *at = c.at;
  set_absent(m);
  read_closing(&c, m);
  if (law_cursor_ok(&c)) {
    check_reason(&c, m, at, LAW_MQTT_RULE_DISCONNECT_REASON);
  }
  return finish(c, m, frame, violation);
}

/* An AUTH of Remaining Length 0 says Success and has no method (3.15.2.1); any other must name it.
 */
static law_status decode_auth(uint8_t version, law_bytes frame, law_mqtt_message *m,
                              law_violation *violation) {
  law_cursor c = begin_with_flags(version, frame, m);
  const uint8_t *at = c.at;
  if (m->version != LAW_MQTT_5) {
    law_cursor_fail_at(&c, c.start, LAW_MQTT_RULE_RESERVED_TYPE);
    return finish(c, m, frame, violation);
  }
  set_absent(m);
  read_closing(&c, m);
  if (law_cursor_ok(&c)) {
    check_reason(&c, m, at, LAW_MQTT_RULE_AUTH_REASON);
    fail_unless(&c,
                m->present == 0 || has_property(&m->properties, LAW_MQTT_P_AUTHENTICATION_METHOD),
                at, LAW_MQTT_RULE_AUTH_METHOD);
  }
  return finish(c, m, frame, violation);
}

static law_status decode_reserved(uint8_t version, law_bytes frame, law_mqtt_message *m,
                                  law_violation *violation) {
  law_cursor c = begin_with_flags(version, frame, m);
  law_cursor_fail_at(&c, c.start, LAW_MQTT_RULE_RESERVED_TYPE);
  return finish(c, m, frame, violation);
}

typedef law_status (*decoder)(uint8_t version, law_bytes frame, law_mqtt_message *m,
                              law_violation *violation);

static const decoder decoders[16] = {
    [0] = decode_reserved,
    [LAW_MQTT_CONNECT] = decode_connect,
    [LAW_MQTT_CONNACK] = decode_connack,
    [LAW_MQTT_PUBLISH] = decode_publish,
    [LAW_MQTT_PUBACK] = decode_ack,
    [LAW_MQTT_PUBREC] = decode_ack,
    [LAW_MQTT_PUBREL] = decode_ack,
    [LAW_MQTT_PUBCOMP] = decode_ack,
    [LAW_MQTT_SUBSCRIBE] = decode_subscribe,
    [LAW_MQTT_SUBACK] = decode_suback,
    [LAW_MQTT_UNSUBSCRIBE] = decode_unsubscribe,
    [LAW_MQTT_UNSUBACK] = decode_unsuback,
    [LAW_MQTT_PINGREQ] = decode_ping,
    [LAW_MQTT_PINGRESP] = decode_ping,
    [LAW_MQTT_DISCONNECT] = decode_disconnect,
    [LAW_MQTT_AUTH] = decode_auth,
};

law_status law_mqtt_decode(uint8_t version, law_bytes frame, law_mqtt_message *out,
                           law_violation *violation) {
  uint8_t type = frame.len > 0 ? frame.data[0] >> 4 : 0;
  if (LAW_LIKELY(type == LAW_MQTT_PUBLISH)) { /* sooner known than where the table points */
    return decode_publish(version, frame, out, violation);
  }
  return decoders[type](version, frame, out, violation);
}
