/* Plays journals to a server, one message after the other, and tells what came of it. Commands on
 * standard input, one answer on standard output each:
 *
 *   run JOURNAL PORT PID KIND CAPTURE
 *
 * with tabs between. PID 0: not known; KIND: what is looked for, as candidates have it; CAPTURE "-":
 * none. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "campaign/campaign.h"
#include "campaign/mask.h"
#include "campaign/run.h"
#include "campaign/say.h"
#include "campaign/scopes.h"

enum { EVENTS = 256, MAX_BROKEN = 32, QUIET = 15, REACH = 60, ANSWER = 1500, HUNG = 400, CANARY = 12000 /* ms */ };

typedef struct broken {
  law_requirement requirement;
  const char *type;
  uint32_t connection, group;
} broken;

typedef struct replay {
  const law_options *options;
  law_campaign *player, *canary;
  void *world;
  law_journal journal;
  int death_fd;
  size_t num_broken;
  broken found[MAX_BROKEN];
  bool hang, stall; /* one is looked for, so that waiting long is no use */
  uint64_t slowest; /* ns, of an answer */
  uint32_t num_sent;
} replay;

/* ---- one loop ---- */

static void add_broken(replay *r, law_campaign *c, const law_link *link, const law_event *e) {
  for (size_t i = 0; i < e->num_violations && r->num_broken < MAX_BROKEN; i++) {
    law_requirement id = e->violations[i].requirement;
    if (law_link_blames(c, link, e, id, true)) {
      r->found[r->num_broken++] = (broken){id, e->type != NULL ? e->type->name : NULL, link->id,
                                           link->lane != NULL ? link->lane->group : 0};
    }
  }
}

static void take(replay *r, law_campaign *c, const law_event *e) {
  law_link *link = e->user;
  if (link == NULL || link->handle != e->handle) {
    return;
  }
  if (e->kind == LAW_EV_MESSAGE || e->kind == LAW_EV_VIOLATION) {
    add_broken(r, c, link, e);
  }
  if (e->kind == LAW_EV_CONNECTED) {
    link->up = true;
  } else if (e->kind == LAW_EV_CLOSED || e->kind == LAW_EV_FAILED) {
    link->down = true;
  } else if (e->kind == LAW_EV_MESSAGE) {
    if (link->kind == LAW_LINK_CANARY) {
      law_canary_message(c, e);
    } else {
      law_link_message(c, link, e);
    }
  }
}

/* Waits up to |ns| for something, and takes it in. False when nothing came. */
static bool turn(replay *r, law_campaign *c, uint64_t ns) {
  static law_event events[EVENTS];
  int num = law_net_wait(c->net, law_net_now() + ns, events, EVENTS);
  for (int i = 0; i < num; i++) {
    take(r, c, &events[i]);
  }
  return num > 0;
}

static bool is_dead(const replay *r, int ms) {
  struct pollfd p = {.fd = r->death_fd, .events = POLLIN};
  return r->death_fd >= 0 && poll(&p, 1, ms) > 0;
}

/* ---- the canary ---- */

/* ns that a publish-and-receive took on a connection of its own; 0: it did not come. */
static uint64_t ask_canary(replay *r, uint64_t limit) {
  law_campaign *c = r->canary;
  uint64_t from = law_net_now(), now = from;
  law_canary_drop(c);
  c->canary.round_trip = 0;
  while (c->canary.round_trip == 0 && now < from + limit && !is_dead(r, 0)) {
    law_canary_step(c, now);
    (void)turn(r, c, 20 * LAW_MS);
    if (c->canary.link != NULL && c->canary.link->down) {
      law_canary_down(c);
    }
    now = law_net_now();
  }
  uint64_t took = c->canary.round_trip == 0 ? 0 : law_net_now() - from;
  law_canary_drop(c);
  return took;
}

/* ---- playing ---- */

static law_link *link_of(law_campaign *c, uint32_t id) {
  for (size_t i = 0; i < LAW_MAX_LINKS; i++) {
    if (c->links[i].kind == LAW_LINK_LANE && c->links[i].id == id) {
      return &c->links[i];
    }
  }
  return NULL;
}

static law_link *open_link(replay *r, uint32_t id) {
  law_campaign *c = r->player;
  law_link *link = law_link_take(c, LAW_LINK_LANE, c->alone);
  uint64_t until = law_net_now() + 2 * LAW_S;
  if (link == NULL) {
    return NULL;
  }
  link->id = id;
  while (!link->up && !link->down && law_net_now() < until) {
    (void)turn(r, c, 20 * LAW_MS);
  }
  return link;
}

/* Until as many messages came as had come before. */
static void reach(replay *r, law_link *link, uint32_t received) {
  uint64_t until = law_net_now() + REACH * LAW_MS;
  while (link->num_received < received && !link->down && law_net_now() < until) {
    (void)turn(r, r->player, 5 * LAW_MS);
  }
}

static void await_answer(replay *r, law_link *link) {
  uint64_t from = law_net_now();
  while (link->num_due > 0 && !link->down && law_net_now() < from + (r->hang ? HUNG : ANSWER) * LAW_MS) {
    (void)turn(r, r->player, 20 * LAW_MS);
    if (is_dead(r, 0)) {
      return;
    }
  }
  uint64_t took = law_net_now() - from;
  r->slowest = took > r->slowest ? took : r->slowest;
  if (link->num_due > 0) {
    link->num_due = 0;
  }
}

static void await_quiet(replay *r, const law_link *link) {
  for (int i = 0; i < 8 && !link->down; i++) {
    if (!turn(r, r->player, QUIET * LAW_MS)) {
      return;
    }
  }
}

/* The bytes of a record as they were sent. */
static law_bytes as_sent(const replay *r, law_bytes data) {
  static uint8_t shown[LAW_TURN];
  if (r->options->password == NULL || data.len == 0 || data.len > sizeof shown) {
    return data;
  }
  memcpy(shown, data.data, data.len);
  law_unmask(shown, data.len, r->options->password);
  return law_bytes_of(shown, data.len);
}

static void play_data(replay *r, law_link *link, const law_journal_record *one) {
  law_bytes data = as_sent(r, one->data);
  reach(r, link, one->received);
  law_read read = law_link_read(r->player, link, data);
  link->num_due += read.num_pings;
  r->num_sent += read.num + !read.whole;
  (void)law_link_send(r->player, link, one->group, data);
  if (read.num_pings > 0 && link->opened >= 0 && read.whole) {
    await_answer(r, link);
  } else if (read.whole || read.lost) {
    await_quiet(r, link);
  }
}

static void play(replay *r, const law_journal_record *one) {
  law_link *link = link_of(r->player, one->connection);
  link = link != NULL ? link : open_link(r, one->connection);
  if (link == NULL) {
    return;
  }
  link->lane = &r->player->lanes[0];
  r->player->lanes[0].group = one->group;
  if (one->event == LAW_JOURNAL_DATA) {
    play_data(r, link, one);
  } else {
    law_link_end(r->player, link, one->group, one->event == LAW_JOURNAL_RESET);
    await_quiet(r, link); /* at once after a RST: it is down */
  }
}

static bool comes_again(const replay *r, uint64_t at, uint32_t group) {
  law_journal_record one;
  for (int n = 0; n < 4096 && law_journal_next(&r->journal, &at, &one); n++) {
    if (one.group == group) {
      return true;
    }
  }
  return false;
}

static void close_all(replay *r) {
  for (size_t i = 0; i < LAW_MAX_LINKS; i++) {
    if (r->player->links[i].kind != LAW_LINK_FREE) {
      law_link_drop(r->player, &r->player->links[i]);
    }
  }
}

/* What is on its way to others than the one that spoke last. */
static void await_others(replay *r, uint32_t last) {
  for (size_t i = 0; i < LAW_MAX_LINKS; i++) {
    law_link *link = &r->player->links[i];
    if (link->kind == LAW_LINK_LANE && link->id != last && link->opened == 1 && !link->ended) {
      await_quiet(r, link);
    }
  }
}

static void end_group(replay *r, uint64_t at, const law_journal_record *last) {
  if (!comes_again(r, at, last->group)) {
    await_others(r, last->connection);
    close_all(r);
  }
}

/* A stall that was seen need not be seen twice. */
static bool is_shown(const replay *r) { return r->stall && r->slowest >= LAW_S; }

static void play_all(replay *r) {
  uint64_t at = law_journal_tail(&r->journal);
  law_journal_record one, before = {0};
  while (law_journal_next(&r->journal, &at, &one) && !is_dead(r, 0) && !is_shown(r)) {
    if (before.group != 0 && before.group != one.group) {
      end_group(r, at, &before);
    }
    play(r, &one);
    before = one;
  }
  if (before.group != 0) {
    end_group(r, UINT64_MAX, &before);
  }
}

/* ---- one run ---- */

static law_campaign *new_campaign(const replay *r, uint16_t port, pid_t pid) {
  const law_options *o = r->options;
  law_campaign *c = calloc(1, sizeof *c);
  if (c != NULL) {
    c->options = o;
    c->speaker = law_speaker_of(o->variant);
    c->net = law_net_new();
    c->to = law_options_endpoint(o);
    c->to.port = port;
    c->pid = pid;
    c->death_fd = -1;
  }
  return c;
}

static void free_campaign(law_campaign *c) {
  if (c != NULL) {
    law_net_free(c->net);
    free(c);
  }
}

static bool ready(replay *r, uint16_t port, pid_t pid, const char *capture) {
  r->player = new_campaign(r, port, pid);
  r->canary = new_campaign(r, port, pid);
  if (r->player == NULL || r->canary == NULL || r->player->net == NULL || r->canary->net == NULL) {
    return false;
  }
  const law_speaker *s = r->player->speaker;
  const char *variant = r->options->variant;
  r->canary->canary_scope = law_scope_alone(r->canary->net, s->protocol, variant, LAW_SERVER);
  r->player->alone = law_scope_world(r->player->net, s->protocol, variant, LAW_SERVER, &r->world);
  if (r->options->password != NULL) {
    (void)law_net_hide(r->player->net,
                       law_bytes_of(r->options->password, strlen(r->options->password)));
  }
  return strcmp(capture, "-") == 0 || law_net_capture(r->player->net, capture);
}

static uint32_t settled_fds(pid_t pid, const law_usage *before) {
  law_usage now = {0};
  for (int i = 0; i < 10; i++) {
    if (!law_usage_of(pid, &now) || now.num_fds <= before->num_fds) {
      break;
    }
    (void)poll(NULL, 0, 50);
  }
  return now.num_fds > before->num_fds ? now.num_fds - before->num_fds : 0;
}

static void say_broken(const replay *r) {
  (void)printf(", \"violations\": [");
  for (size_t i = 0; i < r->num_broken; i++) {
    const broken *b = &r->found[i];
    (void)printf("%s{\"requirement\": \"%s\", \"type\": \"%s\", \"connection\": %u, \"group\": %u}",
                 i > 0 ? ", " : "", law_requirement_name(b->requirement),
                 b->type != NULL ? b->type : "", (unsigned)b->connection, (unsigned)b->group);
  }
  (void)printf("]");
}

static void say_usage(pid_t pid, const char *kind, const law_usage *before) {
  law_usage after;
  uint32_t fds = strcmp(kind, "descriptors") == 0 ? settled_fds(pid, before) : 0;
  if (law_usage_of(pid, &after)) {
    uint64_t peak = after.virtual_peak - before->virtual_peak;
    law_say_number("virtual", after.virtual_peak > before->virtual_peak ? peak : 0);
    law_say_number("fds", fds);
    law_say_number("resident", after.resident);
  }
}

/* Busy for much of a second without anything to do. */
static bool spins(pid_t pid) {
  uint64_t before = law_usage_cpu(pid);
  (void)poll(NULL, 0, 1000);
  return law_usage_cpu(pid) - before > 350 * LAW_MS; /* others want the processor, too */
}

/* How long the canary may take. Where a hang is looked for it is asked very often; the campaign
 * has waited for it with more patience. */
static uint64_t patience(const replay *r, uint64_t calm) {
  return r->hang ? 1200 * LAW_MS + 30 * calm : CANARY * LAW_MS;
}

static bool is_hang(const char *kind) {
  return strcmp(kind, "hang") == 0 || strcmp(kind, "spin") == 0 || strcmp(kind, "gone") == 0;
}

static void answer(replay *r, pid_t pid, const char *kind, const law_usage *before,
                   uint64_t calm) {
  uint64_t took = is_shown(r) ? r->slowest : ask_canary(r, patience(r, calm));
  bool dead = is_dead(r, took != 0 ? 2 : r->hang ? 100 : 3000);
  law_say_begin("replayed");
  law_say_number("sent", r->num_sent);
  law_say_number("dead", dead);
  law_say_number("canary_ms", took == 0 ? 0 : took / LAW_MS + 1);
  law_say_number("calm_ms", calm / LAW_MS + 1);
  law_say_number("slowest_ms", r->slowest / LAW_MS);
  if (pid > 0 && !dead) {
    say_usage(pid, kind, before);
    law_say_number("spins", strcmp(kind, "spin") == 0 && spins(pid));
  }
  say_broken(r);
  law_say_end();
}

/* The canary's connection has to be gone before descriptors are counted. */
static void calm_usage(pid_t pid, const char *kind, law_usage *out) {
  (void)law_usage_of(pid, out);
  for (int i = 0; i < 5 && strcmp(kind, "descriptors") == 0; i++) {
    law_usage now;
    (void)poll(NULL, 0, 20);
    if (law_usage_of(pid, &now) && now.num_fds < out->num_fds) {
      *out = now;
    }
  }
}

static void run_one(const law_options *o, const char *path, uint16_t port, pid_t pid,
                    const char *kind, const char *capture) {
  char error[LAW_JOURNAL_TEXT];
  law_usage before = {0};
  replay r = {.options = o, .death_fd = -1, .hang = is_hang(kind)};
  r.stall = strcmp(kind, "stall") == 0;
  if (!law_journal_open(&r.journal, path, error) || !ready(&r, port, pid, capture)) {
    law_say_begin("failed");
    law_say_text("why", r.player != NULL ? law_net_error(r.player->net) : error);
    law_say_end();
  } else {
    r.death_fd = law_watch_death(pid);
    uint64_t calm = ask_canary(&r, CANARY * LAW_MS);
    calm_usage(pid, kind, &before);
    play_all(&r);
    answer(&r, pid, kind, &before, calm);
  }
  if (r.death_fd >= 0) {
    (void)close(r.death_fd);
  }
  free_campaign(r.player);
  free_campaign(r.canary);
  law_journal_close(&r.journal);
}

static void command(void *user, const char *line) {
  static char path[LAW_COMMAND], capture[LAW_COMMAND], kind[32];
  unsigned port, pid;
  const law_options *o = user;
  if (sscanf(line, "run %4095[^\t]\t%u\t%u\t%31[^\t]\t%4095[^\n]", path, &port, &pid, kind, capture) == 5) {
    run_one(o, path, (uint16_t)port, (pid_t)pid, kind, capture);
  }
}

int law_replay_run(const law_options *o) {
  law_commands commands = {.fd = STDIN_FILENO};
  struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
  law_options copy = *o;
  while (poll(&p, 1, -1) >= 0 && law_commands_poll(&commands, command, &copy)) {
  }
  return 0;
}
