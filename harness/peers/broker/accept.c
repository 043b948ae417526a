#include "peers/broker/accept.h"

#include <string.h>

#include "peers/broker/answer.h"
#include "peers/broker/connect.h"

/* Statements that repeat what the decoder checks under another id: a violation of |found| in a
 * packet of |type| (0: any) is let pass. */
typedef struct alias_row {
  law_fault_id fault;
  uint8_t type;
  law_requirement found[6];
} alias_row;

#define BAD_TEXT_5 LAW_R_MQTT5_1_5_4_1, LAW_R_MQTT5_1_5_4_2
#define BAD_TEXT_311 LAW_R_MQTT311_1_5_3_1, LAW_R_MQTT311_1_5_3_2
#define LEFT_OVER LAW_R_MQTT5_2_1_4_TRAILING, LAW_R_MQTT311_2_2_3_TRAILING

static const alias_row aliases[] = {
    {FAULT_USER_PROPERTY_TEXT_UNCHECKED, 0, {BAD_TEXT_5}},
    {FAULT_DATA_TYPE_UNCHECKED,
     LAW_MQTT_CONNECT,
     {LAW_R_MQTT5_2_2_2_1_OVERRUN, LAW_R_MQTT5_2_2_2_2_IDENTIFIER, LAW_R_MQTT5_1_5_4_LENGTH,
      LAW_R_MQTT5_1_5_6_LENGTH}},
    {FAULT_PAYLOAD_MISSING_ACCEPTED,
     LAW_MQTT_CONNECT,
     {LAW_R_MQTT5_3_1_3_3, LAW_R_MQTT311_3_1_3_3}},
    {FAULT_PAYLOAD_MISSING_ACCEPTED, LAW_MQTT_SUBSCRIBE, {LAW_R_MQTT5_3_8_3_2}},
    {FAULT_PAYLOAD_MISSING_ACCEPTED, LAW_MQTT_UNSUBSCRIBE, {LAW_R_MQTT5_3_10_3_2}},
    {FAULT_FLAGS_UNCHECKED,
     0,
     {LAW_R_MQTT311_2_2_2_1, LAW_R_MQTT311_3_6_1_1, LAW_R_MQTT311_3_8_1_1, LAW_R_MQTT311_3_10_1_1,
      LAW_R_MQTT311_3_14_1_1}},
    {FAULT_USER_NAME_UNANNOUNCED, LAW_MQTT_CONNECT, {LEFT_OVER}},
    {FAULT_PASSWORD_UNANNOUNCED, LAW_MQTT_CONNECT, {LEFT_OVER}},
    {FAULT_USER_NAME_MISSING, LAW_MQTT_CONNECT, {LAW_R_MQTT5_3_1_2_17, LAW_R_MQTT311_3_1_2_19}},
    {FAULT_PASSWORD_MISSING, LAW_MQTT_CONNECT, {LAW_R_MQTT5_3_1_2_19, LAW_R_MQTT311_3_1_2_21}},
    {FAULT_WILL_MISSING, LAW_MQTT_CONNECT, {LAW_R_MQTT5_3_1_2_9, LAW_R_MQTT311_3_1_2_9}},
    {FAULT_WILL_UNANNOUNCED,
     LAW_MQTT_CONNECT,
     {LEFT_OVER, LAW_R_MQTT311_3_1_2_13, LAW_R_MQTT311_3_1_2_15}},
    {FAULT_CLIENT_ID_MISSING, LAW_MQTT_CONNECT, {LAW_R_MQTT5_3_1_3_3, LAW_R_MQTT311_3_1_3_3}},
    {FAULT_CLIENT_ID_TEXT_UNCHECKED, LAW_MQTT_CONNECT, {BAD_TEXT_5, BAD_TEXT_311}},
    {FAULT_WILL_TOPIC_TEXT_UNCHECKED, LAW_MQTT_CONNECT, {BAD_TEXT_5, BAD_TEXT_311}},
    {FAULT_USER_NAME_TEXT_UNCHECKED, LAW_MQTT_CONNECT, {BAD_TEXT_5, BAD_TEXT_311}},
    {FAULT_CONNECT_FORMAT_UNCHECKED, LAW_MQTT_CONNECT, {LEFT_OVER}},
    {FAULT_TOPIC_TEXT_UNCHECKED, LAW_MQTT_PUBLISH, {BAD_TEXT_5, BAD_TEXT_311}},
    {FAULT_RESPONSE_TOPIC_TEXT_UNCHECKED, LAW_MQTT_PUBLISH, {BAD_TEXT_5}},
    {FAULT_CONTENT_TYPE_TEXT_UNCHECKED, LAW_MQTT_PUBLISH, {BAD_TEXT_5}},
    {FAULT_FILTER_TEXT_UNCHECKED, LAW_MQTT_SUBSCRIBE, {BAD_TEXT_5, BAD_TEXT_311}},
    {FAULT_UNSUBSCRIBE_TEXT_UNCHECKED, LAW_MQTT_UNSUBSCRIBE, {BAD_TEXT_5, BAD_TEXT_311}},
    {FAULT_EMPTY_CLIENT_ID_KEPT, LAW_MQTT_CONNECT, {LAW_R_MQTT311_3_1_3_7}},
    {FAULT_UNKNOWN_LEVEL_ACCEPTED, LAW_MQTT_CONNECT, {LAW_R_MQTT5_3_1_2_2_VALUE}},
    /* A name that is no version's is judged by the version that the broker assumes. */
    {FAULT_OTHER_NAME_ACCEPTED,
     LAW_MQTT_CONNECT,
     {LAW_R_MQTT311_3_1_2_1_NAME, LAW_R_MQTT5_3_1_2_1}},
    {FAULT_TOPIC_NUL_UNCHECKED, 0, {LAW_R_MQTT5_1_5_4_2, LAW_R_MQTT311_1_5_3_2}},
};

static bool is_among(law_requirement r, const law_requirement *list, size_t num) {
  for (size_t i = 0; i < num; i++) {
    if (list[i] == r) {
      return r != LAW_R_NONE;
    }
  }
  return false;
}

static bool is_let_pass(const law_broker *b, uint8_t type, law_requirement found) {
  for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
    const alias_row *row = &aliases[i];
    if (law_fault(b, row->fault) && (row->type == 0 || row->type == type) &&
        is_among(found, row->found, sizeof row->found / sizeof row->found[0])) {
      return true;
    }
  }
  return false;
}

law_tolerance law_tolerance_of(const law_link *c, law_requirement found) {
  const law_faults *f = &c->broker->config.faults;
  if (law_faults_accepts(f, found)) {
    return LAW_TAKE;
  }
  if (law_faults_stays(f, found)) {
    return LAW_REPORT;
  }
  if (!is_let_pass(c->broker, c->handling, found)) {
    return LAW_REFUSE;
  }
  return c->version == LAW_MQTT_5 && c->handling != LAW_MQTT_CONNECT ? LAW_REPORT : LAW_TAKE;
}

/* Behind the fixed header. */
static law_bytes body_of(law_bytes wire) {
  size_t at = 1;
  while (at < wire.len && at < 4 && (wire.data[at] & 0x80) != 0) {
    at++;
  }
  at++;
  return at <= wire.len ? law_bytes_of(wire.data + at, wire.len - at) : law_bytes_of(NULL, 0);
}

static uint16_t id_at(law_bytes body, size_t at) {
  uint16_t id = body.len >= at + 2 ? law_load_u16(body.data + at) : 0;
  return id != 0 ? id : 1;
}

static void accept_connect(law_link *c, law_bytes body) {
  law_mqtt_message m;
  memset(&m, 0, sizeof m);
  size_t name = body.len >= 2 ? law_load_u16(body.data) : 0;
  uint8_t level = body.len > name + 2 ? body.data[name + 2] : LAW_MQTT_5;
  m.version = level == LAW_MQTT_311 || level == LAW_MQTT_31 ? level : LAW_MQTT_5;
  m.u.connect.flags = LAW_MQTT_CLEAN_START;
  c->version = m.version;
  law_connect_accept(c, &m, law_bytes_of(NULL, 0));
}

static void accept_publish(law_link *c, law_bytes wire, law_bytes body) {
  uint8_t qos = (wire.data[0] >> 1) & 3;
  size_t topic = body.len >= 2 ? law_load_u16(body.data) : 0;
  if (qos == 1) {
    law_answer_ack(c, LAW_MQTT_PUBACK, id_at(body, topic + 2), 0, NULL);
  } else if (qos == 2) {
    law_answer_ack(c, LAW_MQTT_PUBREC, id_at(body, topic + 2), 0, NULL);
  }
}

void law_accept_bad(law_link *c, law_bytes wire) {
  static const uint8_t granted[1] = {0};
  law_bytes body = body_of(wire);
  uint8_t type = wire.len > 0 ? wire.data[0] >> 4 : 0;
  if (c->state == LAW_LINK_NEW) {
    if (type == LAW_MQTT_CONNECT) {
      accept_connect(c, body);
    }
    return;
  }
  switch (type) {
    case LAW_MQTT_PUBLISH:
      accept_publish(c, wire, body);
      break;
    case LAW_MQTT_PUBREL:
      law_answer_ack(c, LAW_MQTT_PUBCOMP, id_at(body, 0), 0, NULL);
      break;
    case LAW_MQTT_SUBSCRIBE:
      law_answer_reasons(c, LAW_MQTT_SUBACK, id_at(body, 0), granted, 1);
      break;
    case LAW_MQTT_UNSUBSCRIBE:
      law_answer_reasons(c, LAW_MQTT_UNSUBACK, id_at(body, 0), granted, 1);
      break;
    case LAW_MQTT_PINGREQ:
      law_answer_pingresp(c);
      break;
    default:
      break;
  }
}
