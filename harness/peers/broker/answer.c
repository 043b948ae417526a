#include "peers/broker/answer.h"

#include <string.h>

enum { PROPERTIES_CAP = 1024, LONG_TEXT = 600 };

static const uint8_t long_text[LONG_TEXT] = {[0 ... LONG_TEXT - 1] = 'x'};

/* 5.0 section 3.1.2.11.7: only these may explain themselves to a client that asked for no problem
 * information. */
static bool may_explain(const law_link *c, uint8_t type) {
  return c->problem_information || type == LAW_MQTT_CONNACK || type == LAW_MQTT_DISCONNECT;
}

/* Faults of one rule that each packet states for itself. */
typedef struct type_faults {
  uint8_t type;
  law_fault_id reason, long_reason, long_user;
} type_faults;

static const type_faults faults_of[] = {
    {LAW_MQTT_PUBACK, FAULT_PUBACK_REASON_RESERVED, FAULT_PUBACK_REASON_STRING_TOO_LARGE,
     FAULT_PUBACK_USER_PROPERTY_TOO_LARGE},
    {LAW_MQTT_PUBREC, FAULT_PUBREC_REASON_RESERVED, FAULT_PUBREC_REASON_STRING_TOO_LARGE,
     FAULT_PUBREC_USER_PROPERTY_TOO_LARGE},
    {LAW_MQTT_PUBREL, FAULT_PUBREL_REASON_RESERVED, FAULT_PUBREL_REASON_STRING_TOO_LARGE,
     FAULT_PUBREL_USER_PROPERTY_TOO_LARGE},
    {LAW_MQTT_PUBCOMP, FAULT_PUBCOMP_REASON_RESERVED, FAULT_PUBCOMP_REASON_STRING_TOO_LARGE,
     FAULT_PUBCOMP_USER_PROPERTY_TOO_LARGE},
    {LAW_MQTT_SUBACK, LAW_NUM_FAULTS, FAULT_SUBACK_REASON_STRING_TOO_LARGE,
     FAULT_SUBACK_USER_PROPERTY_TOO_LARGE},
    {LAW_MQTT_UNSUBACK, LAW_NUM_FAULTS, FAULT_UNSUBACK_REASON_STRING_TOO_LARGE,
     FAULT_UNSUBACK_USER_PROPERTY_TOO_LARGE},
    {LAW_MQTT_DISCONNECT, FAULT_DISCONNECT_REASON_RESERVED,
     FAULT_DISCONNECT_REASON_STRING_TOO_LARGE, FAULT_DISCONNECT_USER_PROPERTY_TOO_LARGE},
    {LAW_MQTT_AUTH, FAULT_AUTH_REASON_RESERVED, FAULT_AUTH_REASON_STRING_TOO_LARGE,
     FAULT_AUTH_USER_PROPERTY_TOO_LARGE},
    {LAW_MQTT_CONNACK, LAW_NUM_FAULTS, FAULT_CONNACK_REASON_STRING_TOO_LARGE,
     FAULT_CONNACK_USER_PROPERTY_TOO_LARGE},
};

static const type_faults *faults_for(uint8_t type) {
  for (size_t i = 0; i < sizeof faults_of / sizeof faults_of[0]; i++) {
    if (faults_of[i].type == type) {
      return &faults_of[i];
    }
  }
  return NULL;
}

static bool is_on(const law_link *c, law_fault_id id) {
  return id != LAW_NUM_FAULTS && law_fault(c->broker, id);
}

/* The explanation that a fault makes the broker give against the client's will; true when sent. */
static bool explain_wrongly(law_link *c, law_mqtt_message *m, law_writer *w) {
  uint8_t type = law_mqtt_type_of(m);
  const type_faults *f = faults_for(type);
  law_bytes text = law_bytes_of(
      long_text, c->maximum_packet_size < LONG_TEXT ? c->maximum_packet_size : LONG_TEXT);
  if (!may_explain(c, type) && law_fault(c->broker, FAULT_EXPLAIN_UNASKED)) {
    law_mqtt_add_text(w, &m->properties, LAW_MQTT_P_REASON_STRING, law_bytes_text("unasked"));
  } else if (f == NULL || c->maximum_packet_size > LONG_TEXT) {
    return false;
  } else if (is_on(c, f->long_reason)) {
    law_mqtt_add_text(w, &m->properties, LAW_MQTT_P_REASON_STRING, text);
  } else if (is_on(c, f->long_user)) {
    law_mqtt_add_pair(w, &m->properties, law_bytes_text("why"), text);
  } else {
    return false;
  }
  m->present = LAW_MQTT_HAS_REASON | LAW_MQTT_HAS_PROPERTIES;
  return law_link_send_oversize(c, m);
}

bool law_answer_send(law_link *c, law_mqtt_message *m, law_writer *w, const char *text) {
  law_list plain = m->properties;
  uint8_t present = m->present;
  size_t len = w->len;
  if (c->version == LAW_MQTT_5 && explain_wrongly(c, m, w)) {
    return true;
  }
  if (c->version == LAW_MQTT_5 && text != NULL && may_explain(c, law_mqtt_type_of(m))) {
    law_mqtt_add_text(w, &m->properties, LAW_MQTT_P_REASON_STRING, law_bytes_text(text));
    m->present = LAW_MQTT_HAS_REASON | LAW_MQTT_HAS_PROPERTIES;
    if (law_link_send(c, m)) {
      return true;
    }
    m->properties = plain;
    m->present = present;
    w->len = len;
  }
  return law_link_send(c, m);
}

/* A message of |type| whose properties are written to |memory|. */
static law_mqtt_message begin(law_link *c, uint8_t type, law_writer *w, uint8_t *memory) {
  law_mqtt_message m;
  memset(&m, 0, sizeof m);
  m.first = (uint8_t)(type << 4);
  m.version = c->version;
  *w = law_writer_of(memory, PROPERTIES_CAP);
  m.properties.data = memory;
  return m;
}

/* Faults strike where few packets go: at the highest packet identifier, at a session taken over. */
enum { STRIKE_ID = 0xFFFF, STRIKE_REASON = 0x8E };

static uint8_t reason_or_fault(const law_link *c, uint8_t type, uint8_t reason, bool strikes) {
  const type_faults *f = faults_for(type);
  return strikes && f != NULL && is_on(c, f->reason) ? 0x7F : reason;
}

typedef struct id_faults {
  uint8_t type;
  law_fault_id wrong, none;
} id_faults;

static const id_faults id_faults_of[] = {
    {LAW_MQTT_PUBACK, FAULT_PUBACK_WRONG_ID, FAULT_NO_PUBACK},
    {LAW_MQTT_PUBREC, FAULT_PUBREC_WRONG_ID, FAULT_NO_PUBREC},
    {LAW_MQTT_PUBREL, FAULT_PUBREL_WRONG_ID, FAULT_NO_PUBREL},
    {LAW_MQTT_PUBCOMP, FAULT_PUBCOMP_WRONG_ID, FAULT_NO_PUBCOMP},
    {LAW_MQTT_SUBACK, FAULT_SUBACK_WRONG_ID, FAULT_NO_SUBACK},
    {LAW_MQTT_UNSUBACK, FAULT_UNSUBACK_WRONG_ID, FAULT_NO_UNSUBACK},
};

/* Whether faults leave |type| with |*id| to be sent, and with which identifier. PUBREL has
 * identifiers of the server's own, which start low. */
static bool id_or_fault(const law_link *c, uint8_t type, uint16_t *id) {
  const law_broker *b = c->broker;
  if (type == LAW_MQTT_PUBACK && *id > 0xFF && law_fault(b, FAULT_PACKET_ID_LITTLE_ENDIAN)) {
    *id = (uint16_t)((*id << 8) | (*id >> 8));
  }
  bool other = (type == LAW_MQTT_SUBACK && law_fault(b, FAULT_SUBACK_OTHER_ID)) ||
               (type == LAW_MQTT_UNSUBACK && law_fault(b, FAULT_UNSUBACK_OTHER_ID));
  if (other && *id == STRIKE_ID - 1) {
    *id = 1;
  }
  if (type != LAW_MQTT_PUBREL && *id != STRIKE_ID) {
    return true;
  }
  for (size_t i = 0; i < sizeof id_faults_of / sizeof id_faults_of[0]; i++) {
    if (id_faults_of[i].type != type) {
      continue;
    }
    if (law_fault(b, id_faults_of[i].none)) {
      return false;
    }
    if (law_fault(b, id_faults_of[i].wrong)) {
      *id = *id == STRIKE_ID ? 1 : (uint16_t)(*id + 1);
    }
  }
  return true;
}

void law_answer_ack(law_link *c, uint8_t type, uint16_t packet_id, uint8_t reason,
                    const char *text) {
  uint8_t memory[PROPERTIES_CAP];
  law_writer w;
  law_mqtt_message m = begin(c, type, &w, memory);
  if (type == LAW_MQTT_PUBREL) {
    m.first |= law_fault(c->broker, FAULT_PUBREL_FLAGS) ? 0 : 2;
  }
  bool strikes = type == LAW_MQTT_PUBREL || packet_id == STRIKE_ID;
  m.packet_id = packet_id;
  if (!id_or_fault(c, type, &m.packet_id)) {
    return;
  }
  m.reason = reason_or_fault(c, type, reason, strikes);
  m.present = m.reason != 0 ? LAW_MQTT_HAS_REASON : 0;
  law_answer_send(c, &m, &w, text);
}

void law_answer_reasons(law_link *c, uint8_t type, uint16_t packet_id, const uint8_t *reasons,
                        size_t num) {
  uint8_t memory[PROPERTIES_CAP];
  law_writer w;
  law_mqtt_message m = begin(c, type, &w, memory);
  m.packet_id = packet_id;
  if (!id_or_fault(c, type, &m.packet_id)) {
    return;
  }
  if (packet_id == STRIKE_ID && law_fault(c->broker, FAULT_SUBACK_EMPTY)) {
    num = 0;
  }
  m.u.reasons = (law_list){reasons, (uint32_t)num, (uint32_t)num};
  if (packet_id == STRIKE_ID) {
    law_add_bad_property(c->broker, &m, &w);
  }
  law_answer_send(c, &m, &w, NULL);
  if (packet_id == STRIKE_ID && type == LAW_MQTT_UNSUBACK &&
      law_fault(c->broker, FAULT_UNSUBACK_TRAILING) && c->out.len > 0) {
    c->out.data[c->out.len++ - law_mqtt_encode(&m, NULL, 0) + 1]--;
    c->out.len--;
  }
}

/* The generated faults "send:<requirement>" (strings and numbers only; see faults.h). */
void law_add_bad_property(const law_broker *b, law_mqtt_message *m, law_writer *w) {
  law_bad_property bad;
  if (m->version != LAW_MQTT_5 ||
      !law_faults_bad_property(&b->config.faults, law_mqtt_type_of(m), &bad)) {
    return;
  }
  for (uint32_t i = 0; i < bad.times; i++) {
    if (bad.is_text) {
      law_mqtt_add_text(w, &m->properties, bad.id, law_bytes_text("x"));
    } else {
      law_mqtt_add_number(w, &m->properties, bad.id, bad.number);
    }
  }
}

void law_answer_pingresp(law_link *c) {
  uint8_t memory[PROPERTIES_CAP];
  law_writer w;
  law_mqtt_message m = begin(c, LAW_MQTT_PINGRESP, &w, memory);
  if (c->num_packets == 1 && law_fault(c->broker, FAULT_PINGRESP_WITH_BYTES)) {
    static const uint8_t long_form[] = {LAW_MQTT_PINGRESP << 4, 1, 0};
    law_link_send_bytes(c, law_bytes_of(long_form, sizeof long_form));
    return;
  }
  law_link_send(c, &m);
}

void law_answer_disconnect(law_link *c, uint8_t reason, const char *text) {
  uint8_t memory[PROPERTIES_CAP];
  law_writer w;
  bool bad = c->handling == LAW_MQTT_UNSUBSCRIBE, strikes = reason == STRIKE_REASON;
  if (c->version != LAW_MQTT_5 || (bad && law_fault(c->broker, FAULT_CLOSE_WITHOUT_DISCONNECT))) {
    return;
  }
  law_mqtt_message m = begin(c, LAW_MQTT_DISCONNECT, &w, memory);
  m.reason = reason_or_fault(c, LAW_MQTT_DISCONNECT, reason, strikes);
  if (bad && law_fault(c->broker, FAULT_DISCONNECT_UNSPECIFIC)) {
    m.reason = 0x80;
  }
  if (strikes && law_fault(c->broker, FAULT_DISCONNECT_CLIENTS_REASON)) {
    m.reason = 0x04;
  }
  m.present = LAW_MQTT_HAS_REASON;
  if (strikes && law_fault(c->broker, FAULT_DISCONNECT_SESSION_EXPIRY)) {
    law_mqtt_add_number(&w, &m.properties, LAW_MQTT_P_SESSION_EXPIRY_INTERVAL, 10);
    m.present |= LAW_MQTT_HAS_PROPERTIES;
  }
  law_answer_send(c, &m, &w, text);
  if (strikes && law_fault(c->broker, FAULT_SEND_AFTER_DISCONNECT)) {
    law_answer_pingresp(c);
  }
}

void law_answer_connack_error(law_link *c, uint8_t reason, const char *text) {
  uint8_t memory[PROPERTIES_CAP];
  law_writer w;
  law_mqtt_message m = begin(c, LAW_MQTT_CONNACK, &w, memory);
  m.reason = reason;
  if (law_fault(c->broker, FAULT_REFUSED_WITH_SESSION_PRESENT)) {
    m.ack_flags = 1;
  }
  if (c->version == LAW_MQTT_5 && reason == 0x81 &&
      law_fault(c->broker, FAULT_DISCONNECT_INSTEAD_OF_CONNACK)) {
    m.first = LAW_MQTT_DISCONNECT << 4;
    m.present = LAW_MQTT_HAS_REASON;
  }
  law_answer_send(c, &m, &w, text);
}

void law_answer_auth(law_link *c, uint8_t reason, law_bytes method, law_bytes data) {
  uint8_t memory[PROPERTIES_CAP];
  law_writer w;
  law_mqtt_message m = begin(c, LAW_MQTT_AUTH, &w, memory);
  m.reason = reason_or_fault(c, LAW_MQTT_AUTH, reason, true);
  m.present = LAW_MQTT_HAS_REASON | LAW_MQTT_HAS_PROPERTIES;
  law_mqtt_add_text(&w, &m.properties, LAW_MQTT_P_AUTHENTICATION_METHOD, method);
  if (data.len > 0) {
    law_mqtt_add_text(&w, &m.properties, LAW_MQTT_P_AUTHENTICATION_DATA, data);
  }
  law_answer_send(c, &m, &w, NULL);
}
