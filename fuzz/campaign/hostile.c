/* A campaign against a client: we are the server that it talks to, and mostly a good one. In each
 * conversation some answers are changed, come twice, are of another kind, or come unasked. Clients
 * that end are started again; those that connect again by themselves get the next conversation.
 *
 *   wirelaw-fuzz hostile ... -- COMMAND {port} ...
 *
 * Events and commands as in campaign.c; a candidate waits for "go". */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "campaign/campaign.h"
#include "campaign/child.h"
#include "campaign/run.h"
#include "campaign/say.h"
#include "campaign/scopes.h"
#include "mutators/random.h"

enum {
  EVENTS = 128,
  SLOTS = 8,
  CHANGES = 3,
  CHANGE = 2048,
  QUIET = 60,    /* ms without a word: the conversation is over */
  COME = 3000,   /* ms for a client to connect */
  LONG = 2000,   /* ms for a conversation */
  STATUS = 250,  /* ms */
  LOG_PATH = 4096,
};

/* One answer that is not what it should be: to the |at|th message of the client. */
typedef struct change {
  uint32_t at;
  bool instead; /* of the right answer; else behind it */
  size_t len;
  uint8_t data[CHANGE];
} change;

/* One client's process, and what it says. */
typedef struct slot {
  law_handle listener, conn;
  law_child child;
  char log[LOG_PATH];
  uint64_t since, heard; /* ns: started or last conversation; last word */
  uint32_t group, id, received, state;
  uint64_t answers;
  law_requirement broken;
  uint32_t code; /* of what was changed */
  law_requirement wrong;
  size_t num_changes, num_made;
  change changes[CHANGES];
  uint64_t context[LAW_MAX_CONTEXT_SIZE / 8];
} slot;

typedef struct host {
  const law_options *options;
  char **argv;
  law_net *net;
  const law_speaker *speaker;
  law_handle scope;
  law_journal journal;
  law_inputs *queue;
  law_keys keys;
  law_mutator mutator;
  uint64_t random, status_at;
  law_counts counts;
  uint32_t next_group, num_starts;
  bool paused, stopped;
  size_t num_slots;
  slot slots[SLOTS];
  uint8_t told[LAW_R_COUNT];
} host;

static uint32_t draw(host *h, uint32_t below) { return law_random_below(&h->random, below); }

/* ---- what is changed ---- */

static void generate(host *h, change *c) {
  law_persona p = {.variant = h->options->variant};
  c->len = draw(h, 2) == 0
               ? law_mutate_generate(&h->mutator, c->data, CHANGE, law_random(&h->random))
               : h->speaker->volunteer(&p, &h->random, c->data, CHANGE);
  if (draw(h, 3) == 0 && c->len > 0) {
    c->len = law_mutate(&h->mutator, c->data, c->len, CHANGE, law_random(&h->random));
  }
}

static void plan_anew(host *h, slot *s) {
  s->num_changes = draw(h, 8) == 0 ? 2 : 1;
  for (size_t i = 0; i < s->num_changes; i++) {
    change *c = &s->changes[i];
    c->at = draw(h, 7);
    c->instead = draw(h, 2) == 0;
    c->len = 0;
    if (draw(h, 2) == 0) {
      generate(h, c);
    } /* else the right answer is changed when it is known */
  }
}

/* A conversation that showed something new, changed again. */
static bool plan_from_queue(host *h, slot *s) {
  const law_input_seq *one = law_inputs_any(h->queue, &h->random, false);
  law_seq_record r;
  if (one == NULL) {
    return false;
  }
  law_bytes rest = law_bytes_of(one->data, one->len);
  s->num_changes = 0;
  while (s->num_changes < CHANGES && law_seq_next(&rest, &r)) {
    change *c = &s->changes[s->num_changes++];
    c->at = r.delay;
    c->instead = r.event == LAW_SEQ_DATA;
    c->len = r.data.len < CHANGE ? r.data.len : CHANGE;
    memcpy(c->data, r.data.data, c->len);
    if (draw(h, 2) == 0 && c->len > 0) {
      c->len = law_mutate(&h->mutator, c->data, c->len, CHANGE, law_random(&h->random));
    }
  }
  return s->num_changes > 0;
}

static void remember(host *h, slot *s) {
  uint8_t room[LAW_INPUT_CAP];
  law_writer w = law_writer_of(room, sizeof room);
  for (size_t i = 0; i < s->num_changes; i++) {
    const change *c = &s->changes[i];
    law_seq_record r = {LAW_SERVER, c->instead ? LAW_SEQ_DATA : LAW_SEQ_GAP, 0, c->at,
                        law_bytes_of(c->data, c->len)};
    law_seq_write(&w, &r);
  }
  if (law_writer_ok(&w) && s->num_made > 0) {
    law_inputs_add(h->queue, law_bytes_of(room, w.len), true);
  }
}

/* ---- talking ---- */

static void candidate(host *h, const slot *s, const char *kind, law_requirement r,
                      const char *type) {
  if (h->paused) {
    return;
  }
  h->paused = true;
  law_say_begin("candidate");
  law_say_text("kind", kind);
  if (r != LAW_R_NONE) {
    h->told[r] = 1;
    law_say_text("requirement", law_requirement_name(r));
  }
  law_say_text("type", type);
  law_say_number("group", s->group);
  law_say_text("log", s->log);
  law_say_number("status", (uint64_t)(uint32_t)s->child.status);
  law_say_end();
}

static void send_to(host *h, slot *s, law_bytes bytes) {
  law_journal_record r = {s->group, s->id, LAW_JOURNAL_DATA, s->received, bytes};
  if (bytes.len > 0) {
    law_journal_write(&h->journal, &r);
    (void)law_net_send(h->net, s->conn, bytes, NULL);
    h->counts.messages++;
  }
}

/* What the codec thinks of a change: feedback. */
static void read_change(host *h, slot *s, law_bytes bytes) {
  uint64_t message[LAW_MAX_MESSAGE_SIZE / 8];
  law_violation v = {LAW_R_NONE, LAW_OK, 0};
  s->code = h->speaker->protocol->code_of(bytes);
  law_status status = h->speaker->protocol->decode(s->context, LAW_SERVER, bytes, message, &v);
  s->wrong = status != LAW_OK ? v.requirement : LAW_R_NONE;
}

static void make_change(host *h, slot *s, change *c, law_bytes right) {
  if (c->len == 0 && right.len > 0 && right.len <= CHANGE) {
    memcpy(c->data, right.data, right.len);
    c->len = law_mutate(&h->mutator, c->data, right.len, CHANGE, law_random(&h->random));
  }
  if (c->len > 0) {
    s->num_made++;
    read_change(h, s, law_bytes_of(c->data, c->len));
    send_to(h, s, law_bytes_of(c->data, c->len));
  }
}

static void answer(host *h, slot *s, const law_event *e) {
  law_persona p = {.variant = h->options->variant};
  uint8_t right[1024];
  size_t len = e->message != NULL ? h->speaker->serve(&p, e->message, right, sizeof right) : 0;
  change *mine = NULL;
  for (size_t i = 0; i < s->num_changes; i++) {
    mine = s->changes[i].at == s->received - 1 ? &s->changes[i] : mine;
  }
  if (mine == NULL || !mine->instead) {
    send_to(h, s, law_bytes_of(right, len));
  }
  if (mine != NULL) {
    make_change(h, s, mine, law_bytes_of(right, len));
  }
}

/* ---- conversations ---- */

static void begin_talk(host *h, slot *s, law_handle conn) {
  if (s->conn != 0) {
    law_net_close(h->net, s->conn, LAW_CLOSE_RST);
  }
  s->conn = conn;
  s->group = s->id = ++h->next_group;
  s->received = 0;
  s->answers = 0;
  s->broken = s->wrong = LAW_R_NONE;
  s->code = 0;
  s->num_made = 0;
  s->since = s->heard = law_net_now();
  h->speaker->protocol->begin(h->options->variant, s->context);
  if (draw(h, 100) < 40 || !plan_from_queue(h, s)) {
    plan_anew(h, s);
  }
  h->counts.sessions++;
}

static void learn(host *h, slot *s, uint64_t end) {
  uint64_t key = law_key_mix(law_key_mix(3, s->state), (uint64_t)s->code << 16 | s->wrong);
  key = law_key_mix(law_key_mix(key, s->answers), end << 32 | s->broken);
  if (law_keys_add(&h->keys, key)) {
    remember(h, s);
  }
}

/* |end|: 1 by us, 2 by the client. */
static void end_talk(host *h, slot *s, uint64_t end) {
  if (s->conn != 0) {
    law_journal_record r = {s->group, s->id, LAW_JOURNAL_END, s->received, {NULL, 0}};
    law_journal_write(&h->journal, &r);
    learn(h, s, end);
    law_net_close(h->net, s->conn, LAW_CLOSE_RST);
  }
  s->conn = 0;
  s->since = law_net_now();
}

static void judge(host *h, slot *s, const law_event *e) {
  for (size_t i = 0; i < e->num_violations; i++) {
    law_requirement r = e->violations[i].requirement;
    s->broken = r;
    if (!h->told[r] && law_is_told(h->options, r)) {
      candidate(h, s, "violation", r, e->type != NULL ? e->type->name : NULL);
      return;
    }
  }
}

static void heard(host *h, slot *s, const law_event *e) {
  uint32_t code = e->wire.len > 0 ? h->speaker->protocol->code_of(e->wire) : 0;
  uint32_t reason = e->message != NULL ? h->speaker->reason(e->message) : 0xffff;
  s->heard = law_net_now();
  s->received++;
  h->counts.answers++;
  if (s->num_made > 0) {
    s->answers |= UINT64_C(1) << (law_key_mix(law_key_mix(5, code), reason) >> 20) % 64;
  } else {
    s->state = law_net_state(h->net, s->conn);
  }
  judge(h, s, e);
  answer(h, s, e);
}

static slot *slot_of(host *h, const law_event *e) {
  for (size_t i = 0; i < h->num_slots; i++) {
    slot *s = &h->slots[i];
    if (e->kind == LAW_EV_ACCEPTED ? s->listener == e->listener : s->conn == e->handle) {
      return s;
    }
  }
  return NULL;
}

static void handle(host *h, const law_event *e) {
  slot *s = slot_of(h, e);
  if (s == NULL) {
    return;
  }
  if (e->kind == LAW_EV_ACCEPTED) {
    begin_talk(h, s, e->handle);
  } else if (e->kind == LAW_EV_MESSAGE) {
    heard(h, s, e);
  } else if (e->kind == LAW_EV_VIOLATION) {
    judge(h, s, e);
  } else if (e->kind == LAW_EV_CLOSED) {
    end_talk(h, s, 2);
  }
}

/* ---- processes ---- */

static bool start(host *h, slot *s) {
  s->since = law_net_now();
  h->num_starts++;
  return law_child_start(&s->child, h->argv, law_net_port(h->net, s->listener), s->log,
                         h->options->script);
}

static bool is_spinning(slot *s) {
  uint64_t before = law_usage_cpu(s->child.pid);
  (void)usleep(500000);
  return law_usage_cpu(s->child.pid) - before > 200 * LAW_MS;
}

static void too_late(host *h, slot *s) {
  if (is_spinning(s) && is_spinning(s)) {
    candidate(h, s, "spin", LAW_R_NONE, NULL);
  }
  law_child_kill(&s->child);
}

static void step(host *h, slot *s, uint64_t now) {
  if (law_child_poll(&s->child)) {
    bool crashed = s->child.pid != 0 && law_child_crashed(&s->child, s->log);
    end_talk(h, s, 2);
    if (crashed) {
      candidate(h, s, "death", LAW_R_NONE, NULL);
    }
    law_child_kill(&s->child);
    h->stopped = (!h->paused && !start(h, s)) || h->stopped;
  } else if (s->conn != 0 && (now > s->heard + QUIET * LAW_MS || now > s->since + LONG * LAW_MS)) {
    end_talk(h, s, 1);
  } else if (s->conn == 0 && now > s->since + COME * LAW_MS) {
    too_late(h, s);
  }
}

/* ---- the loop ---- */

static void command(void *user, const char *line) {
  host *h = user;
  if (strcmp(line, "go") == 0) {
    h->paused = false;
  } else if (strncmp(line, "mute ", 5) == 0) {
    h->told[law_requirement_find(line + 5)] = 1;
  } else if (strncmp(line, "unmute ", 7) == 0) {
    h->told[law_requirement_find(line + 7)] = 0;
  } else if (strcmp(line, "stop") == 0) {
    h->stopped = true;
  }
}

static void say_counts(const host *h, const char *event) {
  law_say_begin(event);
  law_say_number("sessions", h->counts.sessions);
  law_say_number("messages", h->counts.messages);
  law_say_number("answers", h->counts.answers);
  law_say_number("keys", h->keys.num);
  law_say_number("queue", h->queue->num);
  law_say_number("starts", h->num_starts);
  law_say_number("full", h->queue->full);
  law_say_end();
}

static void rest(host *h) {
  for (size_t i = 0; i < h->num_slots; i++) {
    end_talk(h, &h->slots[i], 1);
    law_child_kill(&h->slots[i].child);
  }
}

static bool run(host *h) {
  static law_event events[EVENTS];
  law_commands commands = {.fd = STDIN_FILENO};
  while (!h->stopped) {
    uint64_t now = law_net_now();
    for (size_t i = 0; i < h->num_slots && !h->paused; i++) {
      step(h, &h->slots[i], now);
    }
    if (h->paused) {
      rest(h);
    } else if (now > h->status_at + STATUS * LAW_MS) {
      h->status_at = now;
      say_counts(h, "status");
    }
    int num = law_net_wait(h->net, now + 5 * LAW_MS, events, EVENTS);
    for (int i = 0; i < num && !h->paused; i++) {
      handle(h, &events[i]);
    }
    h->stopped = !law_commands_poll(&commands, command, h) || num < 0 || h->stopped;
  }
  return true;
}

static bool begin(host *h) {
  const law_options *o = h->options;
  law_endpoint at = law_options_endpoint(o);
  h->net = law_net_new();
  h->queue = law_inputs_new(o->queue, NULL);
  if (h->net == NULL || h->queue == NULL) {
    return false;
  }
  h->scope = law_scope_alone(h->net, h->speaker->protocol, o->variant, LAW_CLIENT);
  law_mutator_init(&h->mutator, h->speaker->protocol, o->variant);
  h->num_slots = o->lanes[0] < SLOTS ? o->lanes[0] : SLOTS;
  for (size_t i = 0; i < h->num_slots; i++) {
    slot *s = &h->slots[i];
    s->listener = law_net_listen(h->net, h->scope, &at, NULL);
    (void)snprintf(s->log, sizeof s->log, "%s.client-%zu.log", o->journal, i);
    if (s->listener == 0) {
      return false;
    }
  }
  return h->scope != 0;
}

int law_hostile_run(const law_options *o, char **argv) {
  char error[LAW_JOURNAL_TEXT];
  host *h = calloc(1, sizeof *h);
  if (h == NULL) {
    return 2;
  }
  h->options = o;
  h->argv = argv;
  h->speaker = law_speaker_of(o->variant);
  h->random = o->seed;
  h->told[LAW_R_NONE] = 1;
  if (!begin(h) || !law_journal_create(&h->journal, o->journal, o->journal_size, error)) {
    (void)fprintf(stderr, "wirelaw-fuzz: %s\n", h->net != NULL ? law_net_error(h->net) : error);
    return 2;
  }
  if (o->queue != NULL) {
    (void)law_inputs_load(h->queue, o->queue);
  }
  (void)run(h);
  rest(h);
  say_counts(h, "end");
  law_net_free(h->net);
  law_journal_close(&h->journal);
  law_inputs_free(h->queue);
  free(h);
  return 0;
}
