#include "peers/broker/link.h"

#include <stdlib.h>
#include <string.h>

#include "peers/broker/answer.h"
#include "peers/broker/delivery.h"
#include "peers/broker/session.h"
#include "peers/broker/will.h"

/* Seconds for CONNECT to come; for the client to close after we did. */
enum { CONNECT_TIMEOUT = 10, LINGER = 5 };
/* Bytes not yet taken by the system: from STALL on nothing more is sent to or read from the client
 * until fewer than RESUME are left. */
enum { STALL = 4 * 1024 * 1024, RESUME = 256 * 1024 };
#define DRAIN_INTERVAL (LAW_SECOND / 50)

static void mark_dirty(law_link *c) {
  if (!law_node_linked(&c->dirty)) {
    law_ring_append(&c->broker->dirty, &c->dirty);
  }
}

static bool keep_alive_passed(const law_link *c, uint64_t *out_due) {
  uint64_t limit = c->keep_alive * LAW_SECOND * 3 / 2;
  if (c->keep_alive > 1 && c->keep_alive < 10 && law_fault(c->broker, FAULT_KEEP_ALIVE_EARLY)) {
    limit = LAW_SECOND;
  }
  *out_due = c->received + limit;
  return c->broker->now >= *out_due;
}

static void ring(law_alarm *alarm) {
  law_link *c = LAW_OWNER(alarm, law_link, alarm);
  uint64_t due;
  if (c->state == LAW_LINK_CLOSING) {
    law_net_close(c->broker->net, c->handle, LAW_CLOSE_RST);
    law_link_free(c);
  } else if (c->state != LAW_LINK_OPEN) {
    if (!law_fault(c->broker, FAULT_NO_CONNECT_TIMEOUT)) {
      law_link_close(c, LAW_CLOSE_FIN);
    }
  } else if (keep_alive_passed(c, &due)) {
    law_link_refuse(c, 0x8D, "no packet within one and a half times the keep alive");
  } else {
    law_alarm_set(&c->broker->timers, alarm, due);
  }
}

static void drain(law_alarm *alarm) {
  law_link *c = LAW_OWNER(alarm, law_link, drain);
  law_broker *b = c->broker;
  if (law_net_queued(b->net, c->handle) >= RESUME) {
    law_alarm_set(&b->timers, alarm, b->now + DRAIN_INTERVAL);
    return;
  }
  c->stalled = false;
  law_net_read(b->net, c->handle, true);
  if (c->session != NULL && c->state == LAW_LINK_OPEN) {
    law_delivery_pump(c->session);
  }
}

law_link *law_link_new(law_broker *b, law_handle handle) {
  law_link *c = law_alloc(sizeof *c);
  c->broker = b;
  c->handle = handle;
  c->alarm.ring = ring;
  c->drain.ring = drain;
  c->received = b->now;
  c->maximum_packet_size = UINT32_MAX;
  c->receive_maximum = UINT16_MAX;
  c->problem_information = true;
  law_map_set_number(&b->conns, handle, c);
  law_alarm_set(&b->timers, &c->alarm, b->now + CONNECT_TIMEOUT * LAW_SECOND);
  return c;
}

static void free_aliases(law_link *c) {
  for (size_t i = 0; c->aliases_in != NULL && i <= c->broker->config.topic_alias_maximum; i++) {
    law_free_bytes(&c->aliases_in[i]);
  }
  free(c->aliases_in);
  law_map_free(&c->aliases_out);
}

void law_link_free(law_link *c) {
  law_broker *b = c->broker;
  law_map_remove_number(&b->conns, c->handle);
  law_alarm_stop(&b->timers, &c->alarm);
  law_alarm_stop(&b->timers, &c->drain);
  if (law_node_linked(&c->dirty)) {
    law_ring_remove(&b->dirty, &c->dirty);
  }
  free_aliases(c);
  law_buffer_free(&c->out);
  law_free_bytes(&c->method);
  law_free_bytes(&c->connect);
  free(c);
}

bool law_link_fits(const law_link *c, law_mqtt_message *m) {
  return law_mqtt_encode(m, NULL, 0) <= c->maximum_packet_size;
}

static bool send_up_to(law_link *c, law_mqtt_message *m, size_t max) {
  if (c->state == LAW_LINK_CLOSING) {
    return false;
  }
  m->version = c->version;
  size_t room = c->out.cap - c->out.len;
  size_t len = law_mqtt_encode(m, room > 0 ? c->out.data + c->out.len : NULL, room);
  if (len > max) {
    return false;
  }
  if (len > room) {
    len = law_mqtt_encode(m, law_buffer_reserve(&c->out, len), len);
  }
  c->out.len += len;
  mark_dirty(c);
  return true;
}

bool law_link_send(law_link *c, law_mqtt_message *m) {
  return send_up_to(c, m, c->maximum_packet_size);
}

bool law_link_send_oversize(law_link *c, law_mqtt_message *m) { return send_up_to(c, m, SIZE_MAX); }

void law_link_send_bytes(law_link *c, law_bytes bytes) {
  law_buffer_add(&c->out, bytes);
  mark_dirty(c);
}

static bool loses_will(const law_link *c) {
  law_fault_id id = c->refused ? FAULT_WILL_LOST_ON_PROTOCOL_ERROR : FAULT_WILL_LOST;
  return !c->disconnected && law_fault(c->broker, id);
}

void law_link_close(law_link *c, law_close how) {
  if (c->state == LAW_LINK_CLOSING) {
    return;
  }
  law_session *s = c->session;
  c->state = LAW_LINK_CLOSING;
  c->how = how;
  c->session = NULL;
  mark_dirty(c);
  law_alarm_set(&c->broker->timers, &c->alarm, c->broker->now + LINGER * LAW_SECOND);
  if (s != NULL && loses_will(c)) {
    law_will_drop(s);
  }
  if (s != NULL) {
    law_session_left(s);
  }
}

/* Faults that leave a connection open which has to be closed. */
static bool stays_open(const law_link *c, uint8_t reason) {
  const law_broker *b = c->broker;
  bool bad = c->handling == LAW_MQTT_SUBSCRIBE && (reason == 0x81 || reason == 0x82);
  return (bad && law_fault(b, FAULT_BAD_PACKET_LEFT_OPEN)) ||
         (reason > 0x8E && law_fault(b, FAULT_DISCONNECT_LEFT_OPEN));
}

/* FAULT_BAD_PACKET_HURTS_OTHERS: who else is connected, with this Keep Alive, is closed, too. */
enum { HURT_KEEP_ALIVE = 301 };

static void hurt_others(const law_link *c) {
  law_map_walk walk = {0};
  for (law_map_entry *e; (e = law_map_next(&c->broker->conns, &walk)) != NULL;) {
    law_link *other = e->value;
    if (other != c && other->state == LAW_LINK_OPEN && other->keep_alive == HURT_KEEP_ALIVE) {
      law_link_close(other, LAW_CLOSE_FIN);
    }
  }
}

void law_link_refuse(law_link *c, uint8_t reason, const char *text) {
  if (c->handling == LAW_MQTT_UNSUBSCRIBE && law_fault(c->broker, FAULT_BAD_PACKET_HURTS_OTHERS)) {
    hurt_others(c);
  }
  if (c->state == LAW_LINK_OPEN) {
    law_answer_disconnect(c, reason, text);
  } else if (c->state == LAW_LINK_AUTH) {
    law_answer_connack_error(c, reason, text);
  }
  c->refused = true;
  if (!stays_open(c, reason)) {
    law_link_close(c, LAW_CLOSE_FIN);
  }
}

/* FAULT_REFUSED_STILL_SERVED: a client that was refused is listened to for a while. */
static void serve_on(law_link *c) {
  law_broker *b = c->broker;
  law_session *s = law_session_new(b, law_bytes_of(&c->handle, sizeof c->handle), c->version);
  law_session_resume(s, c);
  c->state = LAW_LINK_OPEN;
  law_alarm_set(&b->timers, &c->alarm, b->now + LAW_SECOND / 2);
}

void law_link_reject(law_link *c, uint8_t v5, uint8_t v3, const char *text) {
  law_answer_connack_error(c, c->version == LAW_MQTT_5 ? v5 : v3, text);
  if (law_fault(c->broker, FAULT_REFUSED_STILL_SERVED)) {
    serve_on(c);
  } else if (law_fault(c->broker, FAULT_REFUSED_LEFT_OPEN)) {
    law_alarm_stop(&c->broker->timers, &c->alarm); /* nor does it time out */
  } else {
    law_link_close(c, LAW_CLOSE_FIN);
  }
}

void law_link_flush(law_link *c) {
  law_broker *b = c->broker;
  law_ring_remove(&b->dirty, &c->dirty);
  c->fresh = false;
  if (c->out.len > 0) {
    law_net_send(b->net, c->handle, law_buffer_bytes(&c->out), NULL);
    law_buffer_clear(&c->out);
  }
  if (c->state == LAW_LINK_CLOSING) {
    law_net_close(b->net, c->handle, c->how);
  } else if (!c->stalled && law_net_queued(b->net, c->handle) >= STALL) {
    c->stalled = true;
    law_net_read(b->net, c->handle, false);
    law_alarm_set(&b->timers, &c->drain, b->now + DRAIN_INTERVAL);
  }
}

bool law_link_stalled(const law_link *c) { return c->stalled || c->out.len >= STALL; }

void law_link_received(law_link *c) { c->received = c->broker->now; }

void law_link_keep_alive(law_link *c, uint16_t seconds) {
  uint64_t due;
  law_alarm_stop(&c->broker->timers, &c->alarm);
  if (seconds == 0 && law_fault(c->broker, FAULT_KEEP_ALIVE_0_CLOSES)) {
    seconds = 2;
  }
  c->keep_alive = seconds;
  if (seconds > 0 && !law_fault(c->broker, FAULT_IGNORE_KEEP_ALIVE)) {
    keep_alive_passed(c, &due);
    law_alarm_set(&c->broker->timers, &c->alarm, due);
  }
}
