#include <stdlib.h>

#include "peers/client/internal.h"

void law_client_forget_session(law_client *c, const char *why) {
  if (law_client_fault(c, FAULT_CLIENT_KEEPS_LOST_SESSION)) {
    return;
  }
  law_outgoing_clear(c, why);
  law_map_free(&c->incoming);
  law_map_free(&c->subscription_ids);
  law_free_bytes(&c->session_of);
}

static uint32_t number(const law_mqtt_message *m, uint8_t id, uint32_t otherwise) {
  return law_mqtt_property_number(&m->properties, id, otherwise);
}

static void take_limits(law_client *c, const law_mqtt_message *m) {
  law_limits *l = &c->limits;
  *l = (law_limits){UINT16_MAX, 0, UINT32_MAX, 2, true, true, true, true};
  if (m->version != LAW_MQTT_5) {
    l->alias_maximum = UINT16_MAX;
    return;
  }
  l->receive_maximum = (uint16_t)number(m, LAW_MQTT_P_RECEIVE_MAXIMUM, UINT16_MAX);
  law_mqtt_property first;
  law_list it = m->properties;
  if (law_client_fault(c, FAULT_CLIENT_PROPERTY_ORDER) && law_mqtt_next_property(&it, &first) &&
      first.id != LAW_MQTT_P_RECEIVE_MAXIMUM) {
    l->receive_maximum = UINT16_MAX;
  }
  l->alias_maximum = (uint16_t)number(m, LAW_MQTT_P_TOPIC_ALIAS_MAXIMUM, 0);
  l->maximum_packet_size = number(m, LAW_MQTT_P_MAXIMUM_PACKET_SIZE, UINT32_MAX);
  l->maximum_qos = (uint8_t)number(m, LAW_MQTT_P_MAXIMUM_QOS, 2);
  l->retain = number(m, LAW_MQTT_P_RETAIN_AVAILABLE, 1) != 0;
  l->wildcards = number(m, LAW_MQTT_P_WILDCARD_SUBSCRIPTION_AVAILABLE, 1) != 0;
  l->subscription_ids = number(m, LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER_AVAILABLE, 1) != 0;
  l->shared = number(m, LAW_MQTT_P_SHARED_SUBSCRIPTION_AVAILABLE, 1) != 0;
  uint16_t own = c->keep_alive;
  c->keep_alive = (uint16_t)number(m, LAW_MQTT_P_SERVER_KEEP_ALIVE, own);
  if (law_client_fault(c, FAULT_CLIENT_IGNORES_SERVER_KEEP_ALIVE) ||
      (own > c->keep_alive && law_client_fault(c, FAULT_CLIENT_LONGER_KEEP_ALIVE))) {
    c->keep_alive = own;
  }
  c->expiry = number(m, LAW_MQTT_P_SESSION_EXPIRY_INTERVAL, c->expiry);
}

static void tell(law_client *c, const law_mqtt_message *m) {
  law_client_event e = {.kind = LAW_CLIENT_CONNECTED,
                        .reason = m->reason,
                        .session_present = (m->ack_flags & 1) != 0};
  if (m->version == LAW_MQTT_5) {
    e.properties = m->properties;
  }
  c->sink(c->user, &e);
}

/* The client identifier the session belongs to from now on. */
static void own_session(law_client *c, const law_mqtt_message *m) {
  law_mqtt_property assigned;
  law_bytes id = c->connect.u.connect.client_id;
  if (m->version == LAW_MQTT_5 &&
      law_mqtt_property_of(&m->properties, LAW_MQTT_P_ASSIGNED_CLIENT_IDENTIFIER, &assigned)) {
    id = assigned.text;
  }
  law_bytes copy = law_copy_bytes(id);
  law_free_bytes(&c->session_of);
  c->session_of = copy;
}

static bool method_matches(const law_client *c, const law_mqtt_message *m) {
  law_mqtt_property p = {0};
  if (m->version != LAW_MQTT_5) {
    return true;
  }
  bool has = law_mqtt_property_of(&m->properties, LAW_MQTT_P_AUTHENTICATION_METHOD, &p);
  return (has ? law_bytes_equal(p.text, c->method) : c->method.len == 0) ||
         law_client_fault(c, FAULT_CLIENT_AUTH_UNCHECKED);
}

static bool refuses_wrongly(law_client *c, const law_mqtt_message *m) {
  law_mqtt_property p;
  law_list it = m->properties;
  uint32_t num = 0;
  while (m->version == LAW_MQTT_5 && law_mqtt_next_property(&it, &p)) {
    num += p.id == LAW_MQTT_P_USER_PROPERTY;
  }
  return num > 1 && law_client_fault(c, FAULT_CLIENT_CONNACK_USER_PROPERTY_ONCE);
}

void law_client_connack(law_client *c, const law_mqtt_message *m) {
  bool present = (m->ack_flags & 1) != 0, has_state = c->session_of.data != NULL;
  if (m->reason != 0) {
    tell(c, m);
    if (!law_client_fault(c, FAULT_CLIENT_REFUSED_STAYS)) {
      law_client_close(c, LAW_CLOSE_FIN, "the server refused the connection");
    }
    return;
  }
  c->state = LAW_CLIENT_OPEN;
  law_alarm_stop(&c->timers, &c->timeout);
  if (refuses_wrongly(c, m) || !method_matches(c, m)) {
    law_client_refuse(c, 0x82, "CONNACK names another authentication method");
    return;
  }
  if (present && !has_state && !law_client_fault(c, FAULT_CLIENT_UNKNOWN_SESSION_ACCEPTED)) {
    law_client_refuse(c, 0x82, "the server has a session that the client does not know");
    return;
  }
  if (!present && has_state && !law_client_fault(c, FAULT_CLIENT_CLEAN_START_KEEPS)) {
    law_client_forget_session(c, "the server has lost the session");
  }
  take_limits(c, m);
  own_session(c, m);
  tell(c, m);
  law_outgoing_resume(c);
  law_requests_pump(c, UINT64_MAX);
}
