#include <stdlib.h>
#include <string.h>

#include "peers/client/internal.h"

/* Seconds: for the server's answer to CONNECT and PINGREQ. */
enum { CONNACK_TIMEOUT = 10, PINGRESP_TIMEOUT = 5 };

/* ---- Keep alive (3.1.2.10) ---- */

/* Early enough that the interval between packets stays below the keep alive. */
static uint64_t ping_at(const law_client *c) {
  return c->sent_at + c->keep_alive * LAW_SECOND * 3 / 4;
}

static void arm_ping(law_client *c) {
  law_alarm_stop(&c->timers, &c->ping);
  if (c->keep_alive != 0 && !law_client_fault(c, FAULT_CLIENT_NO_PINGREQ)) {
    law_alarm_set(&c->timers, &c->ping, ping_at(c));
  }
}

static void ping_due(law_alarm *alarm) {
  law_client *c = LAW_OWNER(alarm, law_client, ping);
  law_mqtt_message m;
  if (c->state != LAW_CLIENT_OPEN) {
    return;
  }
  if (c->now >= ping_at(c)) {
    memset(&m, 0, sizeof m);
    m.first = LAW_MQTT_PINGREQ << 4;
    law_client_send(c, &m);
    if (c->timeout.place == 0) {
      law_alarm_set(&c->timers, &c->timeout, c->now + PINGRESP_TIMEOUT * LAW_SECOND);
    }
  }
  arm_ping(c);
}

static void timed_out(law_alarm *alarm) {
  law_client *c = LAW_OWNER(alarm, law_client, timeout);
  bool waiting = c->state == LAW_CLIENT_WAITING;
  law_fault_id id = waiting ? FAULT_CLIENT_WAITS_FOR_CONNACK : FAULT_CLIENT_WAITS_FOR_PINGRESP;
  if (!law_client_fault(c, id)) {
    law_client_close(c, LAW_CLOSE_FIN, waiting ? "no CONNACK in time" : "no PINGRESP in time");
  }
}

/* ---- CONNECT ---- */

static law_mqtt_message connect_of(const law_client_connect *how) {
  law_mqtt_message m;
  memset(&m, 0, sizeof m);
  m.first = LAW_MQTT_CONNECT << 4;
  m.version = how->version;
  m.properties = how->properties;
  m.u.connect.protocol_name = law_bytes_text("MQTT");
  m.u.connect.level = how->version;
  m.u.connect.keep_alive = how->keep_alive;
  m.u.connect.client_id = how->client_id;
  unsigned flags = how->clean_start ? LAW_MQTT_CLEAN_START : 0;
  if (how->will != NULL) {
    flags |= LAW_MQTT_WILL | (unsigned)how->will->qos << 3 |
             (how->will->retain ? LAW_MQTT_WILL_RETAIN : 0);
    m.u.connect.will_topic = how->will->topic;
    m.u.connect.will_payload = how->will->payload;
    m.u.connect.will_properties = how->will->properties;
  }
  flags |= how->has_user ? LAW_MQTT_USER_NAME : 0;
  flags |= how->has_password ? LAW_MQTT_PASSWORD : 0;
  m.u.connect.flags = (uint8_t)flags;
  m.u.connect.user_name = how->user;
  m.u.connect.password = how->password;
  return m;
}

static uint32_t number(const law_mqtt_message *m, uint8_t id, uint32_t otherwise) {
  return m->version == LAW_MQTT_5 ? law_mqtt_property_number(&m->properties, id, otherwise)
                                  : otherwise;
}

/* What the client itself announces, and has to hold the server to. */
static void take_own_limits(law_client *c, const law_mqtt_message *m, bool clean) {
  law_mqtt_property p;
  c->keep_alive = m->u.connect.keep_alive;
  c->own_receive_maximum = (uint16_t)number(m, LAW_MQTT_P_RECEIVE_MAXIMUM, UINT16_MAX);
  c->own_alias_maximum = (uint16_t)number(m, LAW_MQTT_P_TOPIC_ALIAS_MAXIMUM, 0);
  c->own_maximum_packet_size = number(m, LAW_MQTT_P_MAXIMUM_PACKET_SIZE, UINT32_MAX);
  c->problem_information = number(m, LAW_MQTT_P_REQUEST_PROBLEM_INFORMATION, 1) != 0;
  c->expiry = m->version == LAW_MQTT_5 ? number(m, LAW_MQTT_P_SESSION_EXPIRY_INTERVAL, 0)
              : clean                  ? 0
                                       : UINT32_MAX;
  law_free_bytes(&c->method);
  if (m->version == LAW_MQTT_5 &&
      law_mqtt_property_of(&m->properties, LAW_MQTT_P_AUTHENTICATION_METHOD, &p)) {
    c->method = law_copy_bytes(p.text);
  }
}

/* A session belongs to its client identifier; a clean start ends it (3.1.2.4). */
static void take_session(law_client *c, const law_client_connect *how) {
  bool other = c->session_of.data != NULL && how->client_id.len > 0 &&
               !law_bytes_equal(c->session_of, how->client_id) &&
               !law_client_fault(c, FAULT_CLIENT_SESSION_OF_OTHER_ID);
  bool clean = how->clean_start && !law_client_fault(c, FAULT_CLIENT_CLEAN_START_KEEPS);
  bool lost = c->session_of.data != NULL && law_client_fault(c, FAULT_CLIENT_SESSION_NOT_STORED);
  if (other || clean || lost) {
    if (c->session_of.data != NULL) {
      law_client_forget_session(c, "a new session begins");
    }
  }
}

/* The packet outlives the call that asks for it: it is encoded at once and sent when the
 * transport is there. */
static void remember_packet(law_client *c, const law_mqtt_message *connect) {
  law_mqtt_message m = *connect;
  size_t len = law_mqtt_encode(&m, NULL, 0);
  law_buffer_clear(&c->memory);
  law_mqtt_encode(&m, law_buffer_reserve(&c->memory, len), len);
  c->memory.len = len;
}

static const char *objection(const law_client *c, const law_client_connect *how) {
  if (c->state != LAW_CLIENT_IDLE) {
    return "already connected";
  }
  if (how->version == LAW_MQTT_311 && how->client_id.len == 0 && !how->clean_start &&
      !law_client_fault(c, FAULT_CLIENT_EMPTY_ID_WITH_SESSION)) {
    return "an empty client identifier needs a clean session";
  }
  if (how->version == LAW_MQTT_311 && how->has_password && !how->has_user) {
    return "a password needs a user name";
  }
  return NULL;
}

void law_client_dial(law_client *c, const law_client_connect *how) {
  const char *why = objection(c, how);
  if (why != NULL) {
    law_client_failed(c, "connect", why);
    return;
  }
  take_session(c, how);
  c->version = how->version;
  law_mqtt_message m = connect_of(how);
  take_own_limits(c, &m, how->clean_start);
  remember_packet(c, &m);
  c->quota_lost = 0;
  c->faulty = 0;
  law_net_assume(c->net, c->scope, how->version == LAW_MQTT_5 ? "mqtt5" : "mqtt311");
  law_endpoint to = how->to;
  if (law_client_fault(c, FAULT_CLIENT_WS_OTHER_SUBPROTOCOL)) {
    to.ws_subprotocol = "other";
  }
  c->handle = law_net_connect(c->net, c->scope, &to, c);
  if (c->handle == 0) {
    law_client_failed(c, "connect", "out of descriptors");
    return;
  }
  c->state = LAW_CLIENT_DIALLING;
  law_client_done(c, "connect");
}

static void send_connect(law_client *c) {
  law_violation v;
  law_mqtt_message m;
  c->state = LAW_CLIENT_WAITING;
  c->stays = false;
  c->limits.maximum_packet_size = UINT32_MAX;
  law_alarm_set(&c->timers, &c->timeout, c->now + CONNACK_TIMEOUT * LAW_SECOND);
  if (c->keep_alive == 7 && law_client_fault(c, FAULT_CLIENT_PINGREQ_FIRST)) {
    memset(&m, 0, sizeof m);
    m.first = LAW_MQTT_PINGREQ << 4;
    law_client_send(c, &m);
  }
  law_buffer packet = c->memory;
  c->memory = (law_buffer){0};
  /* What it was told to send may break rules of the decoder: then it goes as it is. */
  if (law_mqtt_decode(c->version, law_buffer_bytes(&packet), &c->connect, &v) == LAW_OK) {
    m = c->connect;
    law_client_send(c, &m);
  } else {
    memset(&c->connect, 0, sizeof c->connect);
    law_net_send(c->net, c->handle, law_buffer_bytes(&packet), NULL);
  }
  law_buffer_free(&c->memory);
  c->memory = packet; /* the views of |connect| */
}

/* ---- Packets of the server ---- */

static bool unasked_explanation(const law_client *c, const law_mqtt_message *m) {
  law_mqtt_property p;
  law_list it = m->properties;
  switch (law_mqtt_type_of(m)) {
    case LAW_MQTT_PUBLISH:
    case LAW_MQTT_CONNACK:
    case LAW_MQTT_DISCONNECT:
    case LAW_MQTT_PINGRESP:
      return false;
    case LAW_MQTT_SUBACK:
    case LAW_MQTT_UNSUBACK:
      break;
    default:
      if ((m->present & LAW_MQTT_HAS_PROPERTIES) == 0) {
        return false;
      }
  }
  while (m->version == LAW_MQTT_5 && !c->problem_information && law_mqtt_next_property(&it, &p)) {
    if (p.id == LAW_MQTT_P_REASON_STRING || p.id == LAW_MQTT_P_USER_PROPERTY) {
      return !law_client_fault(c, FAULT_CLIENT_EXPLANATION_ACCEPTED);
    }
  }
  return false;
}

/* Faults that refuse a form which is as good as others. */
typedef struct form_faults {
  uint8_t type;
  law_fault_id bare, short_form, user_twice;
} form_faults;

static const form_faults forms[] = {
    {LAW_MQTT_PUBACK, FAULT_CLIENT_BARE_PUBACK_REFUSED, FAULT_CLIENT_SHORT_PUBACK_REFUSED,
     FAULT_CLIENT_PUBACK_USER_PROPERTY_ONCE},
    {LAW_MQTT_PUBREC, FAULT_CLIENT_BARE_PUBREC_REFUSED, FAULT_CLIENT_SHORT_PUBREC_REFUSED,
     FAULT_CLIENT_PUBREC_USER_PROPERTY_ONCE},
    {LAW_MQTT_PUBREL, FAULT_CLIENT_BARE_PUBREL_REFUSED, FAULT_CLIENT_SHORT_PUBREL_REFUSED,
     FAULT_CLIENT_PUBREL_USER_PROPERTY_ONCE},
    {LAW_MQTT_PUBCOMP, FAULT_CLIENT_BARE_PUBCOMP_REFUSED, FAULT_CLIENT_SHORT_PUBCOMP_REFUSED,
     FAULT_CLIENT_PUBCOMP_USER_PROPERTY_ONCE},
    {LAW_MQTT_SUBACK, LAW_NUM_FAULTS, LAW_NUM_FAULTS, FAULT_CLIENT_SUBACK_USER_PROPERTY_ONCE},
    {LAW_MQTT_UNSUBACK, LAW_NUM_FAULTS, LAW_NUM_FAULTS, FAULT_CLIENT_UNSUBACK_USER_PROPERTY_ONCE},
    {LAW_MQTT_AUTH, LAW_NUM_FAULTS, LAW_NUM_FAULTS, FAULT_CLIENT_AUTH_USER_PROPERTY_ONCE},
    {LAW_MQTT_DISCONNECT, FAULT_CLIENT_BARE_DISCONNECT_REFUSED,
     FAULT_CLIENT_SHORT_DISCONNECT_REFUSED, FAULT_CLIENT_DISCONNECT_USER_PROPERTY_ONCE},
};

static bool is_on(const law_client *c, law_fault_id id) {
  return id != LAW_NUM_FAULTS && law_client_fault(c, id);
}

static uint32_t num_user_properties(law_list list) {
  law_mqtt_property p;
  uint32_t num = 0;
  while (law_mqtt_next_property(&list, &p)) {
    num += p.id == LAW_MQTT_P_USER_PROPERTY;
  }
  return num;
}

static bool form_is_refused(const law_client *c, const law_mqtt_message *m) {
  for (size_t i = 0; m->version == LAW_MQTT_5 && i < sizeof forms / sizeof forms[0]; i++) {
    const form_faults *f = &forms[i];
    bool has_properties = f->bare == LAW_NUM_FAULTS || m->present > LAW_MQTT_HAS_REASON;
    if (f->type == law_mqtt_type_of(m)) {
      return (is_on(c, f->bare) && m->present == 0) ||
             (is_on(c, f->short_form) && m->present == LAW_MQTT_HAS_REASON) ||
             (is_on(c, f->user_twice) && has_properties && num_user_properties(m->properties) > 1);
    }
  }
  return false;
}

static void server_disconnects(law_client *c) {
  if (!law_client_fault(c, FAULT_CLIENT_STAYS_AFTER_DISCONNECT)) {
    law_client_close(c, LAW_CLOSE_FIN, "the server sent DISCONNECT");
  }
}

static void take_pingresp(law_client *c) {
  law_alarm_stop(&c->timers, &c->timeout);
  if (law_client_fault(c, FAULT_CLIENT_SESSION_LOST_WHILE_CONNECTED)) {
    law_map_free(&c->incoming);
  }
}

static void dispatch_open(law_client *c, const law_mqtt_message *m) {
  switch (law_mqtt_type_of(m)) {
    case LAW_MQTT_PUBLISH:
      law_incoming_publish(c, m);
      break;
    case LAW_MQTT_PUBACK:
      law_outgoing_puback(c, m);
      break;
    case LAW_MQTT_PUBREC:
      law_outgoing_pubrec(c, m);
      break;
    case LAW_MQTT_PUBREL:
      law_incoming_pubrel(c, m);
      break;
    case LAW_MQTT_PUBCOMP:
      law_outgoing_pubcomp(c, m);
      break;
    case LAW_MQTT_SUBACK:
    case LAW_MQTT_UNSUBACK:
      law_requests_ack(c, m);
      break;
    case LAW_MQTT_PINGRESP:
      take_pingresp(c);
      break;
    case LAW_MQTT_AUTH:
      law_requests_auth(c, m);
      break;
    case LAW_MQTT_CONNACK:
      if (!law_client_fault(c, FAULT_CLIENT_SECOND_CONNACK_ACCEPTED)) {
        law_client_refuse(c, 0x82, "a second CONNACK");
      }
      break;
    default:
      if (!law_client_fault(c, FAULT_CLIENT_DIRECTION_UNCHECKED)) {
        law_client_refuse(c, 0x82, "only clients send this packet");
      }
  }
}

static void dispatch(law_client *c, const law_mqtt_message *m) {
  uint8_t type = law_mqtt_type_of(m);
  if (unasked_explanation(c, m) || form_is_refused(c, m)) {
    law_client_refuse(c, 0x82, "problem information that was not asked for");
  } else if (type == LAW_MQTT_DISCONNECT && m->version == LAW_MQTT_5) {
    server_disconnects(c);
  } else if (c->state == LAW_CLIENT_OPEN) {
    dispatch_open(c, m);
  } else if (type == LAW_MQTT_CONNACK) {
    law_client_connack(c, m);
    arm_ping(c);
  } else if (type == LAW_MQTT_AUTH) {
    law_requests_auth(c, m);
  } else if (!law_client_fault(c, FAULT_CLIENT_ANYTHING_BEFORE_CONNACK)) {
    law_client_refuse(c, 0x82, "a packet before CONNACK");
  }
}

static uint8_t reason_of(const law_event *event) {
  law_requirement r = event->num_violations > 0 ? event->violations[0].requirement : LAW_R_NONE;
  if (r == LAW_R_MQTT5_3_3_2_8) {
    return 0x94;
  }
  return event->status == LAW_MALFORMED ? 0x81 : event->status == LAW_LIMIT ? 0x95 : 0x82;
}

/* A packet that breaks a rule (5.0 section 4.13.1, 3.1.1 section 4.8). */
static void take_bad(law_client *c, const law_event *event) {
  law_requirement r = event->num_violations > 0 ? event->violations[0].requirement : LAW_R_NONE;
  bool is_text_frame = event->num_violations == 0 && event->text != NULL;
  bool bad_suback = c->version != LAW_MQTT_5 && c->handling == LAW_MQTT_SUBACK;
  bool bad_flags = r == LAW_R_MQTT311_2_2_2_1 || r == LAW_R_MQTT311_3_6_1_1;
  if (law_faults_accepts(&c->faults, r) ||
      (is_text_frame && law_client_fault(c, FAULT_CLIENT_WS_TEXT_ACCEPTED)) ||
      (bad_suback && law_client_fault(c, FAULT_CLIENT_VIOLATIONS_IGNORED)) ||
      (bad_flags && law_client_fault(c, FAULT_CLIENT_FLAGS_UNCHECKED))) {
    return;
  }
  if (law_faults_stays(&c->faults, r)) {
    law_mqtt_message m;
    memset(&m, 0, sizeof m);
    m.first = LAW_MQTT_DISCONNECT << 4;
    m.reason = reason_of(event);
    m.present = LAW_MQTT_HAS_REASON;
    law_client_send(c, &m);
    c->stays = true;
    return;
  }
  law_client_refuse(c, reason_of(event),
                    r != LAW_R_NONE ? law_requirement_name(r) : "a packet that breaks a rule");
}

/* FAULT_CLIENT_WS_FRAME_IS_PACKET: a WebSocket frame that holds more or less than one packet is
 * bad. */
static bool frame_is_bad(law_client *c, const law_event *event) {
  if (event->frame == 0 || !law_client_fault(c, FAULT_CLIENT_WS_FRAME_IS_PACKET)) {
    return false;
  }
  uint32_t last = c->faulty;
  c->faulty = (uint32_t)event->frame;
  return c->faulty != last + 1;
}

static void message(law_client *c, const law_event *event) {
  if (c->state != LAW_CLIENT_WAITING && c->state != LAW_CLIENT_OPEN) {
    return;
  }
  c->handling = event->wire.len > 0 ? event->wire.data[0] >> 4 : 0;
  if (frame_is_bad(c, event)) {
    law_client_refuse(c, 0x81, "a frame that is not one packet");
  } else if (event->wire.len > c->own_maximum_packet_size &&
             !law_client_fault(c, FAULT_CLIENT_OVERSIZE_ACCEPTED)) {
    law_client_refuse(c, 0x95, "larger than the maximum packet size");
  } else if (event->status != LAW_OK) {
    take_bad(c, event);
  } else {
    dispatch(c, event->message);
  }
  c->handling = 0;
}

/* ---- Events and life ---- */

static void handle(law_peer *peer, const law_event *event) {
  law_client *c = (law_client *)(void *)peer;
  c->now = law_net_now();
  if (event->kind == LAW_EV_TIMER) {
    if (event->handle == c->timers.handle) {
      law_alarms_run(&c->timers, c->now);
    }
  } else if (event->handle != c->handle) {
    return;
  } else if (event->kind == LAW_EV_CONNECTED) {
    send_connect(c);
  } else if (event->kind == LAW_EV_MESSAGE) {
    message(c, event);
  } else if (event->kind == LAW_EV_CLOSED) {
    law_client_close(c, LAW_CLOSE_FIN, "the server closed the connection");
  } else if (event->kind == LAW_EV_FAILED) {
    law_client_close(c, LAW_CLOSE_FIN, event->text != NULL ? event->text : "could not connect");
  }
}

law_client *law_client_new(law_net *net, const law_faults *faults, law_client_sink sink,
                           void *user) {
  law_client *c = law_alloc(sizeof *c);
  c->peer.handle = handle;
  c->net = net;
  c->faults = *faults;
  c->sink = sink;
  c->user = user;
  c->timeout.ring = timed_out;
  c->ping.ring = ping_due;
  c->scope = law_net_scope(net, &law_mqtt_codec, LAW_SERVER, false);
  law_alarms_init(&c->timers, net, c);
  law_ring_init(&c->outgoing);
  law_ring_init(&c->requests);
  return c;
}

static void nobody(void *user, const law_client_event *event) {
  (void)user;
  (void)event;
}

void law_client_free(law_client *c) {
  c->sink = nobody;
  c->faults = (law_faults){0};
  if (c->handle != 0) {
    law_net_close(c->net, c->handle, LAW_CLOSE_RST);
  }
  law_requests_clear(c, "");
  law_client_forget_session(c, "");
  law_incoming_forget_aliases(c);
  law_alarms_free(&c->timers);
  law_free_bytes(&c->method);
  law_buffer_free(&c->memory);
  free(c);
}
