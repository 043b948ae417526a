#include <stdlib.h>
#include <string.h>

#include "peers/client/internal.h"

static law_request *owner(law_node *n) { return LAW_OWNER(n, law_request, node); }

static const char *verb_of(uint8_t type) {
  return type == LAW_MQTT_SUBSCRIBE ? "subscribe" : type == LAW_MQTT_AUTH ? "auth" : "unsubscribe";
}

static void destroy(law_client *c, law_request *r) {
  law_bytes properties = {r->properties.data, r->properties.len};
  law_ring_remove(&c->requests, &r->node);
  law_free_bytes(&r->filter);
  law_free_bytes(&properties);
  free(r);
}

void law_requests_clear(law_client *c, const char *why) {
  LAW_RING_EACH(&c->requests, n) {
    const char *verb = verb_of(owner(n)->type);
    destroy(c, owner(n));
    law_client_failed(c, verb, why);
  }
}

bool law_requests_use(const law_client *c, uint16_t packet_id) {
  LAW_RING_EACH(&c->requests, n) {
    if (owner(n)->sent && owner(n)->packet_id == packet_id) {
      return !law_client_fault(c, FAULT_CLIENT_ID_SETS_APART);
    }
  }
  return false;
}

/* ---- SUBSCRIBE, UNSUBSCRIBE ---- */

static bool has_wildcard(law_bytes filter) {
  return filter.len > 0 && (memchr(filter.data, '#', filter.len) != NULL ||
                            memchr(filter.data, '+', filter.len) != NULL);
}

/* Why the server would not take the request; NULL when it would. */
static const char *objection(const law_client *c, const law_request *r) {
  const law_limits *l = &c->limits;
  law_mqtt_property p;
  law_bytes group, path;
  bool shared = c->version == LAW_MQTT_5 && law_mqtt_shared(r->filter, &group, &path);
  if (r->type != LAW_MQTT_SUBSCRIBE) {
    return NULL;
  }
  if (has_wildcard(r->filter) && !l->wildcards &&
      !law_client_fault(c, FAULT_CLIENT_IGNORES_WILDCARD_AVAILABLE)) {
    return "the server has no wildcard subscriptions";
  }
  if (shared && !l->shared && !law_client_fault(c, FAULT_CLIENT_IGNORES_SHARED_AVAILABLE)) {
    return "the server has no shared subscriptions";
  }
  if (law_mqtt_property_of(&r->properties, LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER, &p) &&
      !l->subscription_ids && !law_client_fault(c, FAULT_CLIENT_IGNORES_SUBSCRIPTION_IDS)) {
    return "the server has no subscription identifiers";
  }
  return NULL;
}

/* What a client may never send. */
static const char *own_objection(const law_client *c, const law_request *r) {
  law_bytes group, path;
  if (law_client_fault(c, FAULT_CLIENT_SENDS_BAD_FILTERS)) {
    return NULL;
  }
  if (!law_mqtt_filter_valid(r->filter)) {
    return "no valid topic filter";
  }
  if (r->type == LAW_MQTT_SUBSCRIBE && (r->options & 4) != 0 &&
      law_mqtt_shared(r->filter, &group, &path)) {
    return "no local on a shared subscription";
  }
  return NULL;
}

static bool send_request(law_client *c, law_request *r) {
  law_mqtt_message m;
  law_buffer list = {0};
  bool is_subscribe = r->type == LAW_MQTT_SUBSCRIBE;
  memset(&m, 0, sizeof m);
  m.first = (uint8_t)(r->type << 4 | 2);
  m.packet_id = r->packet_id;
  m.properties = r->properties;
  law_writer w = law_writer_of(law_buffer_reserve(&list, r->filter.len + 3), r->filter.len + 3);
  law_write_bytes16(&w, r->filter);
  if (is_subscribe) {
    law_write_u8(&w, r->options);
  }
  m.u.filters = (law_list){list.data, (uint32_t)w.len, 1};
  bool sent = law_client_send(c, &m);
  law_mqtt_property id;
  if (is_subscribe &&
      law_mqtt_property_of(&m.properties, LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER, &id)) {
    law_map_set_number(&c->subscription_ids, id.number, c);
  }
  law_buffer_free(&list);
  return sent;
}

static bool send_auth(law_client *c, law_request *r) {
  uint8_t memory[512];
  law_mqtt_message m;
  law_writer w = law_writer_of(memory, sizeof memory);
  memset(&m, 0, sizeof m);
  m.first = LAW_MQTT_AUTH << 4;
  m.reason = 0x19;
  m.present = LAW_MQTT_HAS_REASON | LAW_MQTT_HAS_PROPERTIES;
  m.properties = r->properties;
  law_bytes method = c->method;
  if (law_client_fault(c, FAULT_CLIENT_REAUTH_OTHER_METHOD) ||
      law_client_fault(c, FAULT_CLIENT_AUTH_METHOD_MISMATCH_SENT)) {
    method = law_bytes_text("other");
  }
  if (r->properties.count == 0) {
    m.properties = (law_list){memory, 0, 0};
    law_mqtt_add_text(&w, &m.properties, LAW_MQTT_P_AUTHENTICATION_METHOD, method);
  }
  c->reauth = true;
  law_client_send_explained(c, &m);
  return true;
}

static bool is_stopped(const law_client *c) {
  return law_client_fault(c, FAULT_CLIENT_QUOTA_0_STOPS_REQUESTS) && law_outgoing_quota_is_0(c);
}

static void start(law_client *c, law_request *r) {
  const char *why = objection(c, r);
  if (why == NULL && r->type == LAW_MQTT_AUTH && c->method.len == 0 &&
      !law_client_fault(c, FAULT_CLIENT_AUTH_WITHOUT_METHOD)) {
    why = "CONNECT named no authentication method";
  }
  if (why == NULL) {
    r->packet_id = r->type == LAW_MQTT_AUTH ? 0 : law_client_unused_id(c, 0);
    r->sent = r->type == LAW_MQTT_AUTH ? send_auth(c, r) : send_request(c, r);
    why = r->sent ? NULL : "larger than the server takes";
  }
  if (why != NULL) {
    const char *verb = verb_of(r->type);
    destroy(c, r);
    law_client_failed(c, verb, why);
  }
}

void law_requests_pump(law_client *c, uint64_t order) {
  LAW_RING_EACH(&c->requests, n) {
    if (c->state == LAW_CLIENT_OPEN && !owner(n)->sent && owner(n)->order < order &&
        !is_stopped(c)) {
      start(c, owner(n));
    }
  }
}

static void ask(law_client *c, uint8_t type, law_bytes filter, uint8_t options,
                law_list properties) {
  law_request *r = law_alloc(sizeof *r);
  r->type = type;
  r->order = c->num_commands++;
  r->filter = law_copy_bytes(filter);
  r->options = options;
  r->properties = law_copy_list(properties);
  law_ring_append(&c->requests, &r->node);
  const char *why = type != LAW_MQTT_AUTH ? own_objection(c, r) : NULL;
  if (c->state == LAW_CLIENT_IDLE) {
    why = "not connected";
  }
  if (why != NULL) {
    destroy(c, r);
    law_client_failed(c, verb_of(type), why);
  } else if (c->state == LAW_CLIENT_WAITING && c->method.len > 0 &&
             law_client_fault(c, FAULT_CLIENT_SENDS_DURING_AUTH)) {
    start(c, r);
  } else {
    law_requests_pump(c, UINT64_MAX);
  }
}

void law_client_subscribe(law_client *c, law_bytes filter, uint8_t options, law_list properties) {
  ask(c, LAW_MQTT_SUBSCRIBE, filter, c->version == LAW_MQTT_5 ? options : options & 3, properties);
}

void law_client_unsubscribe(law_client *c, law_bytes filter, law_list properties) {
  ask(c, LAW_MQTT_UNSUBSCRIBE, filter, 0, properties);
}

void law_client_auth(law_client *c, law_list properties) {
  ask(c, LAW_MQTT_AUTH, law_bytes_of(NULL, 0), 0, properties);
}

static law_request *find(const law_client *c, uint8_t type, uint16_t packet_id) {
  LAW_RING_EACH(&c->requests, n) {
    law_request *r = owner(n);
    if (r->sent && r->type == type && (type == LAW_MQTT_AUTH || r->packet_id == packet_id)) {
      return r;
    }
  }
  return NULL;
}

void law_requests_ack(law_client *c, const law_mqtt_message *m) {
  uint8_t type = law_mqtt_type_of(m) == LAW_MQTT_SUBACK ? LAW_MQTT_SUBSCRIBE : LAW_MQTT_UNSUBSCRIBE;
  law_request *r = find(c, type, m->packet_id);
  if (r == NULL) {
    return;
  }
  bool has_codes = type == LAW_MQTT_SUBSCRIBE || m->version == LAW_MQTT_5;
  if (has_codes && m->u.reasons.count != 1) {
    law_client_refuse(c, 0x82, "not one code for each filter");
    return;
  }
  uint8_t code = has_codes ? m->u.reasons.data[0] : 0;
  destroy(c, r);
  if (code >= 0x80) {
    law_client_failed(c, verb_of(type),
                      law_mqtt_reason_name(law_mqtt_type_of(m), m->version, code));
  } else {
    law_client_done(c, verb_of(type));
  }
}

/* ---- AUTH (4.12): the method "wirelaw-echo" sends back what the server sent ---- */

static law_bytes text_of(const law_mqtt_message *m, uint8_t id) {
  law_mqtt_property p;
  return law_mqtt_property_of(&m->properties, id, &p) ? p.text : law_bytes_of(NULL, 0);
}

static void answer(law_client *c, const law_mqtt_message *m) {
  uint8_t memory[1024];
  law_mqtt_message out;
  law_writer w = law_writer_of(memory, sizeof memory);
  law_bytes data = text_of(m, LAW_MQTT_P_AUTHENTICATION_DATA), method = c->method;
  memset(&out, 0, sizeof out);
  out.first = LAW_MQTT_AUTH << 4;
  out.reason = law_client_fault(c, FAULT_CLIENT_ANSWERS_WITH_REAUTHENTICATE) ? 0x19
               : law_client_fault(c, FAULT_CLIENT_ANSWERS_WITH_SUCCESS)      ? 0x00
                                                                             : 0x18;
  out.present = LAW_MQTT_HAS_REASON | LAW_MQTT_HAS_PROPERTIES;
  out.properties.data = memory;
  if (law_client_fault(c, FAULT_CLIENT_AUTH_OTHER_METHOD)) {
    method = law_bytes_text("other");
  }
  law_mqtt_add_text(&w, &out.properties, LAW_MQTT_P_AUTHENTICATION_METHOD, method);
  if (data.len > 0 && data.len < 512) {
    law_mqtt_add_text(&w, &out.properties, LAW_MQTT_P_AUTHENTICATION_DATA, data);
  }
  law_client_send_explained(c, &out);
}

void law_requests_auth(law_client *c, const law_mqtt_message *m) {
  bool same = law_bytes_equal(text_of(m, LAW_MQTT_P_AUTHENTICATION_METHOD), c->method);
  if (c->reauth && !same && law_client_fault(c, FAULT_CLIENT_REAUTH_FAILURE_IGNORED)) {
    return;
  }
  if (c->reauth && !same && law_client_fault(c, FAULT_CLIENT_REAUTH_FAILURE_SILENT)) {
    law_client_close(c, LAW_CLOSE_FIN, "the re-authentication failed");
    return;
  }
  if ((c->method.len == 0 || !same) && !law_client_fault(c, FAULT_CLIENT_AUTH_UNCHECKED)) {
    law_client_refuse(c, 0x82, "AUTH with another method than CONNECT named");
  } else if (m->reason == 0x18) {
    answer(c, m);
  } else if (m->reason == 0x00 && c->reauth) {
    law_request *r = find(c, LAW_MQTT_AUTH, 0);
    c->reauth = false;
    if (r != NULL) {
      destroy(c, r);
    }
    law_client_done(c, "auth");
  } else {
    law_client_refuse(c, 0x82, "AUTH that nobody asked for");
  }
}

/* ---- DISCONNECT ---- */

static bool raises_expiry(const law_client *c, const law_list *properties) {
  return c->version == LAW_MQTT_5 && c->expiry == 0 &&
         law_mqtt_property_number(properties, LAW_MQTT_P_SESSION_EXPIRY_INTERVAL, 0) != 0 &&
         !law_client_fault(c, FAULT_CLIENT_RAISES_EXPIRY);
}

void law_client_disconnect(law_client *c, uint8_t reason, law_list properties) {
  law_mqtt_message m;
  if (c->state != LAW_CLIENT_OPEN) {
    law_client_failed(c, "disconnect", "not connected");
    return;
  }
  if (raises_expiry(c, &properties)) {
    law_client_failed(c, "disconnect", "the session expiry interval of CONNECT was 0");
    return;
  }
  memset(&m, 0, sizeof m);
  m.first = LAW_MQTT_DISCONNECT << 4;
  m.reason = law_client_fault(c, FAULT_CLIENT_DISCONNECT_SERVERS_REASON) ? 0x8B : reason;
  m.properties = properties;
  m.present = (m.reason != 0 ? LAW_MQTT_HAS_REASON : 0);
  if (properties.count > 0) {
    m.present = LAW_MQTT_HAS_REASON | LAW_MQTT_HAS_PROPERTIES;
    c->expiry =
        law_mqtt_property_number(&properties, LAW_MQTT_P_SESSION_EXPIRY_INTERVAL, c->expiry);
  }
  law_client_send_explained(c, &m);
  law_client_done(c, "disconnect");
  if (law_client_fault(c, FAULT_CLIENT_SENDS_AFTER_DISCONNECT)) {
    memset(&m, 0, sizeof m);
    m.first = LAW_MQTT_PINGREQ << 4;
    law_client_send(c, &m);
  }
  if (!law_client_fault(c, FAULT_CLIENT_NOT_CLOSED_AFTER_DISCONNECT)) {
    law_client_close(c, LAW_CLOSE_FIN, "disconnected");
  }
}
