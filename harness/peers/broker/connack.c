#include "peers/broker/connack.h"

#include <stdio.h>
#include <string.h>

#include "peers/broker/answer.h"

enum { CAP = 2048 };

/* The properties under way. */
typedef struct out {
  law_link *conn;
  law_writer w;
  law_list list;
  bool strikes;
  uint8_t left_out; /* a "send:" fault sends this one itself */
} out;

static void number(out *o, uint8_t id, uint32_t value) {
  if (id != o->left_out) {
    law_mqtt_add_number(&o->w, &o->list, id, value);
  }
}

static void add_limits(out *o) {
  const law_broker *b = o->conn->broker;
  const law_broker_config *config = &b->config;
  number(o, LAW_MQTT_P_RECEIVE_MAXIMUM, config->receive_maximum);
  number(o, LAW_MQTT_P_MAXIMUM_PACKET_SIZE, config->maximum_packet_size);
  if (config->topic_alias_maximum > 0) {
    number(o, LAW_MQTT_P_TOPIC_ALIAS_MAXIMUM, config->topic_alias_maximum);
  }
  if (config->maximum_qos < 2 && !law_fault(b, FAULT_MAXIMUM_QOS_NOT_TOLD)) {
    number(o, LAW_MQTT_P_MAXIMUM_QOS, config->maximum_qos);
  }
}

static void add_features(out *o) {
  const law_broker_config *config = &o->conn->broker->config;
  if (config->no_retain) {
    number(o, LAW_MQTT_P_RETAIN_AVAILABLE, 0);
  }
  if (config->no_wildcards) {
    number(o, LAW_MQTT_P_WILDCARD_SUBSCRIPTION_AVAILABLE, 0);
  }
  if (config->no_subscription_ids) {
    number(o, LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER_AVAILABLE, 0);
  }
  if (config->no_shared) {
    number(o, LAW_MQTT_P_SHARED_SUBSCRIPTION_AVAILABLE, 0);
  }
}

static void add_authentication(out *o, law_bytes data) {
  const law_link *c = o->conn;
  law_bytes method = c->method;
  if (method.len == 0 && o->strikes && law_fault(c->broker, FAULT_CONNACK_METHOD_UNASKED)) {
    method = law_bytes_text("wirelaw-echo");
  }
  if (method.len == 0 || (c->method.len > 0 && law_fault(c->broker, FAULT_CONNACK_METHOD_LOST))) {
    return;
  }
  law_mqtt_add_text(&o->w, &o->list, LAW_MQTT_P_AUTHENTICATION_METHOD, method);
  if (data.len > 0) {
    law_mqtt_add_text(&o->w, &o->list, LAW_MQTT_P_AUTHENTICATION_DATA, data);
  }
}

/* Where the client may let others answer (4.10). */
static void add_response_information(out *o) {
  char text[48];
  const law_link *c = o->conn;
  if (c->response_information ||
      (c->response_refused && law_fault(c->broker, FAULT_RESPONSE_INFORMATION_UNASKED))) {
    int len = snprintf(text, sizeof text, "response/%llx",
                       (unsigned long long)(c->broker->instance + c->handle));
    law_mqtt_add_text(&o->w, &o->list, LAW_MQTT_P_RESPONSE_INFORMATION,
                      law_bytes_of(text, (size_t)len));
  }
}

static void add_properties(out *o, const law_connack *a) {
  const law_link *c = o->conn;
  law_bad_property bad;
  if (o->strikes && law_faults_bad_property(&c->broker->config.faults, LAW_MQTT_CONNACK, &bad)) {
    o->left_out = bad.id;
  }
  add_limits(o);
  add_features(o);
  if (a->assigned && !law_fault(c->broker, FAULT_ASSIGNED_CLIENT_ID_NOT_TOLD)) {
    law_mqtt_add_text(&o->w, &o->list, LAW_MQTT_P_ASSIGNED_CLIENT_IDENTIFIER,
                      c->session->client_id);
  }
  if (a->server_keep_alive != 0) {
    number(o, LAW_MQTT_P_SERVER_KEEP_ALIVE, a->server_keep_alive);
  }
  add_authentication(o, a->auth_data);
  add_response_information(o);
}

static uint8_t flags_of(const law_link *c, const law_connack *a) {
  const law_broker *b = c->broker;
  uint8_t flags = a->session_present && c->version != LAW_MQTT_31;
  if (a->has_user_name && law_fault(b, FAULT_CONNACK_RESERVED_FLAG)) {
    flags |= 2;
  }
  return flags;
}

void law_connack_send(law_link *c, const law_connack *a) {
  uint8_t memory[CAP];
  law_mqtt_message m;
  out o = {.conn = c,
           .w = law_writer_of(memory, sizeof memory),
           .list = {memory, 0, 0},
           .strikes = a->has_user_name};
  memset(&m, 0, sizeof m);
  m.first = LAW_MQTT_CONNACK << 4;
  m.version = c->version;
  m.ack_flags = flags_of(c, a);
  if (a->has_user_name && law_fault(c->broker, FAULT_NO_CONNACK)) {
    return;
  }
  if (a->has_user_name && law_fault(c->broker, FAULT_CONNACK_RESERVED_REASON)) {
    m.reason = c->version == LAW_MQTT_5 ? 0x01 : 0x06;
  }
  if (c->version == LAW_MQTT_5) {
    m.properties = o.list;
    if (a->has_user_name) {
      law_add_bad_property(c->broker, &m, &o.w); /* first, since some stand there anyway */
    }
    o.list = m.properties;
    add_properties(&o, a);
    m.properties = o.list;
  }
  bool strange = a->has_user_name && law_fault(c->broker, FAULT_CONTROL_CHARACTER_SENT);
  if (!law_answer_send(c, &m, &o.w, strange ? "\x01" : NULL)) {
    law_link_close(c, LAW_CLOSE_FIN); /* too large for what the client allows */
  }
}
