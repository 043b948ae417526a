#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "peers/broker/dispatch.h"
#include "peers/broker/link.h"
#include "peers/broker/message.h"
#include "peers/broker/retain.h"
#include "peers/broker/session.h"
#include "peers/broker/state_log.h"
#include "peers/broker/topics.h"

void law_broker_config_default(law_broker_config *config) {
  *config = (law_broker_config){
      .receive_maximum = 20,
      .topic_alias_maximum = 10,
      .maximum_packet_size = 1024 * 1024,
      .maximum_qos = 2,
      .sessions_limit = 500000,
      .queue_limit = 100000,
      .num_nodes_limit = 4000000,
      .memory_limit = (size_t)512 * 1024 * 1024,
  };
}

static const char *copy_text(const char *text) {
  return text != NULL ? (const char *)law_copy(text, strlen(text)) : NULL;
}

static void copy_config(law_broker_config *out, const law_broker_config *config) {
  law_user *users = law_alloc(config->num_users * sizeof *users);
  for (size_t i = 0; i < config->num_users; i++) {
    users[i].name = copy_text(config->users[i].name);
    users[i].password = copy_text(config->users[i].password);
  }
  *out = *config;
  out->users = users;
  out->state_dir = copy_text(config->state_dir);
}

static void free_text(const char *text) { free((void *)(uintptr_t)text); }

static void free_config(law_broker_config *config) {
  for (size_t i = 0; i < config->num_users; i++) {
    free_text(config->users[i].name);
    free_text(config->users[i].password);
  }
  free((void *)(uintptr_t)config->users);
  free_text(config->state_dir);
}

/* ---- Events ---- */

static bool is_listener(const law_broker *b, law_handle handle) {
  const law_handle *all = (const law_handle *)(const void *)b->listeners.data;
  for (size_t i = 0; i < b->listeners.len / sizeof handle; i++) {
    if (all[i] == handle) {
      return true;
    }
  }
  return false;
}

static void lost(law_broker *b, law_link *c) {
  if (c->state != LAW_LINK_CLOSING) {
    law_link_close(c, LAW_CLOSE_FIN);
  }
  law_net_close(b->net, c->handle, LAW_CLOSE_FIN);
  law_link_free(c);
}

static void handle(law_peer *peer, const law_event *event) {
  law_broker *b = (law_broker *)(void *)peer;
  law_link *c = law_map_get_number(&b->conns, event->handle);
  b->now = law_net_now();
  if (event->kind == LAW_EV_TIMER) {
    if (event->handle == b->timers.handle) {
      law_alarms_run(&b->timers, b->now);
    }
  } else if (event->kind == LAW_EV_ACCEPTED && c == NULL && is_listener(b, event->listener)) {
    law_link_new(b, event->handle);
  } else if (c != NULL && event->kind == LAW_EV_MESSAGE) {
    law_dispatch(c, event);
  } else if (c != NULL && event->kind == LAW_EV_CLOSED) {
    lost(b, c);
  }
}

static void flush(law_peer *peer) {
  law_broker *b = (law_broker *)(void *)peer;
  law_log_commit(b);
  while (b->dirty.num > 0) {
    law_link_flush(LAW_OWNER(law_ring_first(&b->dirty), law_link, dirty));
  }
}

/* ---- Life ---- */

/* 4.7.2: a server may tell about itself under $SYS. */
static void publish_version(law_broker *b) {
  law_message_parts parts = {.topic = law_bytes_text("$SYS/broker/version"),
                             .payload = law_bytes_text("wirelaw reference broker"),
                             .retain = true};
  law_message *m = law_message_new(b, &parts);
  law_topic_node *node = law_topics_make(b, m->topic);
  law_topics_retain(b, node, m);
}

law_broker *law_broker_new(law_net *net, const law_broker_config *config, char *error,
                           size_t error_cap) {
  law_broker *b = law_alloc(sizeof *b);
  b->peer.handle = handle;
  b->peer.flush = flush;
  b->net = net;
  b->now = law_net_now();
  copy_config(&b->config, config);
  law_ring_init(&b->dirty);
  law_alarms_init(&b->timers, net, b);
  law_topics_init(b);
  if (getrandom(&b->instance, sizeof b->instance, 0) != (ssize_t)sizeof b->instance) {
    b->instance = b->now;
  }
  b->scope = law_net_scope(net, &law_mqtt_codec, LAW_CLIENT, false);
  if (config->state_dir != NULL && !law_log_open(b, error, error_cap)) {
    law_broker_free(b);
    return NULL;
  }
  publish_version(b);
  return b;
}

bool law_broker_listen(law_broker *b, const law_endpoint *at, uint16_t *out_port) {
  law_endpoint with = *at;
  if (law_fault(b, FAULT_WS_OTHER_SUBPROTOCOL)) {
    with.ws_subprotocol = "";
  }
  law_handle h = law_net_listen(b->net, b->scope, &with, b);
  if (h == 0) {
    return false;
  }
  law_buffer_add(&b->listeners, law_bytes_of(&h, sizeof h));
  if (out_port != NULL) {
    *out_port = law_net_port(b->net, h);
  }
  return true;
}

void law_broker_stop(law_broker *b) {
  law_map_walk walk = {0};
  b->now = law_net_now();
  for (law_map_entry *e; (e = law_map_next(&b->conns, &walk)) != NULL;) {
    law_link_refuse(e->value, 0x8B, NULL);
  }
  flush(&b->peer);
}

static void close_all(law_broker *b) {
  law_map_walk walk = {0};
  for (law_map_entry *e; (e = law_map_next(&b->conns, &walk)) != NULL;) {
    law_link *c = e->value;
    law_net_close(b->net, c->handle, LAW_CLOSE_RST);
    law_link_free(c);
  }
  const law_handle *listeners = (const law_handle *)(const void *)b->listeners.data;
  for (size_t i = 0; i < b->listeners.len / sizeof *listeners; i++) {
    law_net_close(b->net, listeners[i], LAW_CLOSE_FIN);
  }
}

void law_broker_free(law_broker *b) {
  close_all(b);
  law_log_close(b);
  law_map_walk walk = {0};
  for (law_map_entry *e; (e = law_map_next(&b->sessions, &walk)) != NULL;) {
    law_session_free(e->value);
  }
  law_topics_free(b);
  law_alarms_free(&b->timers);
  law_message_drop(b, b->orphan);
  law_free_bytes(&b->orphan_share);
  law_map_free(&b->conns);
  law_map_free(&b->sessions);
  law_buffer_free(&b->listeners);
  free_config(&b->config);
  free(b);
}
