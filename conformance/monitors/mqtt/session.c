#include "monitors/mqtt/monitor.h"
#include "monitors/mqtt/world.h"

#define TYPE(name) (1u << LAW_MQTT_##name)

enum {
  FLOWS = TYPE(PUBLISH) | TYPE(PUBACK) | TYPE(PUBREC) | TYPE(PUBREL) | TYPE(PUBCOMP),
  BY_CLIENT = FLOWS | TYPE(CONNECT) | TYPE(SUBSCRIBE) | TYPE(UNSUBSCRIBE) | TYPE(PINGREQ) |
              TYPE(DISCONNECT) | TYPE(AUTH),
  BY_SERVER = FLOWS | TYPE(CONNACK) | TYPE(SUBACK) | TYPE(UNSUBACK) | TYPE(PINGRESP),
};

/* 5.0 and 3.1.1 section 2.1.2 and 2.2.1: the table of packet types. Only 5.0 has a server's
 * DISCONNECT. The types that are forbidden everywhere are the decoder's. */
static bool flows_this_way(uint8_t version, law_side from, uint8_t type) {
  uint32_t bit = 1u << type;
  if (from == LAW_CLIENT) {
    return (BY_CLIENT & bit) != 0;
  }
  return (BY_SERVER & bit) != 0 ||
         (version == LAW_MQTT_5 && (type == LAW_MQTT_DISCONNECT || type == LAW_MQTT_AUTH));
}

static bool is_reserved(uint8_t version, uint8_t type) {
  return type == 0 || (type == LAW_MQTT_AUTH && version != LAW_MQTT_5);
}

static void check_client(law_mqtt_monitor *c, const law_mqtt_packet *p, uint8_t type) {
  if (type == LAW_MQTT_CONNECT) {
    if (c->connect == LAW_MQTT_DONE) {
      law_mqtt_object(c, p, LAW_MQTT_OBJECT_ONE_CONNECT, 0);
    }
    return;
  }
  if (c->connect == LAW_MQTT_NOT_YET) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_FIRST_CONNECT, 0);
    c->connect = LAW_MQTT_UNCERTAIN;
  }
  if (c->connect == LAW_MQTT_DONE && c->has_method && c->connack == LAW_MQTT_NOT_YET &&
      type != LAW_MQTT_AUTH && type != LAW_MQTT_DISCONNECT) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_BEFORE_AUTHENTICATED, 0);
  }
}

/* 3.2.0-2 of 5.0 allows one CONNACK, whatever the client does; 3.1.1 one for each CONNECT. */
static void check_connack_count(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  if (c->version == LAW_MQTT_5) {
    if (c->num_connacks > 0) {
      law_mqtt_object(c, p, LAW_MQTT_OBJECT_ONE_CONNACK, 0);
    }
  } else if (c->connect != LAW_MQTT_UNCERTAIN && !c->lost && c->num_connacks >= c->num_connects) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_ONE_CONNACK, 0);
  }
}

static void check_server(law_mqtt_monitor *c, const law_mqtt_packet *p, uint8_t type) {
  if (type == LAW_MQTT_CONNACK) {
    check_connack_count(c, p);
    return;
  }
  bool early = c->connack == LAW_MQTT_NOT_YET;
  if (type == LAW_MQTT_AUTH && early) {
    return;
  }
  if (type == LAW_MQTT_DISCONNECT && (early || c->refused)) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_SERVER_DISCONNECT_EARLY, 0);
  } else if (early) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_FIRST_CONNACK, 0);
  } else if (c->refused) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_AFTER_REFUSAL, 0);
  }
}

/* What the other side does too early does not break a rule of the judged one, but changes what may
 * be concluded from its answers. */
static void note_other(law_mqtt_monitor *c, const law_mqtt_packet *p, uint8_t type) {
  if (p->seen->from == LAW_CLIENT) {
    if (type != LAW_MQTT_CONNECT && c->connect == LAW_MQTT_NOT_YET) {
      c->connect = LAW_MQTT_UNCERTAIN;
    }
  } else if (type != LAW_MQTT_CONNACK && type != LAW_MQTT_AUTH && c->connack == LAW_MQTT_NOT_YET) {
    c->early_packet = true;
  }
}

bool law_mqtt_check_stage(law_mqtt_monitor *c, const law_mqtt_packet *p, uint8_t type) {
  law_side from = p->seen->from;
  if (is_reserved(c->version, type)) {
    return false;
  }
  if (c->left[from]) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_AFTER_DISCONNECT, 0);
  }
  if (!flows_this_way(c->version, from, type)) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_DIRECTION, 0);
    return false;
  }
  if (!p->judged) {
    note_other(c, p, type);
  } else if (from == LAW_CLIENT) {
    check_client(c, p, type);
  } else {
    check_server(c, p, type);
  }
  return true;
}

static bool has(const law_list *properties, uint8_t id) {
  law_mqtt_property property;
  return law_mqtt_property_of(properties, id, &property);
}

static void read_connect_properties(law_mqtt_monitor *c, const law_list *list) {
  law_mqtt_property method;
  c->has_method = law_mqtt_property_of(list, LAW_MQTT_P_AUTHENTICATION_METHOD, &method);
  c->method = c->has_method ? law_mqtt_hash(method.text, 0) : 0;
  c->no_problem_information =
      law_mqtt_property_number(list, LAW_MQTT_P_REQUEST_PROBLEM_INFORMATION, 1) == 0;
  c->no_response_information =
      law_mqtt_property_number(list, LAW_MQTT_P_REQUEST_RESPONSE_INFORMATION, 0) == 0;
  c->expiry = law_mqtt_property_number(list, LAW_MQTT_P_SESSION_EXPIRY_INTERVAL, 0);
  c->zero_expiry = c->expiry == 0;
  law_mqtt_read_announced(&c->announced[LAW_CLIENT], list);
}

/* A Will Payload that its Payload Format Indicator calls text. */
static void check_will(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  const law_mqtt_message *m = p->m;
  law_bytes payload = m->u.connect.will_payload;
  if (m->version == LAW_MQTT_5 && (m->u.connect.flags & LAW_MQTT_WILL) != 0 &&
      law_mqtt_property_number(&m->u.connect.will_properties, LAW_MQTT_P_PAYLOAD_FORMAT_INDICATOR,
                               0) == 1 &&
      !law_mqtt_payload_is_text(payload)) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_WILL_UTF8, (uint32_t)(payload.data - p->seen->wire.data));
  }
}

static void read_connect(law_mqtt_monitor *c, const law_mqtt_message *m) {
  c->clean_start = (m->u.connect.flags & LAW_MQTT_CLEAN_START) != 0;
  c->keep_alive = m->u.connect.keep_alive;
  c->empty_client_id = m->u.connect.client_id.len == 0;
  c->client = c->empty_client_id ? 0 : law_mqtt_hash(m->u.connect.client_id, 0);
  c->user =
      (m->u.connect.flags & LAW_MQTT_USER_NAME) != 0 ? law_mqtt_hash(m->u.connect.user_name, 0) : 0;
  if (m->version == LAW_MQTT_5) {
    read_connect_properties(c, &m->properties);
  } else {
    c->expiry = c->clean_start ? 0 : UINT32_MAX;
  }
}

void law_mqtt_see_connect(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  bool first = c->connect == LAW_MQTT_NOT_YET;
  check_will(c, p);
  c->num_connects = (uint8_t)(c->num_connects + (c->num_connects < UINT8_MAX));
  if (c->connect == LAW_MQTT_DONE) {
    law_mqtt_misuse(c, p);
    law_mqtt_lose(c, LAW_CLIENT); /* what a server makes of it is unknown */
    return;
  }
  c->connect = LAW_MQTT_DONE;
  c->version = p->m->version;
  read_connect(c, p->m);
  if (!first || c->lost) {
    law_mqtt_lose(c, LAW_CLIENT);
  }
  if (!c->clean_start) {
    c->maybe_resumed = true;
    law_mqtt_ids_forget(&c->ids[LAW_CLIENT]);
    law_mqtt_ids_forget(&c->ids[LAW_SERVER]);
  }
  law_mqtt_world_connect(c, p);
}

static void check_connack_method(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  law_mqtt_property method;
  bool named = law_mqtt_property_of(&p->m->properties, LAW_MQTT_P_AUTHENTICATION_METHOD, &method);
  if (!c->has_method && named) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_AUTH_UNASKED_SERVER,
                    law_mqtt_property_at(p, LAW_MQTT_P_AUTHENTICATION_METHOD));
  } else if (c->has_method && c->accepted &&
             (!named || law_mqtt_hash(method.text, 0) != c->method)) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_AUTH_METHOD, 0);
  }
}

static void check_connack(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  const law_list *list = &p->m->properties;
  if (c->clean_start && (p->m->ack_flags & 1) != 0) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_PRESENT_AFTER_CLEAN, law_mqtt_body_at(p->seen->wire));
  }
  if (c->version != LAW_MQTT_5) {
    return;
  }
  if (c->no_response_information && has(list, LAW_MQTT_P_RESPONSE_INFORMATION)) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_RESPONSE_INFORMATION,
                    law_mqtt_property_at(p, LAW_MQTT_P_RESPONSE_INFORMATION));
  }
  if (c->accepted && c->empty_client_id && !has(list, LAW_MQTT_P_ASSIGNED_CLIENT_IDENTIFIER)) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_ASSIGNED_MISSING, 0);
  }
  check_connack_method(c, p);
}

static void read_connack(law_mqtt_monitor *c, const law_mqtt_message *m) {
  const law_list *list = &m->properties;
  law_mqtt_property keep_alive;
  law_mqtt_read_announced(&c->announced[LAW_SERVER], list);
  c->expiry = law_mqtt_property_number(list, LAW_MQTT_P_SESSION_EXPIRY_INTERVAL, c->expiry);
  c->has_server_keep_alive = law_mqtt_property_of(list, LAW_MQTT_P_SERVER_KEEP_ALIVE, &keep_alive);
  c->server_keep_alive = c->has_server_keep_alive ? (uint16_t)keep_alive.number : 0;
}

void law_mqtt_see_connack(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  c->num_connacks = (uint8_t)(c->num_connacks + (c->num_connacks < UINT8_MAX));
  if (c->connack == LAW_MQTT_DONE) {
    return;
  }
  c->connack = LAW_MQTT_DONE;
  c->accepted = p->m->reason == 0;
  c->refused = !c->accepted;
  if (c->accepted && c->version == LAW_MQTT_5) {
    read_connack(c, p->m);
  }
  if (c->connect != LAW_MQTT_DONE) {
    return;
  }
  if (p->judged) {
    check_connack(c, p);
  }
  law_mqtt_world_connack(c, p);
  /* A server that says so has no state of this client: no flow, no subscription. A client that is
   * told so may have sent something before it knew. */
  if (c->judged == LAW_SERVER && c->accepted && (p->m->ack_flags & 1) == 0 &&
      c->version != LAW_MQTT_31 && c->maybe_resumed) {
    c->maybe_resumed = false;
    if (!c->lost && !c->misled) {
      law_mqtt_ids_know(&c->ids[LAW_CLIENT]);
      law_mqtt_ids_know(&c->ids[LAW_SERVER]);
    }
  }
}

static void check_auth_reason(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  uint32_t at = law_mqtt_body_at(p->seen->wire);
  bool by_server = p->seen->from == LAW_SERVER;
  bool early = c->connack == LAW_MQTT_NOT_YET;
  uint8_t reason = p->m->reason;
  if (reason == (by_server ? 0x19 : 0x00)) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_AUTH_SENT_BY, at);
  } else if (early && reason != 0x18) {
    law_mqtt_object(
        c, p,
        by_server ? LAW_MQTT_OBJECT_AUTH_SERVER_CONTINUES : LAW_MQTT_OBJECT_AUTH_CLIENT_CONTINUES,
        at);
  }
}

/* An AUTH of Remaining Length 0 names no method; 3.15.2.1 allows it. */
static void check_auth_method(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  law_mqtt_property method;
  if (!law_mqtt_property_of(&p->m->properties, LAW_MQTT_P_AUTHENTICATION_METHOD, &method)) {
    return;
  }
  if (law_mqtt_hash(method.text, 0) != c->method) {
    law_mqtt_object(
        c, p, p->m->reason == 0x19 ? LAW_MQTT_OBJECT_REAUTH_METHOD : LAW_MQTT_OBJECT_AUTH_METHOD,
        law_mqtt_property_at(p, LAW_MQTT_P_AUTHENTICATION_METHOD));
  }
}

void law_mqtt_see_auth(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  if (!p->judged) {
    return;
  }
  check_auth_reason(c, p);
  if (c->connect != LAW_MQTT_DONE) {
    return;
  }
  if (!c->has_method) {
    law_mqtt_object(c, p,
                    p->seen->from == LAW_SERVER ? LAW_MQTT_OBJECT_AUTH_UNASKED_SERVER
                                                : LAW_MQTT_OBJECT_AUTH_UNASKED_CLIENT,
                    0);
  } else {
    check_auth_method(c, p);
  }
}

/* The column "Sent by" of 3.14.2.1. 0x9B is the server's there, and the client's in 3.3.4. */
static bool only_server_sends(uint8_t reason) {
  switch (reason) {
    case 0x87:
    case 0x89:
    case 0x8b:
    case 0x8d:
    case 0x8e:
    case 0x8f:
    case 0x9a:
    case 0x9c:
    case 0x9d:
    case 0x9e:
    case 0x9f:
    case 0xa0:
    case 0xa1:
    case 0xa2:
      return true;
    default:
      return false;
  }
}

static void check_server_disconnect(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  uint32_t at = law_mqtt_body_at(p->seen->wire);
  uint16_t keep_alive = c->has_server_keep_alive ? c->server_keep_alive : c->keep_alive;
  if (p->m->reason == 0x04) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_DISCONNECT_SENT_BY, at);
  }
  if (has(&p->m->properties, LAW_MQTT_P_SESSION_EXPIRY_INTERVAL)) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_DISCONNECT_EXPIRY_BY_SERVER,
                    law_mqtt_property_at(p, LAW_MQTT_P_SESSION_EXPIRY_INTERVAL));
  }
  if (p->m->reason == 0x8d && c->connect == LAW_MQTT_DONE && c->accepted && keep_alive == 0) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_KEEP_ALIVE_OFF, at);
  }
}

static void check_client_disconnect(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  if (only_server_sends(p->m->reason)) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_DISCONNECT_SENT_BY, law_mqtt_body_at(p->seen->wire));
  }
  if (c->connect == LAW_MQTT_DONE && c->zero_expiry &&
      law_mqtt_property_number(&p->m->properties, LAW_MQTT_P_SESSION_EXPIRY_INTERVAL, 0) != 0) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_DISCONNECT_EXPIRY_RAISED,
                    law_mqtt_property_at(p, LAW_MQTT_P_SESSION_EXPIRY_INTERVAL));
  }
}

void law_mqtt_see_disconnect(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  law_side from = p->seen->from;
  c->left[from] = true;
  if (p->m->version != LAW_MQTT_5) {
    return;
  }
  if (p->judged && from == LAW_SERVER) {
    check_server_disconnect(c, p);
  } else if (p->judged) {
    check_client_disconnect(c, p);
  }
  if (from == LAW_CLIENT) {
    law_mqtt_world_disconnect(
        c,
        law_mqtt_property_number(&p->m->properties, LAW_MQTT_P_SESSION_EXPIRY_INTERVAL, c->expiry));
  }
}
