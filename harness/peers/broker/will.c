#include "peers/broker/will.h"

#include <stdlib.h>
#include <string.h>

#include "peers/broker/delivery.h"
#include "peers/broker/message.h"
#include "peers/broker/retain.h"
#include "peers/broker/session.h"
#include "peers/broker/state_log.h"

/* Faults that lose a payload which begins with a zero byte, or send its two bytes of length
 * along. */
static law_bytes payload_of(const law_broker *b, const law_mqtt_message *connect) {
  law_bytes payload = connect->u.connect.will_payload;
  bool begins_with_zero = payload.len > 0 && payload.data[0] == 0;
  if (begins_with_zero && law_fault(b, FAULT_WILL_PAYLOAD_LOST)) {
    payload.len = 0;
  }
  if (begins_with_zero && law_fault(b, FAULT_WILL_PAYLOAD_WITH_LENGTH)) {
    payload.data -= 2;
    payload.len += 2;
  }
  return payload;
}

static bool has_slash(law_bytes text) {
  return text.len > 0 && memchr(text.data, '/', text.len) != NULL;
}

static law_message *message_of(law_session *s, const law_mqtt_message *connect) {
  law_broker *b = s->broker;
  uint8_t flags = connect->u.connect.flags;
  law_message_parts parts = {
      .topic = connect->u.connect.will_topic,
      .payload = payload_of(b, connect),
      .publisher = s->client_id,
      .qos = law_fault(b, FAULT_WILL_QOS_IGNORED) ? 0 : law_mqtt_will_qos(connect),
      .retain = (flags & LAW_MQTT_WILL_RETAIN) != 0,
  };
  if (law_fault(b, FAULT_CONNECT_ORDER_SWAPPED) && has_slash(parts.payload)) {
    law_bytes topic = parts.topic;
    parts.topic = parts.payload;
    parts.payload = topic;
  }
  if (law_fault(b, FAULT_WILL_RETAIN_IGNORED)) {
    parts.retain = false;
  } else if (law_fault(b, FAULT_WILL_ALWAYS_RETAINED)) {
    parts.retain = true;
  }
  if (s->version == LAW_MQTT_5 && !law_fault(b, FAULT_WILL_PROPERTIES_LOST)) {
    parts.properties = connect->u.connect.will_properties;
  }
  law_message *m = law_message_new(b, &parts);
  m->will = true;
  if (law_fault(b, FAULT_WILL_EXPIRY_LOST)) {
    m->expires = false;
  } else if (s->version == LAW_MQTT_5 && !m->expires && law_fault(b, FAULT_WILL_EXPIRY_INVENTED)) {
    m->expires = true;
    m->expiry = 60;
  }
  return m;
}

void law_will_set(law_session *s, const law_mqtt_message *connect) {
  if ((connect->u.connect.flags & LAW_MQTT_WILL) == 0) {
    if (s->will_muted) { /* FAULT_WILL_OF_EARLIER_CONNECTION */
      s->will_muted = false;
    } else {
      law_will_drop(s);
    }
    return;
  }
  law_will_drop(s);
  s->will = law_alloc(sizeof *s->will);
  s->will->message = message_of(s, connect);
  if (s->version == LAW_MQTT_5) {
    s->will->delay = law_mqtt_property_number(&connect->u.connect.will_properties,
                                              LAW_MQTT_P_WILL_DELAY_INTERVAL, 0);
  }
}

void law_will_drop(law_session *s) {
  law_alarm_stop(&s->broker->timers, &s->will_due);
  if (s->will != NULL) {
    law_message_drop(s->broker, s->will->message);
    free(s->will);
    s->will = NULL;
  }
}

static void send(law_session *s, law_message *m) {
  law_broker *b = s->broker;
  m->arrived = b->now; /* expiry counts from the publication */
  if (m->retain) {
    law_retain(b, m);
  }
  law_route(b, m, s);
}

void law_will_publish(law_session *s) {
  law_broker *b = s->broker;
  if (s->will == NULL || s->will_muted) {
    return;
  }
  law_message *m = law_message_hold(s->will->message);
  law_will_drop(s);
  send(s, m);
  if (law_fault(b, FAULT_WILL_TWICE)) {
    send(s, m);
  }
  law_message_drop(b, m);
  if (s->ghost) {
    law_session_free(s);
  } else if (!s->ending) {
    law_log_session(s);
  }
}

void law_will_start(law_session *s) {
  law_broker *b = s->broker;
  if (s->will == NULL) {
    return;
  }
  uint32_t delay = law_fault(b, FAULT_WILL_DELAY_IGNORED) ? 0 : s->will->delay;
  if (delay == 0 && law_fault(b, FAULT_WILL_DELAY_INVENTED)) {
    delay = 30;
  }
  if (delay == 0) {
    law_will_publish(s);
  } else {
    law_alarm_set(&b->timers, &s->will_due, b->now + delay * LAW_SECOND);
  }
}

void law_will_cancel(law_session *s) {
  if (s->will_due.place == 0) {
    return;
  }
  if (law_fault(s->broker, FAULT_WILL_NOT_CANCELLED)) {
    law_will_publish(s);
  } else {
    law_will_drop(s);
  }
}
