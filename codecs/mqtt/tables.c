#include <stddef.h>

#include "mqtt/names.h"
#include "mqtt/properties.h"

/* ---- whether a field is there, as functions for the walkers ---- */

#define WHEN(packet, name, EXPRESSION)                             \
  static bool when_##packet##_##name(void *message, size_t left) { \
    law_mqtt_message *m = message;                                 \
    (void)m;                                                       \
    (void)left;                                                    \
    return EXPRESSION;                                             \
  }

#define FIELD(KIND, name, member, EXPRESSION, ...) WHEN(connect, name, EXPRESSION)
#define BITS(...)
#define CONNECT_FIELDS
#include "mqtt/packets.def"
#undef CONNECT_FIELDS

#define FIELD(KIND, name, member, EXPRESSION, ...) WHEN(connack, name, EXPRESSION)
#define BITS(...)
#define CONNACK_FIELDS
#include "mqtt/packets.def"
#undef CONNACK_FIELDS

#define FIELD(KIND, name, member, EXPRESSION, ...) WHEN(publish, name, EXPRESSION)
#define BITS(...)
#define PUBLISH_FIELDS
#include "mqtt/packets.def"
#undef PUBLISH_FIELDS

#define FIELD(KIND, name, member, EXPRESSION, ...) WHEN(ack, name, EXPRESSION)
#define BITS(...)
#define ACK_FIELDS
#include "mqtt/packets.def"
#undef ACK_FIELDS

#define FIELD(KIND, name, member, EXPRESSION, ...) WHEN(subscribe, name, EXPRESSION)
#define BITS(...)
#define SUBSCRIBE_FIELDS
#include "mqtt/packets.def"
#undef SUBSCRIBE_FIELDS

#define FIELD(KIND, name, member, EXPRESSION, ...) WHEN(unsubscribe, name, EXPRESSION)
#define BITS(...)
#define UNSUBSCRIBE_FIELDS
#include "mqtt/packets.def"
#undef UNSUBSCRIBE_FIELDS

#define FIELD(KIND, name, member, EXPRESSION, ...) WHEN(suback, name, EXPRESSION)
#define BITS(...)
#define SUBACK_FIELDS
#include "mqtt/packets.def"
#undef SUBACK_FIELDS

#define FIELD(KIND, name, member, EXPRESSION, ...) WHEN(unsuback, name, EXPRESSION)
#define BITS(...)
#define UNSUBACK_FIELDS
#include "mqtt/packets.def"
#undef UNSUBACK_FIELDS

#define FIELD(KIND, name, member, EXPRESSION, ...) WHEN(closing, name, EXPRESSION)
#define BITS(...)
#define CLOSING_FIELDS
#include "mqtt/packets.def"
#undef CLOSING_FIELDS

/* ---- lists ---- */

static const law_name retain_handling_names[] = {
    {0, 0, "send at subscribe"}, {1, 0, "send if new"}, {2, 0, "do not send"}, {0, 0, NULL}};

static bool when_options_of_5(void *message, size_t left) {
  (void)left;
  return ((const law_mqtt_message *)message)->version == LAW_MQTT_5;
}

static const law_field subscription_fields[] = {
    {.name = "filter", .kind = LAW_KIND_STRING},
    {.name = "options", .kind = LAW_KIND_U8, .flags = LAW_FIELD_CARRIER},
    {.name = "qos", .kind = LAW_KIND_BITS, .shift = 0, .width = 2},
    {.name = "no_local", .kind = LAW_KIND_BITS, .shift = 2, .width = 1, .when = when_options_of_5},
    {.name = "retain_as_published",
     .kind = LAW_KIND_BITS,
     .shift = 3,
     .width = 1,
     .when = when_options_of_5},
    {.name = "retain_handling",
     .kind = LAW_KIND_BITS,
     .shift = 4,
     .width = 2,
     .when = when_options_of_5,
     .names = retain_handling_names},
    {.name = "reserved", .kind = LAW_KIND_BITS, .shift = 6, .width = 2, .flags = LAW_FIELD_QUIET},
};

static const law_field filter_fields[] = {{.name = "filter", .kind = LAW_KIND_STRING}};

static const law_field reason_fields[] = {
    {.name = "reason", .kind = LAW_KIND_U8, .names = law_mqtt_reason_names}};

/* ---- the fields of each packet ---- */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NOTHING
#define IN_FLAGS(bits) \
  .implies_member = offsetof(law_mqtt_message, u.connect.flags), .implies_bits = (bits),
#define IN_PRESENT(bits) \
  .implies_member = offsetof(law_mqtt_message, present), .implies_bits = (bits),

/* What a kind of packets.def is in a span map. */
#define SPAN_U8 .kind = LAW_KIND_U8
#define SPAN_LEVEL .kind = LAW_KIND_U8
#define SPAN_FLAGS .kind = LAW_KIND_U8
#define SPAN_REASON .kind = LAW_KIND_U8, .names = law_mqtt_reason_names
#define SPAN_U16 .kind = LAW_KIND_U16
#define SPAN_PACKET_ID .kind = LAW_KIND_U16
#define SPAN_STRING .kind = LAW_KIND_STRING
#define SPAN_CLIENT_ID .kind = LAW_KIND_STRING
#define SPAN_WILL_TOPIC .kind = LAW_KIND_STRING
#define SPAN_WILL_PAYLOAD .kind = LAW_KIND_BINARY
#define SPAN_USER_NAME .kind = LAW_KIND_STRING
#define SPAN_PASSWORD .kind = LAW_KIND_BINARY
#define SPAN_PUBLISH_TOPIC .kind = LAW_KIND_STRING
#define SPAN_REST .kind = LAW_KIND_REST
#define TAGGED \
  .kind = LAW_KIND_TAGGED, .tags = law_mqtt_property_items, .num_tags = LAW_MQTT_NUM_PROPERTIES
#define SPAN_PROPERTIES TAGGED
#define SPAN_WILL_PROPERTIES TAGGED, .tag_scope = 1
#define LIST(fields) .kind = LAW_KIND_ITEMS, .items = (fields), .num_items = COUNT(fields)
#define SPAN_SUBSCRIPTIONS LIST(subscription_fields)
#define SPAN_FILTERS LIST(filter_fields)
#define SPAN_REASONS LIST(reason_fields)

#define DESCRIBE(packet, KIND, name_, member_, FLAGS, ...) \
  {.name = #name_,                                         \
   SPAN_##KIND,                                            \
   .member = offsetof(law_mqtt_message, member_),          \
   .when = when_##packet##_##name_,                        \
   .flags = (FLAGS),                                       \
   __VA_ARGS__},
#define DESCRIBE_BITS(name_, member_, SHIFT, WIDTH) \
  {.name = #name_,                                  \
   .kind = LAW_KIND_BITS,                           \
   .shift = (SHIFT),                                \
   .width = (WIDTH),                                \
   .member = offsetof(law_mqtt_message, member_)},

/* The fixed header: every packet's first two fields. PUBLISH's flags have names. */
#define FIRST                  \
  {.name = "first",            \
   .kind = LAW_KIND_U8,        \
   .flags = LAW_FIELD_CARRIER, \
   .member = offsetof(law_mqtt_message, first)},
#define FIRST_BITS(name_, SHIFT, WIDTH) DESCRIBE_BITS(name_, first, SHIFT, WIDTH)
#define REMAINING_LENGTH {.name = "remaining_length", .kind = LAW_KIND_LENGTH},
#define PACKET_TYPE            \
  {.name = "packet_type",      \
   .kind = LAW_KIND_BITS,      \
   .shift = 4,                 \
   .width = 4,                 \
   .flags = LAW_FIELD_CARRIER, \
   .member = offsetof(law_mqtt_message, first)},
#define HEADER FIRST PACKET_TYPE FIRST_BITS(flags, 0, 4) REMAINING_LENGTH
#define PUBLISH_HEADER                                                                   \
  FIRST PACKET_TYPE FIRST_BITS(dup, 3, 1) FIRST_BITS(qos, 1, 2) FIRST_BITS(retain, 0, 1) \
      REMAINING_LENGTH

static const law_field connect_fields[] = {HEADER
#define FIELD(KIND, name, member, EXPRESSION, IMPLIES, FLAGS) \
  DESCRIBE(connect, KIND, name, member, FLAGS, IMPLIES)
#define BITS DESCRIBE_BITS
#define CONNECT_FIELDS
#include "mqtt/packets.def"
#undef CONNECT_FIELDS
};

static const law_field connack_fields[] = {HEADER
#define FIELD(KIND, name, member, EXPRESSION, IMPLIES, FLAGS) \
  DESCRIBE(connack, KIND, name, member, FLAGS, IMPLIES)
#define BITS DESCRIBE_BITS
#define CONNACK_FIELDS
#include "mqtt/packets.def"
#undef CONNACK_FIELDS
};

static const law_field publish_fields[] = {PUBLISH_HEADER
#define FIELD(KIND, name, member, EXPRESSION, IMPLIES, FLAGS) \
  DESCRIBE(publish, KIND, name, member, FLAGS, IMPLIES)
#define BITS DESCRIBE_BITS
#define PUBLISH_FIELDS
#include "mqtt/packets.def"
#undef PUBLISH_FIELDS
};

static const law_field ack_fields[] = {HEADER
#define FIELD(KIND, name, member, EXPRESSION, IMPLIES, FLAGS) \
  DESCRIBE(ack, KIND, name, member, FLAGS, IMPLIES)
#define BITS DESCRIBE_BITS
#define ACK_FIELDS
#include "mqtt/packets.def"
#undef ACK_FIELDS
};

static const law_field subscribe_fields[] = {HEADER
#define FIELD(KIND, name, member, EXPRESSION, IMPLIES, FLAGS) \
  DESCRIBE(subscribe, KIND, name, member, FLAGS, IMPLIES)
#define BITS DESCRIBE_BITS
#define SUBSCRIBE_FIELDS
#include "mqtt/packets.def"
#undef SUBSCRIBE_FIELDS
};

static const law_field unsubscribe_fields[] = {HEADER
#define FIELD(KIND, name, member, EXPRESSION, IMPLIES, FLAGS) \
  DESCRIBE(unsubscribe, KIND, name, member, FLAGS, IMPLIES)
#define BITS DESCRIBE_BITS
#define UNSUBSCRIBE_FIELDS
#include "mqtt/packets.def"
#undef UNSUBSCRIBE_FIELDS
};

static const law_field suback_fields[] = {HEADER
#define FIELD(KIND, name, member, EXPRESSION, IMPLIES, FLAGS) \
  DESCRIBE(suback, KIND, name, member, FLAGS, IMPLIES)
#define BITS DESCRIBE_BITS
#define SUBACK_FIELDS
#include "mqtt/packets.def"
#undef SUBACK_FIELDS
};

static const law_field unsuback_fields[] = {HEADER
#define FIELD(KIND, name, member, EXPRESSION, IMPLIES, FLAGS) \
  DESCRIBE(unsuback, KIND, name, member, FLAGS, IMPLIES)
#define BITS DESCRIBE_BITS
#define UNSUBACK_FIELDS
#include "mqtt/packets.def"
#undef UNSUBACK_FIELDS
};

static const law_field closing_fields[] = {HEADER
#define FIELD(KIND, name, member, EXPRESSION, IMPLIES, FLAGS) \
  DESCRIBE(closing, KIND, name, member, FLAGS, IMPLIES)
#define BITS DESCRIBE_BITS
#define CLOSING_FIELDS
#include "mqtt/packets.def"
#undef CLOSING_FIELDS
};

static const law_field ping_fields[] = {HEADER};

/* ---- the packets ---- */

#define PACKET(NAME, fields) \
  static const law_type type_##NAME = {#NAME, LAW_MQTT_##NAME, fields, COUNT(fields), 0};
PACKET(CONNECT, connect_fields)
PACKET(CONNACK, connack_fields)
PACKET(PUBLISH, publish_fields)
PACKET(PUBACK, ack_fields)
PACKET(PUBREC, ack_fields)
PACKET(PUBREL, ack_fields)
PACKET(PUBCOMP, ack_fields)
PACKET(SUBSCRIBE, subscribe_fields)
PACKET(SUBACK, suback_fields)
PACKET(UNSUBSCRIBE, unsubscribe_fields)
PACKET(UNSUBACK, unsuback_fields)
PACKET(PINGREQ, ping_fields)
PACKET(PINGRESP, ping_fields)
PACKET(DISCONNECT, closing_fields)
PACKET(AUTH, closing_fields)

const law_type *const law_mqtt_types_by_code[16] = {
    NULL,          &type_CONNECT,     &type_CONNACK,
    &type_PUBLISH, &type_PUBACK,      &type_PUBREC,
    &type_PUBREL,  &type_PUBCOMP,     &type_SUBSCRIBE,
    &type_SUBACK,  &type_UNSUBSCRIBE, &type_UNSUBACK,
    &type_PINGREQ, &type_PINGRESP,    &type_DISCONNECT,
    &type_AUTH,
};
