#include <stdlib.h>
#include <string.h>

#include "peers/client/internal.h"

enum { SPOIL_ROOM = 4096 };

law_list law_copy_list(law_list list) {
  law_bytes copy = law_copy_bytes(law_bytes_of(list.data, list.len));
  return (law_list){copy.data, list.len, list.count};
}

static void note_sent(law_client *c) { c->sent_at = law_net_now(); }

bool law_client_send(law_client *c, law_mqtt_message *m) {
  if (c->state != LAW_CLIENT_WAITING && c->state != LAW_CLIENT_OPEN) {
    return false;
  }
  m->version = c->version;
  size_t len = law_mqtt_encode(m, NULL, 0), cap = len + SPOIL_ROOM;
  bool oversize = c->state == LAW_CLIENT_OPEN && len > c->limits.maximum_packet_size;
  if (oversize && !law_client_fault(c, FAULT_CLIENT_IGNORES_MAXIMUM_PACKET_SIZE)) {
    return false;
  }
  uint8_t *wire = law_alloc(cap);
  law_mqtt_encode(m, wire, cap);
  len = law_client_spoil(c, wire, len, cap);
  law_net_send(c->net, c->handle, law_bytes_of(wire, len), NULL);
  free(wire);
  note_sent(c);
  return true;
}

static law_mqtt_message blank(uint8_t type) {
  law_mqtt_message m;
  memset(&m, 0, sizeof m);
  m.first = (uint8_t)(type << 4);
  return m;
}

/* Faults of acknowledgements, by type. */
typedef struct ack_faults {
  uint8_t type;
  law_fault_id none, wrong_id, text, user;
} ack_faults;

static const ack_faults faults_of[] = {
    {LAW_MQTT_PUBACK, FAULT_CLIENT_NO_PUBACK, FAULT_CLIENT_PUBACK_WRONG_ID,
     FAULT_CLIENT_PUBACK_REASON_STRING_TOO_LARGE, FAULT_CLIENT_PUBACK_USER_PROPERTY_TOO_LARGE},
    {LAW_MQTT_PUBREC, FAULT_CLIENT_NO_PUBREC, FAULT_CLIENT_PUBREC_WRONG_ID,
     FAULT_CLIENT_PUBREC_REASON_STRING_TOO_LARGE, FAULT_CLIENT_PUBREC_USER_PROPERTY_TOO_LARGE},
    {LAW_MQTT_PUBREL, FAULT_CLIENT_NO_PUBREL, FAULT_CLIENT_PUBREL_WRONG_ID,
     FAULT_CLIENT_PUBREL_REASON_STRING_TOO_LARGE, FAULT_CLIENT_PUBREL_USER_PROPERTY_TOO_LARGE},
    {LAW_MQTT_PUBCOMP, FAULT_CLIENT_NO_PUBCOMP, FAULT_CLIENT_PUBCOMP_WRONG_ID,
     FAULT_CLIENT_PUBCOMP_REASON_STRING_TOO_LARGE, FAULT_CLIENT_PUBCOMP_USER_PROPERTY_TOO_LARGE},
    {LAW_MQTT_DISCONNECT, LAW_NUM_FAULTS, LAW_NUM_FAULTS,
     FAULT_CLIENT_DISCONNECT_REASON_STRING_TOO_LARGE,
     FAULT_CLIENT_DISCONNECT_USER_PROPERTY_TOO_LARGE},
    {LAW_MQTT_AUTH, LAW_NUM_FAULTS, LAW_NUM_FAULTS, FAULT_CLIENT_AUTH_REASON_STRING_TOO_LARGE,
     FAULT_CLIENT_AUTH_USER_PROPERTY_TOO_LARGE},
};

static const ack_faults *faults_for(uint8_t type) {
  for (size_t i = 0; i < sizeof faults_of / sizeof faults_of[0]; i++) {
    if (faults_of[i].type == type) {
      return &faults_of[i];
    }
  }
  return NULL;
}

/* Faults that explain themselves although that does not fit: only towards servers with a small
 * maximum. */
void law_client_send_explained(law_client *c, law_mqtt_message *m) {
  uint8_t text[600], memory[1200];
  law_writer w = law_writer_of(memory, sizeof memory);
  const ack_faults *f = faults_for(law_mqtt_type_of(m));
  bool is_text = law_client_fault(c, f->text), is_user = law_client_fault(c, f->user);
  if ((!is_text && !is_user) || c->limits.maximum_packet_size > sizeof text) {
    law_client_send(c, m);
    return;
  }
  memset(text, 'x', sizeof text);
  law_write_bytes(&w, law_bytes_of(m->properties.data, m->properties.len));
  m->present = LAW_MQTT_HAS_REASON | LAW_MQTT_HAS_PROPERTIES;
  m->properties.data = memory;
  if (is_text) {
    law_mqtt_add_text(&w, &m->properties, LAW_MQTT_P_REASON_STRING,
                      law_bytes_of(text, sizeof text));
  } else {
    law_mqtt_add_pair(&w, &m->properties, law_bytes_text("why"), law_bytes_of(text, sizeof text));
  }
  uint32_t limit = c->limits.maximum_packet_size;
  c->limits.maximum_packet_size = UINT32_MAX;
  law_client_send(c, m);
  c->limits.maximum_packet_size = limit;
}

void law_client_ack(law_client *c, uint8_t type, uint16_t packet_id, uint8_t reason) {
  const ack_faults *f = faults_for(type);
  law_mqtt_message m = blank(type);
  if (type == LAW_MQTT_PUBREL) {
    m.first |= 2;
  }
  if (law_client_fault(c, f->none)) {
    return;
  }
  m.packet_id = packet_id;
  if (law_client_fault(c, f->wrong_id)) {
    m.packet_id = packet_id == UINT16_MAX ? 1 : (uint16_t)(packet_id + 1);
  }
  m.reason = reason;
  m.present = reason != 0 ? LAW_MQTT_HAS_REASON : 0;
  law_client_send_explained(c, &m);
}

void law_client_refuse(law_client *c, uint8_t reason, const char *why) {
  law_mqtt_message m = blank(LAW_MQTT_DISCONNECT);
  bool strikes = c->handling == LAW_MQTT_SUBACK;
  if (c->stays || (strikes && law_client_fault(c, FAULT_CLIENT_NEVER_CLOSES))) {
    return;
  }
  m.reason = strikes && law_client_fault(c, FAULT_CLIENT_DISCONNECT_UNSPECIFIC) ? 0x80 : reason;
  m.present = LAW_MQTT_HAS_REASON;
  bool says = c->version == LAW_MQTT_5 && c->state == LAW_CLIENT_OPEN;
  if (says && !(strikes && law_client_fault(c, FAULT_CLIENT_CLOSES_SILENTLY))) {
    law_client_send(c, &m);
  }
  if (says && strikes && law_client_fault(c, FAULT_CLIENT_DISCONNECT_LEFT_OPEN)) {
    return;
  }
  law_client_close(c, LAW_CLOSE_FIN, why);
}

/* Parts of the session that faults lose with the connection. */
static void forget(law_client *c) {
  c->old_receive_maximum = c->limits.receive_maximum;
  if (law_client_fault(c, FAULT_CLIENT_FORGETS_QOS2_RECEIVED)) {
    law_map_free(&c->incoming);
  }
  if (law_client_fault(c, FAULT_CLIENT_FORGETS_ALL)) {
    law_outgoing_clear(c, "a fault");
  }
}

void law_client_close(law_client *c, law_close how, const char *why) {
  if (c->state == LAW_CLIENT_IDLE) {
    return;
  }
  law_net_close(c->net, c->handle, how);
  forget(c);
  law_alarm_stop(&c->timers, &c->timeout);
  law_alarm_stop(&c->timers, &c->ping);
  law_incoming_forget_aliases(c);
  c->handle = 0;
  c->state = LAW_CLIENT_IDLE;
  law_client_event e = {.kind = LAW_CLIENT_CLOSED, .detail = why};
  c->sink(c->user, &e);
  law_requests_clear(c, "the connection is closed");
  if (c->expiry == 0) {
    law_client_forget_session(c, "the connection is closed");
  }
}

void law_client_done(law_client *c, const char *verb) {
  law_client_event e = {.kind = LAW_CLIENT_DONE, .verb = verb};
  c->sink(c->user, &e);
}

void law_client_failed(law_client *c, const char *verb, const char *detail) {
  law_client_event e = {.kind = LAW_CLIENT_ERROR, .verb = verb, .detail = detail};
  c->sink(c->user, &e);
}

uint16_t law_client_unused_id(law_client *c, uint8_t qos) {
  if (law_client_fault(c, FAULT_CLIENT_PACKET_ID_ZERO)) {
    return 0;
  }
  if (law_client_fault(c, FAULT_CLIENT_PACKET_ID_REUSED) ||
      (qos == 2 && law_client_fault(c, FAULT_CLIENT_PACKET_ID_REUSED_QOS2))) {
    return 1;
  }
  if (qos == 0 && law_client_fault(c, FAULT_CLIENT_ID_SETS_APART)) {
    return ++c->last_request_id;
  }
  do {
    c->last_packet_id++;
  } while (c->last_packet_id == 0 || law_outgoing_uses(c, c->last_packet_id) ||
           law_requests_use(c, c->last_packet_id));
  return c->last_packet_id;
}
