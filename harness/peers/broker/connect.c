#include "peers/broker/connect.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/utf8.h"
#include "peers/broker/answer.h"
#include "peers/broker/auth.h"
#include "peers/broker/connack.h"
#include "peers/broker/delivery.h"
#include "peers/broker/inflight.h"
#include "peers/broker/message.h"
#include "peers/broker/publish_out.h"
#include "peers/broker/session.h"
#include "peers/broker/state_log.h"
#include "peers/broker/subscriptions.h"
#include "peers/broker/will.h"

/* ---- CONNECT packets the decoder refused ---- */

/* The protocol level as far as the bytes tell, and whether the name is one of ours; false when
 * they do not. */
static bool peek(law_bytes wire, bool *out_known_name, uint8_t *out_level) {
  size_t at = 1;
  while (at < wire.len && at < 4 && (wire.data[at] & 0x80) != 0) {
    at++;
  }
  at++;
  if (wire.len < at + 2) {
    return false;
  }
  size_t len = law_load_u16(wire.data + at);
  if (wire.len < at + 2 + len + 1) {
    return false;
  }
  law_bytes name = law_bytes_of(wire.data + at + 2, len);
  *out_level = wire.data[at + 2 + len];
  *out_known_name = law_bytes_equal(name, law_bytes_text("MQTT")) ||
                    (law_bytes_equal(name, law_bytes_text("MQIsdp")) && *out_level == LAW_MQTT_31);
  return true;
}

/* The version that an answer to |level| is best written in: clients of levels above ours are
 * taken for later ones. */
static uint8_t version_of(uint8_t level) {
  return level >= LAW_MQTT_5 ? LAW_MQTT_5 : level == LAW_MQTT_31 ? LAW_MQTT_31 : LAW_MQTT_311;
}

/* 3.1.1 wants an answer to a client identifier that is refused (3.1.3-8, 3.1.3-9), to other bad
 * packets none. */
static void answer_old_version(law_link *c, law_requirement broken) {
  const law_broker *b = c->broker;
  bool identifier = broken == LAW_R_MQTT311_3_1_3_7 || broken == LAW_R_MQTT31_CONNECT_CLIENT_ID;
  if (identifier && !law_fault(b, FAULT_EMPTY_CLIENT_ID_SILENT)) {
    law_link_reject(c, 0x85, 0x02, NULL);
    return;
  }
  if (!identifier && law_fault(b, FAULT_MALFORMED_CONNECT_ANSWERED)) {
    law_answer_connack_error(c, 0x05, NULL);
  }
  law_link_close(c, LAW_CLOSE_FIN);
}

void law_connect_malformed(law_link *c, law_bytes wire, law_requirement broken, uint8_t reason) {
  bool known_name;
  uint8_t level;
  if (!peek(wire, &known_name, &level) || !known_name) {
    law_link_close(c, LAW_CLOSE_FIN);
    return;
  }
  c->version = version_of(level);
  c->handling = LAW_MQTT_CONNECT;
  if (level < LAW_MQTT_31 || level > LAW_MQTT_5) {
    if (!law_fault(c->broker, FAULT_UNKNOWN_LEVEL_SILENT)) {
      law_link_reject(c, 0x84, 0x01, NULL);
    }
  } else if (level == LAW_MQTT_5) {
    law_answer_connack_error(c, reason, NULL);
  } else {
    answer_old_version(c, broken);
    return;
  }
  law_link_close(c, LAW_CLOSE_FIN);
}

/* ---- Checks ---- */

static bool is_right_password(const law_broker *b, law_bytes name, law_bytes password) {
  for (size_t i = 0; i < b->config.num_users; i++) {
    const law_user *u = &b->config.users[i];
    if (law_bytes_equal(name, law_bytes_text(u->name))) {
      return law_bytes_equal(password, law_bytes_text(u->password)) ||
             law_fault(b, FAULT_BAD_PASSWORD_ACCEPTED);
    }
  }
  return b->config.num_users == 0 || law_fault(b, FAULT_ANONYMOUS_ACCEPTED);
}

static bool check_credentials(law_link *c, const law_mqtt_message *m) {
  const law_broker *b = c->broker;
  uint8_t flags = m->u.connect.flags;
  if ((flags & LAW_MQTT_USER_NAME) == 0) {
    if (!b->config.deny_anonymous || law_fault(b, FAULT_CREDENTIALS_UNCHECKED)) {
      return true;
    }
    law_link_reject(c, 0x87, 0x05, "a user name is needed");
    return false;
  }
  law_bytes password =
      (flags & LAW_MQTT_PASSWORD) != 0 ? m->u.connect.password : law_bytes_of(NULL, 0);
  bool both = (flags & LAW_MQTT_PASSWORD) != 0;
  if (is_right_password(b, m->u.connect.user_name, password) ||
      law_fault(b, FAULT_CREDENTIALS_UNCHECKED) ||
      (both && law_fault(b, FAULT_USER_UNAUTHORIZED_ACCEPTED))) {
    return true;
  }
  if (law_fault(b, FAULT_REFUSAL_SILENT)) {
    law_link_close(c, LAW_CLOSE_FIN);
    return false;
  }
  law_link_reject(c, 0x86, 0x04, "bad user name or password");
  return false;
}

static bool check_will(law_link *c, const law_mqtt_message *m) {
  const law_broker_config *config = &c->broker->config;
  if ((m->u.connect.flags & LAW_MQTT_WILL) == 0) {
    return true;
  }
  const law_broker *b = c->broker;
  if (law_mqtt_will_qos(m) > config->maximum_qos &&
      !law_fault(b, FAULT_WILL_QOS_ABOVE_MAXIMUM_ACCEPTED)) {
    if (c->version != LAW_MQTT_5 && law_fault(b, FAULT_UNABLE_SILENT)) {
      law_link_close(c, LAW_CLOSE_FIN);
      return false;
    }
    law_link_reject(c, law_fault(b, FAULT_WILL_QOS_UNSPECIFIC) ? 0x80 : 0x9B, 0x05,
                    "will above maximum QoS");
    return false;
  }
  if (config->no_retain && (m->u.connect.flags & LAW_MQTT_WILL_RETAIN) != 0 &&
      !law_fault(b, FAULT_WILL_RETAIN_ACCEPTED)) {
    law_link_reject(c, law_fault(b, FAULT_WILL_RETAIN_UNSPECIFIC) ? 0x80 : 0x9A, 0x05,
                    "no retained messages here");
    return false;
  }
  return true;
}

static bool check_room(law_link *c, const law_mqtt_message *m) {
  const law_broker *b = c->broker;
  if (b->sessions.num < b->config.sessions_limit ||
      law_session_find(b, m->u.connect.client_id) != NULL) {
    return true;
  }
  law_link_reject(c, 0x97, 0x03, "too many sessions");
  return false;
}

/* Faults that refuse what every server must take. */
static bool refuses_wrongly(law_link *c, const law_mqtt_message *m) {
  const law_broker *b = c->broker;
  law_bytes id = m->u.connect.client_id;
  if (id.len == 23 && law_fault(b, FAULT_CLIENT_ID_23_REFUSED)) {
    law_link_reject(c, 0x85, 0x02, NULL);
    return true;
  }
  if (id.len > 1000 && law_fault(b, FAULT_LONG_CLIENT_ID_LEFT_OPEN)) {
    law_answer_connack_error(c, 0x85, NULL);
    law_alarm_stop(&c->broker->timers, &c->alarm); /* nor does it time out */
    return true;
  }
  if ((m->u.connect.flags & LAW_MQTT_PASSWORD) != 0 && !law_utf8_valid(m->u.connect.password) &&
      law_fault(b, FAULT_PASSWORD_NOT_UTF8_REFUSED)) {
    law_link_reject(c, 0x86, 0x04, NULL);
    return true;
  }
  return false;
}

/* ---- What the client announced ---- */

static void take_limits(law_link *c, const law_mqtt_message *m) {
  const law_list *p = &m->properties;
  c->version = m->version;
  if (m->version != LAW_MQTT_5) {
    return;
  }
  c->receive_maximum =
      (uint16_t)law_mqtt_property_number(p, LAW_MQTT_P_RECEIVE_MAXIMUM, UINT16_MAX);
  c->maximum_packet_size = law_mqtt_property_number(p, LAW_MQTT_P_MAXIMUM_PACKET_SIZE, UINT32_MAX);
  c->alias_maximum = (uint16_t)law_mqtt_property_number(p, LAW_MQTT_P_TOPIC_ALIAS_MAXIMUM, 0);
  c->problem_information =
      law_mqtt_property_number(p, LAW_MQTT_P_REQUEST_PROBLEM_INFORMATION, 1) != 0;
  uint32_t response = law_mqtt_property_number(p, LAW_MQTT_P_REQUEST_RESPONSE_INFORMATION, 2);
  c->response_information = response == 1;
  c->response_refused = response == 0;
}

void law_connect_in(law_link *c, const law_mqtt_message *m, law_bytes wire) {
  law_mqtt_property method;
  take_limits(c, m);
  if (refuses_wrongly(c, m) || !check_room(c, m) || !check_credentials(c, m) || !check_will(c, m)) {
    return;
  }
  if (m->version == LAW_MQTT_5 &&
      law_mqtt_property_of(&m->properties, LAW_MQTT_P_AUTHENTICATION_METHOD, &method)) {
    law_auth_begin(c, m, wire);
  } else {
    law_connect_accept(c, m, law_bytes_of(NULL, 0));
  }
}

/* ---- Session ---- */

/* A client identifier nobody uses. */
static law_bytes assign_client_id(law_broker *b, char *out, size_t cap) {
  law_bytes id;
  if (law_fault(b, FAULT_EMPTY_CLIENT_ID_SHARED)) {
    return law_bytes_text("wirelaw");
  }
  do {
    uint64_t number = law_fault(b, FAULT_ASSIGNED_CLIENT_ID_SAME) ? 1 : ++b->num_assigned;
    int len = snprintf(out, cap, "wirelaw%llx-%llu", (unsigned long long)b->instance,
                       (unsigned long long)number);
    id = law_bytes_of(out, (size_t)len);
  } while (law_session_find(b, id) != NULL && !law_fault(b, FAULT_ASSIGNED_CLIENT_ID_SAME));
  return id;
}

/* The client's earlier connection is closed (3.1.4). */
static void take_over(law_session *old) {
  law_link *c = old->conn;
  const law_broker *b = old->broker;
  if (c == NULL) {
    return;
  }
  if (law_fault(b, FAULT_TAKEOVER_NOT_CLOSED)) {
    law_answer_disconnect(c, 0x8E, NULL);
  }
  if (law_fault(b, FAULT_TAKEOVER_LEAVES_OPEN) || law_fault(b, FAULT_TAKEOVER_NOT_CLOSED)) {
    old->conn = NULL;
    c->session = NULL;
    law_session_left(old);
    return;
  }
  if (!law_fault(b, FAULT_TAKEOVER_SILENT)) {
    law_answer_disconnect(c, 0x8E, NULL);
  }
  if (law_fault(b, FAULT_TAKEOVER_WITHOUT_WILL)) {
    law_will_drop(old);
  }
  law_link_close(c, LAW_CLOSE_FIN);
}

static bool starts_clean(const law_link *c, const law_mqtt_message *m) {
  bool clean = (m->u.connect.flags & LAW_MQTT_CLEAN_START) != 0;
  return clean && !law_fault(c->broker, FAULT_CLEAN_START_IGNORED);
}

/* The session of |client_id|, an old one or a new one; |*out_present| tells which. */
static law_session *session_for(law_link *c, const law_mqtt_message *m, law_bytes client_id,
                                bool *out_present) {
  law_broker *b = c->broker;
  law_session *s = law_session_find(b, client_id);
  if (s != NULL) {
    take_over(s);
    s = law_session_find(b, client_id); /* it may have ended with its connection */
  }
  bool resumes =
      !law_fault(b, FAULT_CLEAN_START_0_IGNORED) || (s != NULL && s->subscriptions.num > 0);
  bool clean = s != NULL && (starts_clean(c, m) || !resumes);
  if (clean && law_fault(b, FAULT_CLEAN_START_AFTER_CONNACK)) {
    law_unsubscribe_all(s);
  } else if (clean) {
    law_session_end(s);
    s = NULL;
  }
  *out_present = s != NULL && !clean;
  return s != NULL ? s : law_session_new(b, client_id, c->version);
}

/* 3.1 and 3.1.1 know only sessions that end with their connection and sessions that never end. */
static uint32_t expiry_of(const law_link *c, const law_mqtt_message *m, bool present) {
  bool clean = (m->u.connect.flags & LAW_MQTT_CLEAN_START) != 0;
  if (c->version != LAW_MQTT_5) {
    return clean ? 0 : LAW_NEVER;
  }
  if (!clean && !present && law_fault(c->broker, FAULT_NEW_SESSION_NOT_KEPT)) {
    return 0;
  }
  law_list properties = m->properties;
  law_mqtt_property first;
  if (law_fault(c->broker, FAULT_PROPERTY_ORDER) && law_mqtt_next_property(&properties, &first) &&
      first.id != LAW_MQTT_P_SESSION_EXPIRY_INTERVAL) {
    return 0;
  }
  return law_mqtt_property_number(&m->properties, LAW_MQTT_P_SESSION_EXPIRY_INTERVAL, 0);
}

/* The server's own keep alive where its limits ask for one, 0 where the client's holds. */
static uint16_t server_keep_alive(const law_link *c, uint16_t asked) {
  const law_broker_config *config = &c->broker->config;
  if (c->version != LAW_MQTT_5) {
    return 0;
  }
  if (config->server_keep_alive != 0) {
    return config->server_keep_alive;
  }
  bool too_long = asked == 0 || asked > config->highest_keep_alive;
  return config->highest_keep_alive != 0 && too_long ? config->highest_keep_alive : 0;
}

static bool told_present(const law_link *c, const law_mqtt_message *m, bool present, bool had) {
  const law_broker *b = c->broker;
  if (present && c->session->subscriptions.num == 0 && law_fault(b, FAULT_SESSION_PRESENT_0)) {
    return false;
  }
  bool clean = (m->u.connect.flags & LAW_MQTT_CLEAN_START) != 0;
  if (!present && had && clean && law_fault(b, FAULT_SESSION_PRESENT_1_CLEAN)) {
    return true;
  }
  if (!present && !clean && law_fault(b, FAULT_SESSION_PRESENT_1_NEW)) {
    return true;
  }
  return present;
}

static void resume_flows(law_link *c) {
  law_session *s = c->session;
  law_in_flight_resend(c);
  law_delivery_pump(s);
  if (s->last_qos0 != NULL) { /* FAULT_QOS0_SENT_AGAIN */
    law_delivery *d = law_delivery_new(s, s->last_qos0, 0);
    law_publish_out(c, d);
    law_delivery_free(s, d);
  }
}

/* FAULT_CLIENT_ID_IGNORES_CASE */
static law_bytes folded(law_bytes id) {
  uint8_t *text = law_copy(id.data, id.len);
  for (size_t i = 0; i < id.len; i++) {
    text[i] = (uint8_t)tolower(text[i]);
  }
  return law_bytes_of(text, id.len);
}

void law_connect_accept(law_link *c, const law_mqtt_message *m, law_bytes data) {
  law_broker *b = c->broker;
  char memory[64];
  law_connack a = {.auth_data = data,
                   .assigned = m->u.connect.client_id.len == 0,
                   .has_user_name = (m->u.connect.flags & LAW_MQTT_USER_NAME) != 0};
  law_bytes id = a.assigned ? assign_client_id(b, memory, sizeof memory) : m->u.connect.client_id;
  law_bytes fold = {NULL, 0};
  if (law_fault(b, FAULT_CLIENT_ID_IGNORES_CASE)) {
    id = fold = folded(id);
  }
  bool had = law_session_find(b, id) != NULL, present;
  law_session *s = session_for(c, m, id, &present);
  law_free_bytes(&fold);
  s->expiry = expiry_of(c, m, present);
  law_session_resume(s, c);
  law_will_set(s, m);
  law_log_session(s);
  c->state = LAW_LINK_OPEN;
  c->fresh = true;
  a.session_present = told_present(c, m, present, had);
  a.server_keep_alive = server_keep_alive(c, m->u.connect.keep_alive);
  law_link_keep_alive(c, a.server_keep_alive != 0 ? a.server_keep_alive : m->u.connect.keep_alive);
  law_connack_send(c, &a);
  if (c->state == LAW_LINK_OPEN) {
    resume_flows(c);
  }
}
