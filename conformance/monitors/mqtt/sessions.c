#include "monitors/mqtt/world.h"

#define SECOND UINT64_C(1000000000)

enum {
  EARLY =
      2, /* s before its end from which a session may be gone: clocks count in seconds */
  LATE = 5, /* s after its end for which it may still be there */
};

static law_mqtt_session *find(law_mqtt_world *w, uint64_t client) {
  uint64_t i = client & (LAW_MQTT_SESSION_SLOTS - 1);
  while (w->sessions[i].client != client && w->sessions[i].client != 0) {
    i = (i + 1) & (LAW_MQTT_SESSION_SLOTS - 1);
  }
  return &w->sessions[i];
}

static void not_known(law_mqtt_session *s) {
  s->present_until = 0;
  s->absent_from = UINT64_MAX;
}

/* The session of |client|; NULL when there is no room for another one. */
static law_mqtt_session *session_of(law_mqtt_world *w, uint64_t client) {
  law_mqtt_session *s = find(w, client);
  if (s->client == 0) {
    if (w->num_sessions == LAW_MQTT_MAX_SESSIONS) {
      return NULL;
    }
    w->num_sessions++;
    s->client = client;
    not_known(s);
  }
  return s;
}

/* The connection belongs to |client| from now on. */
static law_mqtt_session *join(law_mqtt_monitor *c, uint64_t client) {
  law_mqtt_session *s = session_of(c->world, client);
  if (s != NULL) {
    c->shared.session = (uint16_t)(s - c->world->sessions + 1);
    c->shared.opened = ++s->opened;
    s->open++;
  }
  return s;
}

static law_mqtt_session *session(law_mqtt_monitor *c) {
  return c->shared.session != 0 ? &c->world->sessions[c->shared.session - 1] : NULL;
}

/* No other connection of this client was open since this one began. */
static bool alone(const law_mqtt_monitor *c, const law_mqtt_session *s) {
  return s->open == 1 && s->opened == c->shared.opened && !c->shared.overlaps;
}

void law_mqtt_world_connect(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  if (c->world == NULL || p->judged) {
    return;
  }
  law_mqtt_world_will(c, p->m);
  if (c->client == 0) {
    return;
  }
  law_mqtt_session *s = join(c, c->client);
  if (s == NULL) {
    return;
  }
  c->shared.overlaps = s->open > 1;
  c->shared.absent = p->seen->now > s->absent_from;
}

static void check_assigned(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  law_mqtt_property id;
  if (c->version != LAW_MQTT_5 ||
      !law_mqtt_property_of(&p->m->properties, LAW_MQTT_P_ASSIGNED_CLIENT_IDENTIFIER, &id)) {
    return;
  }
  c->client = law_mqtt_hash(id.text, 0);
  const law_mqtt_session *s = find(c->world, c->client);
  if (s->client != 0 && !c->world->strangers && p->seen->now + EARLY * SECOND < s->present_until) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_ASSIGNED_IN_USE,
                    law_mqtt_property_at(p, LAW_MQTT_P_ASSIGNED_CLIENT_IDENTIFIER));
  }
  join(c, c->client);
}

static void check_present(law_mqtt_monitor *c, const law_mqtt_packet *p,
                          const law_mqtt_session *s) {
  bool present = (p->m->ack_flags & 1) != 0;
  uint32_t at = law_mqtt_body_at(p->seen->wire);
  if (c->clean_start || c->empty_client_id || c->lost || c->world->strangers || !alone(c, s) ||
      s->user != c->user || s->version != c->version) {
    return;
  }
  if (!present && p->seen->now + EARLY * SECOND < s->present_until) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_ABSENT_WITH_SESSION, at);
  }
  if (present && c->shared.absent) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_PRESENT_WITHOUT_SESSION, at);
  }
}

void law_mqtt_world_connack(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  if (c->world == NULL || !p->judged) {
    return;
  }
  if (c->accepted && c->empty_client_id) {
    check_assigned(c, p);
  }
  law_mqtt_session *s = session(c);
  if (s == NULL) {
    return;
  }
  if (c->accepted) {
    check_present(c, p, s);
    s->version = c->version;
    s->user = c->user;
  }
  if (c->left[LAW_CLIENT]) { /* a DISCONNECT went ahead of the answer */
    law_mqtt_world_disconnect(c, c->expiry);
  } else {
    c->shared.low = c->shared.high = c->expiry;
  }
  not_known(s); /* until this connection ends */
}

/* A DISCONNECT may change the expiry, and may never have been read. */
void law_mqtt_world_disconnect(law_mqtt_monitor *c, uint32_t expiry) {
  c->shared.low = expiry < c->shared.low ? expiry : c->shared.low;
  c->shared.high = expiry > c->shared.high ? expiry : c->shared.high;
}

static uint64_t end_of(uint64_t from, uint32_t expiry, uint64_t grace) {
  return expiry == UINT32_MAX ? UINT64_MAX : from + expiry * SECOND + grace;
}

void law_mqtt_world_closed(law_mqtt_monitor *c, law_side from, bool reset, uint64_t now) {
  law_mqtt_session *s = c->world != NULL ? session(c) : NULL;
  if (s == NULL || c->shared.ended || (from != LAW_SERVER && !reset)) {
    return;
  }
  bool certain = alone(c, s) && c->accepted && !c->lost && c->num_connects == 1;
  c->shared.ended = true;
  s->open--;
  if (!certain) {
    not_known(s);
    return;
  }
  bool at_once = from == LAW_SERVER && c->shared.high == 0;
  s->present_until = c->shared.low == 0 ? 0 : end_of(c->server_last, c->shared.low, 0);
  s->absent_from = end_of(now, c->shared.high, at_once ? 0 : LATE * SECOND);
}
