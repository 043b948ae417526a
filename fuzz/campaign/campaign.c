/* The loop of a campaign against a server: lanes, canary and oracles take turns; what is found is
 * told on standard output, and a command on standard input says how to go on:
 *
 *   iut PORT PID SECONDS   it was started anew (PID 0: not known); in SECONDS ask for the next start
 *   go                     as it is
 *   mute ID | unmute ID    a requirement that shall not be told, or may be told again
 *   stop
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "campaign/campaign.h"
#include "campaign/mask.h"
#include "campaign/run.h"
#include "campaign/say.h"
#include "campaign/scopes.h"
#include "mutators/random.h"

enum { EVENTS = 512, CHECK_EVERY = 4 /* s */, STATUS_EVERY = 250 /* ms */, BURST = 2 };

/* ---- telling ---- */

static void say_counts(const law_campaign *c, const char *event) {
  law_say_begin(event);
  law_say_number("sessions", c->counts.sessions);
  law_say_number("messages", c->counts.messages);
  law_say_number("answers", c->counts.answers);
  law_say_number("inputs", c->counts.inputs);
  law_say_number("keys", c->keys.num);
  law_say_number("queue", c->queue->num);
  law_say_number("round_trip_us", c->canary.round_trip / 1000);
  law_say_number("full", c->queue->full);
  law_say_end();
}

void law_campaign_candidate(law_campaign *c, const law_candidate *found) {
  if (c->paused) {
    return;
  }
  c->paused = true;
  c->running = false;
  law_say_begin("candidate");
  law_say_text("kind", found->kind);
  if (found->requirement != LAW_R_NONE) {
    c->told[found->requirement] = 1;
    law_say_text("requirement", law_requirement_name(found->requirement));
  }
  law_say_text("type", found->type);
  law_say_number("group", found->group);
  law_say_number("connection", found->connection);
  law_say_text("detail", found->detail);
  if (found->input.len > 0) {
    law_say_hex("input", found->input);
  }
  law_say_end();
}

/* Rules that must be kept, of the version that is fuzzed: another one may have been asked for by
 * accident, and refused in whatever way. */
bool law_is_told(const law_options *o, law_requirement r) {
  const char *id = law_requirement_name(r);
  bool others = false;
  for (const char *const *v = law_speaker_of(o->variant)->protocol->variants; *v != NULL; v++) {
    size_t len = strlen(*v);
    bool its = strncasecmp(id, *v, len) == 0 && id[len] == '-';
    others = others || (its && strcmp(*v, o->variant) != 0);
  }
  return !others && strncmp(law_requirements[r].level, "MUST", 4) == 0;
}

static void judge_event(law_campaign *c, law_link *link, const law_event *e) {
  for (size_t i = 0; i < e->num_violations; i++) {
    law_requirement r = e->violations[i].requirement;
    link->broken = r;
    if (law_link_blames(c, link, e, r, false)) {
      law_candidate found = {.kind = "violation", .requirement = r, .connection = link->id};
      found.type = e->type != NULL ? e->type->name : NULL;
      found.group = link->lane != NULL ? link->lane->group : 0;
      law_campaign_candidate(c, &found);
      return;
    }
  }
}

/* ---- events ---- */

static void closed(law_campaign *c, law_link *link) {
  link->down = true;
  law_net_close(c->net, link->handle, LAW_CLOSE_RST);
  if (link->kind == LAW_LINK_CANARY) {
    law_canary_down(c);
  }
}

static void link_event(law_campaign *c, law_link *link, const law_event *e) {
  switch (e->kind) {
    case LAW_EV_CONNECTED:
      link->up = true;
      break;
    case LAW_EV_MESSAGE:
      judge_event(c, link, e);
      if (link->kind == LAW_LINK_CANARY) {
        law_canary_message(c, e);
      } else {
        law_link_message(c, link, e);
      }
      break;
    case LAW_EV_VIOLATION:
      judge_event(c, link, e);
      break;
    case LAW_EV_FAILED:
    case LAW_EV_CLOSED:
      closed(c, link);
      break;
    default:
      break;
  }
}

static void died(law_campaign *c) {
  law_net_close(c->net, c->death, LAW_CLOSE_FIN);
  c->death = 0;
  law_campaign_candidate(c, &(law_candidate){.kind = "death"});
}

/* ---- commands ---- */

static bool attach(law_campaign *c, pid_t pid) {
  if (c->death != 0) {
    law_net_close(c->net, c->death, LAW_CLOSE_FIN);
  }
  if (c->death_fd >= 0) {
    (void)close(c->death_fd);
  }
  c->pid = pid;
  c->death = 0;
  c->death_fd = law_watch_death(pid);
  if (c->death_fd >= 0) {
    c->death = law_net_watch(c->net, c->death_fd, &c->death);
  }
  return pid == 0 || c->death != 0;
}

static void resume(law_campaign *c) {
  c->paused = false;
  c->running = true;
  c->suspect = false;
  c->checked_at = c->tokens_at = law_net_now();
}

static void command_iut(law_campaign *c, const char *arguments) {
  unsigned port = 0, pid = 0, seconds = 0;
  if (sscanf(arguments, "%u %u %u", &port, &pid, &seconds) != 3 || port > UINT16_MAX) {
    return;
  }
  c->to.port = (uint16_t)port;
  c->started_at = law_net_now();
  c->generation_until = seconds > 0 ? c->started_at + seconds * LAW_S : UINT64_MAX;
  law_journal_clear(&c->journal);
  resume(c);
  if (!attach(c, (pid_t)pid)) {
    law_campaign_candidate(c, &(law_candidate){.kind = "death"});
  }
  law_oracles_begin(c);
  if (c->options->soak.len > 0) {
    c->soak.waiting[0] = c->options->soak;
    law_unmask(c->soak.waiting[0].data, c->soak.waiting[0].len, c->options->password);
    c->soak.num = 1;
    c->checked_at = law_net_now() - CHECK_EVERY * LAW_S; /* at once */
  }
}

static void command(void *user, const char *line) {
  law_campaign *c = user;
  if (strncmp(line, "iut ", 4) == 0) {
    command_iut(c, line + 4);
  } else if (strcmp(line, "go") == 0) {
    resume(c);
  } else if (strncmp(line, "mute ", 5) == 0) {
    c->told[law_requirement_find(line + 5)] = 1;
  } else if (strncmp(line, "unmute ", 7) == 0) {
    c->told[law_requirement_find(line + 7)] = 0;
  } else if (strcmp(line, "stop") == 0) {
    c->stopped = true;
  }
}

/* ---- the loop ---- */

static void let_go(law_campaign *c) {
  for (size_t i = 0; i < c->num_lanes; i++) {
    law_lane_abort(c, &c->lanes[i]);
  }
  law_pool_drop(c);
  law_canary_drop(c);
  c->soak.stage = LAW_SOAK_OFF;
}

/* Whether the rate allows one more input. */
static bool may_start(law_campaign *c, uint64_t now) {
  if (c->options->rate == 0) {
    return true;
  }
  c->tokens += (double)(now - c->tokens_at) / 1e9 * c->options->rate;
  c->tokens = c->tokens < c->options->rate ? c->tokens : c->options->rate;
  c->tokens_at = now;
  if (c->tokens < 8) {
    return false;
  }
  c->tokens -= 8;
  return true;
}

static void start_lanes(law_campaign *c, uint64_t now) {
  for (size_t i = 0; i < c->num_lanes; i++) {
    law_lane *lane = &c->lanes[i];
    bool wanted = !lane->busy && law_soak_uses(c, lane->kind);
    if (wanted && c->running && !c->suspect && c->canary.round_trip > 0 && may_start(c, now)) {
      law_lane_start(c, lane);
    }
  }
}

static bool wants_idle(const law_campaign *c, uint64_t now) {
  if (c->soak.stage != LAW_SOAK_OFF) {
    return now >= c->soak.until;
  }
  return !c->options->no_pauses &&
         (now >= c->generation_until || now >= c->checked_at + CHECK_EVERY * LAW_S);
}

static void idle_work(law_campaign *c, uint64_t now) {
  if (c->soak.stage != LAW_SOAK_OFF) {
    law_soak_step(c, now);
    if (c->soak.stage != LAW_SOAK_OFF || c->paused) {
      return;
    }
  } else if (now >= c->generation_until) {
    c->paused = true;
    law_say_begin("generation");
    law_say_end();
    return;
  } else {
    law_oracles_check(c, now);
    c->checked_at = law_net_now();
  }
  if (!c->paused && now < c->generation_until) {
    (void)law_soak_begin(c);
  }
}

static void take_turns(law_campaign *c, uint64_t now) {
  law_canary_step(c, now);
  law_oracles_suspect(c, now);
  bool idle = wants_idle(c, now) && !c->suspect;
  c->running = !c->paused && !idle;
  if (idle && !c->paused && law_lanes_busy(c) == 0) {
    idle_work(c, now);
    c->running = !c->paused;
  }
  if (c->running) {
    law_pool_fill(c);
    start_lanes(c, now);
  }
}

static void step_lanes(law_campaign *c, uint64_t now) {
  for (size_t i = 0; i < c->num_lanes && !c->paused; i++) {
    law_lane *lane = &c->lanes[i];
    law_lane_step(c, lane, now);
    for (int burst = 0; burst < BURST && !lane->busy && c->running && !c->suspect; burst++) {
      if (!law_soak_uses(c, lane->kind) || c->canary.round_trip == 0 || !may_start(c, now)) {
        break;
      }
      law_lane_start(c, lane);
    }
  }
}

static void handle(law_campaign *c, const law_event *events, size_t num) {
  for (size_t i = 0; i < num; i++) {
    const law_event *e = &events[i];
    if (e->user == &c->death) {
      died(c);
    } else if (e->user != NULL && ((law_link *)e->user)->handle == e->handle) {
      link_event(c, e->user, e);
    }
  }
}

static void say_status(law_campaign *c, uint64_t now) {
  if (now >= c->status_at + STATUS_EVERY * LAW_MS) {
    c->status_at = now;
    say_counts(c, "status");
  }
}

/* False when the loop fails. */
static bool run(law_campaign *c, law_commands *commands) {
  static law_event events[EVENTS];
  while (!c->stopped) {
    uint64_t now = law_net_now();
    if (c->paused) {
      let_go(c);
    } else {
      take_turns(c, now);
      say_status(c, now);
    }
    int num = law_net_wait(c->net, now + (c->paused ? 5 : 2) * LAW_MS, events, EVENTS);
    if (num < 0) {
      return false;
    }
    handle(c, events, (size_t)num);
    c->stopped = !law_commands_poll(commands, command, c) || c->stopped;
    if (!c->paused) {
      step_lanes(c, law_net_now());
    }
  }
  return true;
}

/* ---- beginning ---- */

static bool make_lanes(law_campaign *c) {
  const law_protocol *p = c->speaker->protocol;
  for (int kind = 0; kind < 3; kind++) {
    for (uint32_t i = 0; i < c->options->lanes[kind] && c->num_lanes < LAW_MAX_LANES; i++) {
      law_lane *lane = &c->lanes[c->num_lanes];
      lane->kind = (law_lane_kind)kind;
      (void)snprintf(lane->name, sizeof lane->name, "fuz%02u", (unsigned)c->num_lanes++);
      lane->scope = c->alone;
      if (lane->kind == LAW_LANE_SEVERAL) {
        lane->scope = law_scope_world(c->net, p, c->options->variant, LAW_SERVER, &lane->world);
      }
      if (lane->scope == 0) {
        return false;
      }
    }
  }
  return true;
}

static bool begin(law_campaign *c, const law_options *o) {
  const law_protocol *p = c->speaker->protocol;
  c->net = law_net_new();
  c->queue = law_inputs_new(o->queue, o->password);
  if (c->net == NULL || c->queue == NULL) {
    return false;
  }
  c->to = law_options_endpoint(o);
  c->random = o->seed;
  c->death_fd = -1;
  c->paused = true;
  c->told[LAW_R_NONE] = 1;
  law_mutator_init(&c->mutator, p, o->variant);
  c->alone = law_scope_alone(c->net, p, o->variant, LAW_SERVER);
  c->canary_scope = law_scope_alone(c->net, p, o->variant, LAW_SERVER);
  return c->alone != 0 && c->canary_scope != 0 && make_lanes(c);
}

static int fail(const char *why) {
  (void)fprintf(stderr, "wirelaw-fuzz: %s\n", why);
  return 2;
}

int law_campaign_run(const law_options *o) {
  char error[LAW_JOURNAL_TEXT];
  law_campaign *c = calloc(1, sizeof *c);
  law_commands commands = {.fd = STDIN_FILENO};
  if (c == NULL || (c->speaker = law_speaker_of(o->variant)) == NULL) {
    free(c);
    return fail("there is no speaker of this protocol");
  }
  c->options = o;
  if (!begin(c, o)) {
    return fail(c->net != NULL ? law_net_error(c->net) : "no memory left");
  }
  if (!law_journal_create(&c->journal, o->journal, o->journal_size, error)) {
    return fail(error);
  }
  if ((o->seeds != NULL && law_inputs_load(c->queue, o->seeds) < 0) ||
      (o->queue != NULL && law_inputs_load(c->queue, o->queue) < 0)) {
    return fail("the folder of seeds or of the queue cannot be read");
  }
  bool well = run(c, &commands);
  let_go(c);
  say_counts(c, "end");
  int status = well ? 0 : fail(law_net_error(c->net));
  law_net_free(c->net);
  law_journal_close(&c->journal);
  law_inputs_free(c->queue);
  free(c);
  return status;
}
