/* A client of its own that subscribes, publishes, and must get what it published. */
#include <stdio.h>

#include "campaign/campaign.h"

enum { EVERY = 50 /* ms */, ROOM = 1024 };

static law_persona persona(const law_campaign *c) { return law_persona_of(c, "wirelaw-canary"); }

void law_canary_drop(law_campaign *c) {
  if (c->canary.link != NULL) {
    law_link_drop(c, c->canary.link);
  }
  c->canary = (law_canary){.number = c->canary.number, .round_trip = c->canary.round_trip};
}

void law_canary_down(law_campaign *c) {
  uint32_t failures = c->canary.failures + 1;
  law_canary_drop(c);
  c->canary.failures = failures;
  c->canary.next_at = law_net_now() + 100 * LAW_MS;
}

static void connect_canary(law_campaign *c, uint64_t now) {
  c->canary.link = law_link_take(c, LAW_LINK_CANARY, c->canary_scope);
  c->canary.sent_at = now;
  c->canary.waiting = true;
}

static void say_hello(law_campaign *c, uint64_t now) {
  uint8_t out[ROOM];
  law_persona p = persona(c);
  size_t len = c->speaker->open(&p, out, sizeof out);
  (void)law_net_send(c->net, c->canary.link->handle, law_bytes_of(out, len), NULL);
  c->canary.subscribed = true;
  c->canary.sent_at = now;
}

static void say_publish(law_campaign *c, uint64_t now, bool subscribe) {
  uint8_t out[ROOM];
  law_persona p = persona(c);
  size_t len = subscribe ? c->speaker->subscribe(&p, out, sizeof out) : 0;
  len += c->speaker->publish(&p, ++c->canary.number, out + len, sizeof out - len);
  (void)law_net_send(c->net, c->canary.link->handle, law_bytes_of(out, len), NULL);
  c->canary.sent_at = now;
  c->canary.waiting = true;
}

void law_canary_step(law_campaign *c, uint64_t now) {
  law_canary *k = &c->canary;
  if (k->link == NULL) {
    if (now >= k->next_at) {
      connect_canary(c, now);
    }
  } else if (k->link->up && !k->subscribed) {
    say_hello(c, now);
  } else if (!k->waiting && now >= k->next_at) {
    say_publish(c, now, false);
  }
}

void law_canary_message(law_campaign *c, const law_event *e) {
  law_canary *k = &c->canary;
  uint8_t out[ROOM];
  uint32_t number;
  if (e->message == NULL) {
    return;
  }
  size_t len = c->speaker->reply(e->message, out, sizeof out);
  if (len > 0) {
    (void)law_net_send(c->net, k->link->handle, law_bytes_of(out, len), NULL);
  }
  if (k->link->opened == 0) {
    k->link->opened = c->speaker->opened(e->message, &k->link->limits);
    if (k->link->opened == 1) {
      say_publish(c, e->time, true);
    }
  } else if (k->waiting && c->speaker->delivers(e->message, &number) && number == k->number) {
    k->round_trip = e->time - k->sent_at;
    k->waiting = false;
    k->failures = 0;
    k->next_at = e->time + EVERY * LAW_MS;
  }
}
