/* Keep Alive, 5.0 and 3.1.1 section 3.1.2.10. The text gives a server one and a half times the
 * interval and no tolerance; what is observed here is late by the network and by whoever observes,
 * so nothing is said before a grace has passed as well. */
#include "monitors/mqtt/monitor.h"

#define SECOND UINT64_C(1000000000)

enum { GRACE = 5 };

/* How long the client may be silent, in s; 0: no limit, or none that is sure. */
static uint64_t interval(const law_mqtt_monitor *c) {
  uint64_t own = c->keep_alive, server = c->server_keep_alive;
  if (!c->has_server_keep_alive) {
    return own;
  }
  if (c->judged == LAW_SERVER || c->told) {
    return server;
  }
  if (own == 0 || server == 0) {
    return 0;
  }
  return own > server ? own : server;
}

/* The time after which the silence is certainly too long; UINT64_MAX: never. */
static uint64_t deadline(const law_mqtt_monitor *c) {
  uint64_t seconds = interval(c);
  bool binds = c->silence.known && c->connect == LAW_MQTT_DONE && c->accepted && !c->muted &&
               !c->left[LAW_CLIENT] && !c->left[LAW_SERVER] && !c->closed[LAW_CLIENT] &&
               !c->closed[LAW_SERVER] && c->num_connects == 1;
  if (!binds || seconds == 0) {
    return UINT64_MAX;
  }
  return c->silence.since + seconds * SECOND * 3 / 2 + GRACE * SECOND;
}

static law_mqtt_objection objection(const law_mqtt_monitor *c) {
  if (c->judged == LAW_SERVER) {
    return LAW_MQTT_OBJECT_KEEP_ALIVE_SERVER;
  }
  bool announced = c->has_server_keep_alive && c->told &&
                   (c->keep_alive == 0 || c->server_keep_alive < c->keep_alive);
  return announced ? LAW_MQTT_OBJECT_KEEP_ALIVE_ANNOUNCED : LAW_MQTT_OBJECT_KEEP_ALIVE_CLIENT;
}

static void object(law_mqtt_monitor *c, law_findings *out) {
  law_requirement r = law_mqtt_requirement_of(objection(c), c->version);
  c->silence.known = false; /* once for each silence */
  if (r != LAW_R_NONE) {
    law_find(out, r, LAW_PROTOCOL_ERROR, 0);
  }
}

void law_mqtt_check_silence(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  if (LAW_UNLIKELY(p->judged && p->seen->now > deadline(c))) {
    object(c, p->out);
  }
  /* A client that waits for its CONNACK is excused. */
  if (p->seen->from == LAW_CLIENT || c->connack == LAW_MQTT_NOT_YET) {
    c->silence.since = p->seen->now;
    c->silence.known = true;
  }
}

uint64_t law_mqtt_tick_silence(law_mqtt_monitor *c, uint64_t now, law_findings *out) {
  uint64_t until = deadline(c);
  if (until == UINT64_MAX) {
    return UINT64_MAX;
  }
  if (now > until) {
    object(c, out);
    return UINT64_MAX;
  }
  return until + 1;
}
