#include "peers/broker/dispatch.h"

#include <string.h>

#include "peers/broker/accept.h"
#include "peers/broker/answer.h"
#include "peers/broker/auth.h"
#include "peers/broker/connect.h"
#include "peers/broker/delivery.h"
#include "peers/broker/inflight.h"
#include "peers/broker/publish_in.h"
#include "peers/broker/session.h"
#include "peers/broker/state_log.h"
#include "peers/broker/subscribe.h"
#include "peers/broker/will.h"

/* ---- DISCONNECT (3.14) ---- */

/* A new Session Expiry Interval, unless CONNECT had said 0. */
static bool take_expiry(law_link *c, const law_mqtt_message *m) {
  law_broker *b = c->broker;
  law_session *s = c->session;
  law_mqtt_property p;
  if (!law_mqtt_property_of(&m->properties, LAW_MQTT_P_SESSION_EXPIRY_INTERVAL, &p)) {
    if (law_fault(b, FAULT_DISCONNECT_RESETS_EXPIRY)) {
      s->expiry = 0;
    }
    return true;
  }
  if (s->expiry == 0 && p.number != 0) {
    if (law_fault(b, FAULT_DISCONNECT_RAISES_EXPIRY)) {
      return true;
    }
    law_link_refuse(c, 0x82, "session expiry interval was 0");
    return false;
  }
  if (!law_fault(b, FAULT_DISCONNECT_EXPIRY_IGNORED)) {
    s->expiry = p.number;
  }
  return true;
}

static bool drops_will(const law_link *c, const law_mqtt_message *m) {
  const law_broker *b = c->broker;
  if (law_fault(b, FAULT_WILL_AFTER_NORMAL_DISCONNECT)) {
    return false;
  }
  if (m->version != LAW_MQTT_5 || (m->present & LAW_MQTT_HAS_REASON) == 0) {
    return !(m->version == LAW_MQTT_5 && law_fault(b, FAULT_SHORT_DISCONNECT_WITH_WILL));
  }
  return m->reason == 0 || law_fault(b, FAULT_DISCONNECT_ALWAYS_DROPS_WILL);
}

static void disconnect_in(law_link *c, const law_mqtt_message *m) {
  law_session *s = c->session;
  if (m->version == LAW_MQTT_5 && (m->present & LAW_MQTT_HAS_PROPERTIES) != 0) {
    if (!take_expiry(c, m)) {
      return;
    }
  } else if (m->version == LAW_MQTT_5 && m->present == LAW_MQTT_HAS_REASON &&
             law_fault(c->broker, FAULT_BARE_DISCONNECT_RESETS_EXPIRY)) {
    s->expiry = 0;
  }
  c->disconnected = true;
  if (drops_will(c, m)) {
    if (law_fault(c->broker, FAULT_WILL_OF_EARLIER_CONNECTION)) {
      s->will_muted = s->will != NULL;
    } else {
      law_will_drop(s);
    }
  }
  if (!law_fault(c->broker, FAULT_DISCONNECT_NOT_CLOSED)) {
    law_link_close(c, LAW_CLOSE_FIN);
  }
}

/* ---- Packets that obey the grammar ---- */

/* Faults that refuse short forms and repeated User Properties, by type. */
typedef struct form_faults {
  uint8_t type;
  law_fault_id bare, short_form, user_twice;
} form_faults;

static const form_faults forms[] = {
    {LAW_MQTT_CONNECT, LAW_NUM_FAULTS, LAW_NUM_FAULTS, FAULT_CONNECT_USER_PROPERTY_ONCE},
    {LAW_MQTT_PUBLISH, LAW_NUM_FAULTS, LAW_NUM_FAULTS, FAULT_PUBLISH_USER_PROPERTY_ONCE},
    {LAW_MQTT_PUBACK, FAULT_BARE_PUBACK_REFUSED, FAULT_SHORT_PUBACK_REFUSED,
     FAULT_PUBACK_USER_PROPERTY_ONCE},
    {LAW_MQTT_PUBREC, FAULT_BARE_PUBREC_REFUSED, FAULT_SHORT_PUBREC_REFUSED,
     FAULT_PUBREC_USER_PROPERTY_ONCE},
    {LAW_MQTT_PUBREL, FAULT_BARE_PUBREL_REFUSED, FAULT_SHORT_PUBREL_REFUSED,
     FAULT_PUBREL_USER_PROPERTY_ONCE},
    {LAW_MQTT_PUBCOMP, FAULT_BARE_PUBCOMP_REFUSED, FAULT_SHORT_PUBCOMP_REFUSED,
     FAULT_PUBCOMP_USER_PROPERTY_ONCE},
    {LAW_MQTT_SUBSCRIBE, LAW_NUM_FAULTS, LAW_NUM_FAULTS, FAULT_SUBSCRIBE_USER_PROPERTY_ONCE},
    {LAW_MQTT_UNSUBSCRIBE, LAW_NUM_FAULTS, LAW_NUM_FAULTS, FAULT_UNSUBSCRIBE_USER_PROPERTY_ONCE},
    {LAW_MQTT_DISCONNECT, LAW_NUM_FAULTS, LAW_NUM_FAULTS, FAULT_DISCONNECT_USER_PROPERTY_ONCE},
    {LAW_MQTT_AUTH, LAW_NUM_FAULTS, LAW_NUM_FAULTS, FAULT_AUTH_USER_PROPERTY_ONCE},
};

static bool is_on(const law_link *c, law_fault_id id) {
  return id != LAW_NUM_FAULTS && law_fault(c->broker, id);
}

static bool has_two_user_properties(law_list list) {
  law_mqtt_property p;
  uint32_t num = 0;
  while (law_mqtt_next_property(&list, &p)) {
    num += p.id == LAW_MQTT_P_USER_PROPERTY;
  }
  return num > 1;
}

static bool has_properties(const law_mqtt_message *m) {
  switch (law_mqtt_type_of(m)) {
    case LAW_MQTT_CONNECT:
    case LAW_MQTT_PUBLISH:
    case LAW_MQTT_SUBSCRIBE:
    case LAW_MQTT_UNSUBSCRIBE:
      return true;
    default:
      return (m->present & LAW_MQTT_HAS_PROPERTIES) != 0;
  }
}

static bool will_is_refused(const law_link *c, const law_mqtt_message *m) {
  return law_mqtt_type_of(m) == LAW_MQTT_CONNECT && (m->u.connect.flags & LAW_MQTT_WILL) != 0 &&
         law_fault(c->broker, FAULT_WILL_USER_PROPERTY_ONCE) &&
         has_two_user_properties(m->u.connect.will_properties);
}

static bool has_empty(const law_list *list, uint8_t property) {
  law_mqtt_property p;
  return law_mqtt_property_of(list, property, &p) && p.text.len == 0;
}

/* Faults that refuse empty strings or binaries, which are as good as others. */
static bool empty_is_refused(const law_link *c, const law_mqtt_message *m) {
  bool strings = law_fault(c->broker, FAULT_EMPTY_STRING_REFUSED);
  bool binaries = law_fault(c->broker, FAULT_EMPTY_BINARY_REFUSED);
  if (law_mqtt_type_of(m) == LAW_MQTT_PUBLISH) {
    return (strings && has_empty(&m->properties, LAW_MQTT_P_CONTENT_TYPE)) ||
           (binaries && has_empty(&m->properties, LAW_MQTT_P_CORRELATION_DATA));
  }
  if (law_mqtt_type_of(m) != LAW_MQTT_CONNECT) {
    return false;
  }
  uint8_t flags = m->u.connect.flags;
  return (strings && (flags & LAW_MQTT_USER_NAME) != 0 && m->u.connect.user_name.len == 0) ||
         (binaries && (flags & LAW_MQTT_PASSWORD) != 0 && m->u.connect.password.len == 0);
}

/* The bare forms are so common that their faults strike only here. */
static bool bare_is_refused(const law_link *c, const law_mqtt_message *m, law_fault_id id) {
  return is_on(c, id) && m->present == 0 && (c->receive_maximum == 1 || m->packet_id == 0xFFFF);
}

/* True when a fault makes the broker refuse the form of a good packet. */
static bool form_is_refused(const law_link *c, const law_mqtt_message *m) {
  if (law_mqtt_type_of(m) == LAW_MQTT_CONNECT && (m->u.connect.flags & LAW_MQTT_WILL) != 0 &&
      m->u.connect.will_payload.len == 0 && law_fault(c->broker, FAULT_EMPTY_WILL_REFUSED)) {
    return true;
  }
  if (m->version != LAW_MQTT_5) {
    return false;
  }
  if (empty_is_refused(c, m)) {
    return true;
  }
  for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
    const form_faults *f = &forms[i];
    if (f->type == law_mqtt_type_of(m)) {
      return will_is_refused(c, m) || bare_is_refused(c, m, f->bare) ||
             (is_on(c, f->short_form) && m->present == LAW_MQTT_HAS_REASON) ||
             (is_on(c, f->user_twice) && has_properties(m) &&
              has_two_user_properties(m->properties));
    }
  }
  return false;
}

static void ping(law_link *c) {
  const law_broker *b = c->broker;
  bool first = c->num_packets == 1;
  if (law_fault(b, FAULT_QUOTA_0_STOPS_PINGRESP) && c->session != NULL &&
      !law_in_flight_room(c->session)) {
    return;
  }
  if (c->session != NULL && law_fault(b, FAULT_RESENT_UNASKED)) {
    law_in_flight_resend(c);
    law_delivery_pump(c->session);
  }
  if (!(first && law_fault(b, FAULT_NO_PINGRESP))) {
    law_answer_pingresp(c);
  }
}

static void second_connect(law_link *c) {
  const law_broker *b = c->broker;
  if (law_fault(b, FAULT_CONNACK_TWICE)) {
    law_mqtt_message m;
    memset(&m, 0, sizeof m);
    m.first = LAW_MQTT_CONNACK << 4;
    law_link_send(c, &m);
  }
  if (!law_fault(b, FAULT_SECOND_CONNECT_IGNORED)) {
    law_link_refuse(c, 0x82, "a second CONNECT");
  }
}

/* Packets of an open connection. */
static void dispatch_open(law_link *c, const law_mqtt_message *m) {
  switch (law_mqtt_type_of(m)) {
    case LAW_MQTT_PUBLISH:
      law_publish_in(c, m);
      break;
    case LAW_MQTT_PUBACK:
      law_in_flight_puback(c, m);
      break;
    case LAW_MQTT_PUBREC:
      law_in_flight_pubrec(c, m);
      break;
    case LAW_MQTT_PUBREL:
      law_pubrel_in(c, m);
      break;
    case LAW_MQTT_PUBCOMP:
      law_in_flight_pubcomp(c, m);
      break;
    case LAW_MQTT_SUBSCRIBE:
      law_subscribe_in(c, m);
      break;
    case LAW_MQTT_UNSUBSCRIBE:
      law_unsubscribe_in(c, m);
      break;
    case LAW_MQTT_PINGREQ:
      ping(c);
      break;
    case LAW_MQTT_DISCONNECT:
      disconnect_in(c, m);
      break;
    case LAW_MQTT_AUTH:
      law_auth_in(c, m);
      break;
    case LAW_MQTT_CONNECT:
      second_connect(c);
      break;
    default:
      if (!law_fault(c->broker, FAULT_DIRECTION_UNCHECKED)) {
        law_link_refuse(c, 0x82, "only servers send this packet");
      }
  }
}

static void dispatch_new(law_link *c, const law_mqtt_message *m, law_bytes wire) {
  const law_broker *b = c->broker;
  if (law_mqtt_type_of(m) == LAW_MQTT_CONNECT) {
    law_connect_in(c, m, wire);
  } else if (law_mqtt_type_of(m) == LAW_MQTT_PINGREQ && law_fault(b, FAULT_PINGRESP_FIRST)) {
    law_answer_pingresp(c);
  } else if (!law_fault(b, FAULT_FIRST_PACKET_ANY)) {
    law_link_close(c, LAW_CLOSE_FIN);
  }
}

/* Only AUTH may come while the challenge is open, or DISCONNECT, which ends it. */
static void dispatch_auth(law_link *c, const law_mqtt_message *m) {
  if (law_mqtt_type_of(m) == LAW_MQTT_AUTH) {
    law_auth_in(c, m);
  } else if (law_mqtt_type_of(m) == LAW_MQTT_DISCONNECT) {
    law_link_close(c, LAW_CLOSE_FIN);
  } else if (!law_fault(c->broker, FAULT_OTHER_PACKETS_DURING_AUTH)) {
    law_link_refuse(c, 0x82, "only AUTH may come here");
  }
}

/* FAULT_TAKEOVER_LEAVES_OPEN: the old connection stays, and only answers PINGREQ. */
static void dispatch_orphan(law_link *c, const law_mqtt_message *m) {
  if (law_mqtt_type_of(m) == LAW_MQTT_PINGREQ) {
    law_answer_pingresp(c);
  } else if (law_mqtt_type_of(m) == LAW_MQTT_DISCONNECT) {
    law_link_close(c, LAW_CLOSE_FIN);
  }
}

/* Faults that do not get to see a good packet. */
static bool is_dropped(const law_link *c, const law_mqtt_message *m) {
  const law_broker *b = c->broker;
  uint8_t type = law_mqtt_type_of(m);
  return (c->fresh && law_fault(b, FAULT_PIPELINED_LOST)) ||
         (c->reauth && type != LAW_MQTT_AUTH && type != LAW_MQTT_DISCONNECT &&
          law_fault(b, FAULT_REAUTH_STOPS_OTHERS)) ||
         (type == LAW_MQTT_SUBSCRIBE && law_fault(b, FAULT_QUOTA_0_STOPS_SUBACK) &&
          !law_in_flight_room(c->session)) ||
         (type == LAW_MQTT_SUBSCRIBE && m->packet_id == 65532 && m->properties.count == 0 &&
          law_fault(b, FAULT_EXTENSION_NEEDED));
}

static void dispatch_good(law_link *c, const law_mqtt_message *m, law_bytes wire) {
  if (form_is_refused(c, m)) {
    law_link_refuse(c, 0x81, NULL);
    law_link_close(c, LAW_CLOSE_FIN);
  } else if (c->state == LAW_LINK_NEW) {
    dispatch_new(c, m, wire);
  } else if (c->state == LAW_LINK_AUTH) {
    dispatch_auth(c, m);
  } else if (c->session == NULL) {
    dispatch_orphan(c, m);
  } else if (!is_dropped(c, m)) {
    dispatch_open(c, m);
  }
}

/* ---- Packets that do not ---- */

static law_requirement requirement_of(const law_event *event) {
  return event->num_violations > 0 ? event->violations[0].requirement : LAW_R_NONE;
}

/* The Reason Code the text names, where it names one; else the general ones (5.0 section
 * 4.13.1). */
static uint8_t reason_of(const law_event *event) {
  if (requirement_of(event) == LAW_R_MQTT5_3_3_2_8) {
    return 0x94;
  }
  switch (event->status) {
    case LAW_MALFORMED:
      return 0x81;
    case LAW_LIMIT:
      return 0x95;
    default:
      return 0x82;
  }
}

/* A first packet that nobody can read. */
static void refuse_first(law_link *c, const law_event *event) {
  if (c->handling == LAW_MQTT_CONNECT) {
    law_connect_malformed(c, event->wire, requirement_of(event), reason_of(event));
  } else if (!law_fault(c->broker, FAULT_FIRST_PACKET_ANY)) {
    law_link_close(c, LAW_CLOSE_FIN);
  }
}

static law_tolerance tolerance_of(const law_link *c, const law_event *event) {
  bool is_text_frame = event->num_violations == 0 && event->text != NULL;
  if (is_text_frame && law_fault(c->broker, FAULT_WS_TEXT_ACCEPTED)) {
    return LAW_TAKE;
  }
  return law_tolerance_of(c, requirement_of(event));
}

static void dispatch_bad(law_link *c, const law_event *event) {
  law_requirement r = requirement_of(event);
  law_tolerance tolerance = tolerance_of(c, event);
  if (tolerance == LAW_TAKE) {
    law_accept_bad(c, event->wire);
  } else if (c->state == LAW_LINK_NEW) {
    refuse_first(c, event);
  } else if (tolerance == LAW_REPORT) {
    law_answer_disconnect(c, reason_of(event), NULL);
  } else {
    law_link_refuse(c, reason_of(event), r != LAW_R_NONE ? law_requirement_name(r) : NULL);
  }
}

static bool is_oversize(const law_link *c, const law_event *event) {
  const law_broker *b = c->broker;
  return c->state == LAW_LINK_OPEN && event->wire.len > b->config.maximum_packet_size &&
         !law_fault(b, FAULT_OVERSIZE_ACCEPTED);
}

/* Faults that send an acknowledgement which nobody asked for. */
static void answer_unasked(law_link *c) {
  static const struct {
    law_fault_id fault;
    uint8_t type;
  } acks[] = {{FAULT_PUBACK_UNASKED, LAW_MQTT_PUBACK},
              {FAULT_PUBREC_UNASKED, LAW_MQTT_PUBREC},
              {FAULT_PUBREL_UNASKED, LAW_MQTT_PUBREL},
              {FAULT_PUBCOMP_UNASKED, LAW_MQTT_PUBCOMP}};
  static const uint8_t reason[1] = {0};
  const uint16_t id = 0x1234;
  for (size_t i = 0; i < sizeof acks / sizeof acks[0]; i++) {
    if (law_fault(c->broker, acks[i].fault)) {
      law_answer_ack(c, acks[i].type, id, 0, NULL);
    }
  }
  if (law_fault(c->broker, FAULT_SUBACK_UNASKED)) {
    law_answer_reasons(c, LAW_MQTT_SUBACK, id, reason, 1);
  }
  if (law_fault(c->broker, FAULT_UNSUBACK_TWICE)) {
    law_answer_reasons(c, LAW_MQTT_UNSUBACK, id, reason, 1);
  }
  if (law_fault(c->broker, FAULT_PINGRESP_UNASKED)) {
    law_answer_pingresp(c);
  }
}

/* FAULT_WS_FRAME_IS_PACKET: a WebSocket frame that holds more or less than one packet is bad. */
static bool frame_is_bad(law_link *c, const law_event *event) {
  if (event->frame == 0 || !law_fault(c->broker, FAULT_WS_FRAME_IS_PACKET)) {
    return false;
  }
  uint32_t last = c->faulty;
  c->faulty = event->frame;
  return event->frame != last + 1;
}

void law_dispatch(law_link *c, const law_event *event) {
  if (c->state == LAW_LINK_CLOSING) {
    return;
  }
  if (frame_is_bad(c, event)) {
    law_link_close(c, LAW_CLOSE_FIN);
    return;
  }
  law_link_received(c);
  c->handling = event->wire.len > 0 ? event->wire.data[0] >> 4 : 0;
  c->num_packets += c->state == LAW_LINK_OPEN;
  if (is_oversize(c, event)) {
    law_link_refuse(c, 0x95, "larger than the maximum packet size");
  } else if (event->status != LAW_OK) {
    dispatch_bad(c, event);
  } else {
    dispatch_good(c, event->message, event->wire);
  }
  if (c->handling == LAW_MQTT_UNSUBSCRIBE && c->state == LAW_LINK_OPEN) {
    answer_unasked(c);
  }
  c->handling = 0;
}
