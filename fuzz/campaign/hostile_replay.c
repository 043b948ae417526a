/* Plays a journal to a client: starts it, and says to its first connection what the journal says to
 * the first, when as many messages have come as had come then. One answer on standard output. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "campaign/child.h"
#include "campaign/run.h"
#include "campaign/say.h"
#include "campaign/scopes.h"

enum { EVENTS = 64, MAX_TALKS = 256, MAX_BROKEN = 32, WORD = 1500, COME = 6000, AFTER = 250 /* ms */ };

typedef struct player {
  const law_options *options;
  const law_speaker *speaker;
  law_net *net;
  law_handle listener, conn;
  law_child child;
  uint32_t talks[MAX_TALKS], received;
  size_t num_talks, num_accepted;
  bool closed;
  size_t num_broken;
  law_requirement broken[MAX_BROKEN];
  const char *types[MAX_BROKEN];
} player;

static void note(player *p, const law_event *e) {
  for (size_t i = 0; i < e->num_violations && p->num_broken < MAX_BROKEN; i++) {
    if (law_is_told(p->options, e->violations[i].requirement)) {
      p->types[p->num_broken] = e->type != NULL ? e->type->name : "";
      p->broken[p->num_broken++] = e->violations[i].requirement;
    }
  }
}

static void take(player *p, const law_event *e) {
  if (e->kind == LAW_EV_ACCEPTED && p->conn == 0) {
    p->conn = e->handle;
    p->received = 0;
    p->closed = false;
    p->num_accepted++;
  } else if (e->kind == LAW_EV_ACCEPTED) {
    law_net_close(p->net, e->handle, LAW_CLOSE_RST);
  } else if (e->handle == p->conn) {
    note(p, e);
    p->received += e->kind == LAW_EV_MESSAGE;
    p->closed = p->closed || e->kind == LAW_EV_CLOSED;
  }
}

static bool turn(player *p, uint64_t ns) {
  static law_event events[EVENTS];
  int num = law_net_wait(p->net, law_net_now() + ns, events, EVENTS);
  for (int i = 0; i < num; i++) {
    take(p, &events[i]);
  }
  return num > 0 && !law_child_poll(&p->child);
}

static bool await_talk(player *p) {
  uint64_t until = law_net_now() + COME * LAW_MS;
  while (p->conn == 0 && law_net_now() < until && !law_child_poll(&p->child)) {
    (void)turn(p, 20 * LAW_MS);
  }
  return p->conn != 0;
}

static void await_words(player *p, uint32_t received) {
  uint64_t until = law_net_now() + WORD * LAW_MS;
  while (p->received < received && !p->closed && law_net_now() < until &&
         !law_child_poll(&p->child)) {
    (void)turn(p, 10 * LAW_MS);
  }
}

static void end_talk(player *p) {
  uint64_t until = law_net_now() + AFTER * LAW_MS;
  while (!p->closed && law_net_now() < until && !law_child_poll(&p->child)) {
    (void)turn(p, 20 * LAW_MS);
  }
  law_net_close(p->net, p->conn, LAW_CLOSE_RST);
  p->conn = 0;
}

static void play(player *p, const law_journal *j) {
  uint64_t at = law_journal_tail(j);
  law_journal_record r;
  uint32_t talk = 0;
  while (law_journal_next(j, &at, &r)) {
    if (talk != 0 && r.connection != talk) {
      end_talk(p);
    }
    if (r.connection != talk && !await_talk(p)) {
      return;
    }
    talk = r.connection;
    await_words(p, r.received);
    if (r.event == LAW_JOURNAL_DATA) {
      (void)law_net_send(p->net, p->conn, r.data, NULL);
    }
  }
  end_talk(p);
}

static bool spins(const player *p) {
  uint64_t before = law_usage_cpu(p->child.pid);
  (void)usleep(700000);
  return law_usage_cpu(p->child.pid) - before > 300 * LAW_MS;
}

static void say(player *p, const char *log, bool look) {
  for (int i = 0; i < 40 && !law_child_poll(&p->child); i++) {
    (void)usleep(10000);
  }
  bool spun = look && !p->child.ended && spins(p);
  law_say_begin("replayed");
  law_say_number("dead", law_child_crashed(&p->child, log));
  law_say_number("ended", p->child.ended);
  law_say_number("status", (uint64_t)(uint32_t)p->child.status);
  law_say_number("talks", p->num_accepted);
  law_say_number("spins", spun);
  (void)printf(", \"violations\": [");
  for (size_t i = 0; i < p->num_broken; i++) {
    (void)printf("%s{\"requirement\": \"%s\", \"type\": \"%s\"}", i > 0 ? ", " : "",
                 law_requirement_name(p->broken[i]), p->types[i]);
  }
  (void)printf("]");
  law_say_end();
}

int law_hostile_replay_run(const law_options *o, char **argv) {
  char error[LAW_JOURNAL_TEXT], log[4096];
  law_journal j = {0};
  player p = {.options = o, .speaker = law_speaker_of(o->variant), .net = law_net_new()};
  law_endpoint at = law_options_endpoint(o);
  if (p.net == NULL || !law_journal_open(&j, o->journal, error)) {
    return 2;
  }
  law_handle scope = law_scope_alone(p.net, p.speaker->protocol, o->variant, LAW_CLIENT);
  p.listener = law_net_listen(p.net, scope, &at, NULL);
  (void)snprintf(log, sizeof log, "%s.log", o->journal);
  bool captures = o->capture == NULL || law_net_capture(p.net, o->capture);
  if (p.listener == 0 || !captures ||
      !law_child_start(&p.child, argv, law_net_port(p.net, p.listener), log, o->script)) {
    (void)fprintf(stderr, "wirelaw-fuzz: %s\n", law_net_error(p.net));
    return 2;
  }
  play(&p, &j);
  say(&p, log, o->look);
  law_child_kill(&p.child);
  law_net_free(p.net);
  law_journal_close(&j);
  return 0;
}
