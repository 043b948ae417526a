#include "pcap/anonymise.h"

#include <stdlib.h>
#include <string.h>

#include "pcap/frames.h"
#include "pcap/known.h"
#include "pcap/packetfile.h"
#include "pcap/rewrite.h"
#include "pcap/stream.h"
#include "pcap/web.h"

/* The listener's memory of a flow, during the first pass. */
typedef struct flow_state {
  law_known_flow *known;
  law_stream *stream;
  law_web web[2];
  law_known tag;
  bool tagged;
} flow_state;

typedef struct job {
  const law_check_command *command;
  law_anonymised *result;
  law_alias *alias;
  law_frames frames;
  law_stream_env env;
  law_reader *reader;
  law_known tag; /* of the packet that comes next: the comment of a run of our own */
  uint64_t tag_frame, frame;
  int *links; /* of each interface */
  size_t num_links;
  bool out_of_memory;
} job;

/* ---- What is left out ---- */

static void leave_out(job *j, const char *what, uint64_t bytes) {
  law_anonymised *r = j->result;
  size_t i = 0;
  while (i < r->num_left_out && strcmp(r->left_out[i].what, what) != 0) {
    i++;
  }
  if (i == r->num_left_out) {
    if (i == LAW_ANONYMISE_REASONS) {
      i--;
    } else {
      r->owned[i] = strdup(what);
      r->left_out[i].what = r->owned[i] ? r->owned[i] : "";
      r->num_left_out++;
    }
  }
  r->left_out[i].packets++;
  r->left_out[i].bytes += bytes;
}

/* ---- First pass: what each byte is ---- */

/* |len| bytes of a message, in a row in one frame. */
static void cover_run(job *j, flow_state *f, const law_told *told, const law_place *place,
                      size_t offset, size_t len, const uint8_t *after) {
  int64_t at;
  if (place->at != LAW_AT_NOWHERE &&
      law_frames_place(&j->frames, f->known, told->from, place->frame, place->at, &at) &&
      !law_cover_set(&f->known->cover[told->from], at, told->wire.data + offset, after + offset,
                     len)) {
    j->out_of_memory = true;
  }
}

static void cover_message(job *j, flow_state *f, const law_told *told, const uint8_t *after) {
  const law_spots *s = told->spots;
  if (!s || s->num == 0) {
    cover_run(j, f, told, &told->place, 0, told->wire.len, after);
    return;
  }
  const law_spot *spots = s->many ? s->many : s->few;
  for (uint32_t i = 0; i < s->num; i++) {
    size_t from = spots[i].offset;
    size_t to = i + 1 < s->num ? spots[i + 1].offset : told->wire.len;
    if (from < to && to <= told->wire.len) {
      cover_run(j, f, told, &spots[i].place, from, to - from, after);
    }
  }
}

static void told_one(void *user, void *owner, const law_told *told) {
  job *j = user;
  flow_state *f = owner;
  if (!told->protocol || told->kind == LAW_TOLD_FOUND || told->wire.len == 0) {
    return;
  }
  if (told->place.at == LAW_AT_NOWHERE) {
    f->known->opaque = true;
    return;
  }
  uint8_t *after = malloc(told->wire.len);
  if (!after) {
    j->out_of_memory = true;
    return;
  }
  law_side from = told->side >= 0 ? (law_side)told->side : LAW_CLIENT;
  bool same = law_rewrite(j->alias, told->protocol, told->context, from, told->wire, after);
  j->result->messages++;
  j->result->changed += !same && told->kind == LAW_TOLD_MESSAGE;
  f->known->understood = true;
  cover_message(j, f, told, after);
  free(after);
}

static void skipped(void *user, void *owner, unsigned from, const char *why, uint64_t num_bytes) {
  (void)user;
  (void)owner;
  (void)from;
  (void)why;
  (void)num_bytes;
}

static void opened(void *user, law_flow *flow, uint64_t time) {
  job *j = user;
  flow_state *f = flow->user;
  (void)time;
  f->known = law_frames_open(&j->frames, flow);
  j->out_of_memory |= !f->known;
  f->tagged = j->tag_frame == j->frame;
  f->tag = j->tag;
}

static const law_protocol *protocol_of(const char *variant) {
  for (size_t i = 0; law_protocols[i]; i++) {
    const char *const *v = law_protocols[i]->variants;
    for (; v && *v; v++) {
      if (strcmp(*v, variant) == 0) {
        return law_protocols[i];
      }
    }
  }
  return NULL;
}

static law_stream *stream_of(job *j, law_flow *flow) {
  flow_state *f = flow->user;
  if (!f->stream) {
    law_stream_known known = {.judged = 0};
    if (f->tagged) {
      known.protocol = protocol_of(f->tag.variant);
      known.variant = f->tag.variant;
      known.websocket = f->tag.websocket;
    }
    f->stream = law_stream_new(&j->env, f, flow, &known);
    j->out_of_memory |= !f->stream;
  }
  return f->stream;
}

static void push_web(job *j, flow_state *f, unsigned from, const law_place *place,
                     law_bytes bytes) {
  int64_t at;
  law_web *w = &f->web[from];
  if (law_frames_place(&j->frames, f->known, from, place->frame, place->at, &at)) {
    law_web_push(w, j->alias, &f->known->cover[from], at, bytes);
  }
  f->known->websocket |= w->state == LAW_WEB_HEADING || w->state == LAW_WEB_FRAMES;
}

static void data(void *user, law_flow *flow, unsigned from, const law_place *place,
                 law_bytes bytes) {
  job *j = user;
  flow_state *f = flow->user;
  if (!f->known || !stream_of(j, flow)) {
    return;
  }
  if (flow->kind == LAW_FLOW_UDP) {
    law_frames_append(&j->frames, f->known, from, place->frame, bytes.len);
  } else {
    push_web(j, f, from, place, bytes);
  }
  law_stream_push(f->stream, from, place, bytes);
}

static void missing(void *user, law_flow *flow, unsigned from, const law_place *place,
                    law_missing why, uint64_t num_bytes) {
  job *j = user;
  flow_state *f = flow->user;
  if (f->known && stream_of(j, flow)) {
    law_web_lost(&f->web[from]);
    law_stream_missing(f->stream, from, place, num_bytes, why == LAW_MISSING_START);
  }
}

static void late(void *user, law_flow *flow, unsigned from, uint64_t num_bytes) {
  flow_state *f = flow->user;
  (void)user;
  if (f->stream) {
    law_stream_late(f->stream, from, num_bytes);
  }
}

static void ended(void *user, law_flow *flow, unsigned from, law_end how, uint64_t time) {
  flow_state *f = flow->user;
  (void)user;
  if (f->stream) {
    law_stream_ended(f->stream, from, how == LAW_END_RST, time);
  }
}

static void closed(void *user, law_flow *flow, uint64_t time) {
  flow_state *f = flow->user;
  (void)user;
  if (f->stream) {
    law_stream_finish(f->stream, time);
    const char *why = law_stream_unjudged(f->stream);
    f->known->why = why ? strdup(why) : NULL;
    law_stream_free(f->stream);
  }
  law_web_free(&f->web[0]);
  law_web_free(&f->web[1]);
}

static bool note_link(job *j, const law_packet *packet) {
  while (packet->interface >= j->num_links) {
    int *links = realloc(j->links, (j->num_links + 1) * sizeof *links);
    if (!links) {
      return false;
    }
    links[j->num_links++] = 1;
    j->links = links;
  }
  j->links[packet->interface] = packet->link;
  return true;
}

static void learn(job *j, const law_packet *packet) {
  law_layout layout;
  j->frame = packet->frame;
  law_layout_read(packet, &layout);
  if (!note_link(j, packet) || !law_frames_add(&j->frames, packet->frame, &layout)) {
    j->out_of_memory = true;
    return;
  }
  law_reader_packet(j->reader, packet);
  law_frames_assign(&j->frames, packet->frame, &layout);
}

/* ---- Second pass: the packets ---- */

/* The payload of a packet of a flow that is understood; returns where it has to end. */
static uint32_t change_payload(job *j, const law_known_frame *k, const law_layout *l,
                               uint8_t *bytes) {
  law_cover *cover = &k->flow->cover[k->from];
  int64_t place = law_cover_place(cover, k->seq);
  for (uint32_t i = 0; i < l->payload_len; i++) {
    uint8_t *byte = bytes + l->payload_at + i, change;
    if (law_cover_at(cover, place + i, &change)) {
      *byte ^= change;
      continue;
    }
    if (k->flow->websocket) {
      leave_out(j, "WebSocket bytes that cannot be followed", l->payload_len - i);
      return l->payload_at + i;
    }
    law_alias_scrub(j->alias, (uint64_t)(place + i), byte, 1);
  }
  return l->payload_at + l->payload_len;
}

/* How many bytes of the packet stay, once its payload is changed. */
static uint32_t keep_of(job *j, const law_packet *packet, const law_layout *l, uint8_t *bytes) {
  uint32_t keep = law_disguise(j->alias, packet, l, bytes);
  const law_known_frame *k = &j->frames.all[packet->frame];
  if (l->what) {
    leave_out(j, l->what, packet->captured - keep);
    return keep;
  }
  if (keep < packet->captured || l->payload_len == 0) {
    return keep;
  }
  if (!k->flow || !k->flow->understood || k->flow->opaque) {
    const char *why = !k->flow ? l->tcp ? "TCP of no connection" : "UDP" : k->flow->why;
    leave_out(j, why ? why : "encrypted: what is said in it can be read, but not replaced in it",
              l->payload_len);
    return l->payload_at;
  }
  uint32_t end = change_payload(j, k, l, bytes);
  return end < l->payload_at + l->payload_len ? end : keep;
}

static bool put_packet(job *j, law_packetfile *file, const law_packet *packet) {
  law_layout layout;
  char comment[LAW_KNOWN_TEXT];
  uint8_t *bytes = malloc(packet->captured > 0 ? packet->captured : 1);
  if (!bytes) {
    return false;
  }
  memcpy(bytes, packet->data, packet->captured);
  law_layout_read(packet, &layout);
  law_packet changed = *packet;
  changed.data = bytes;
  changed.captured = keep_of(j, packet, &layout, bytes);
  law_disguise_sums(&layout, bytes, changed.captured);
  bool tagged = j->tag_frame == packet->frame;
  if (tagged) {
    law_known_print(&j->tag, comment);
  }
  law_packetfile_put(file, &changed, tagged ? comment : NULL);
  j->result->packets++;
  free(bytes);
  return true;
}

/* ---- Both ---- */

static void take_secrets(void *user, uint32_t type, law_bytes secrets) {
  job *j = user;
  char error[LAW_SECRETS_TEXT];
  if (type == LAW_SECRETS_TLS) {
    (void)law_pcap_secrets_add_keylog(j->command->secrets, secrets, error);
  }
}

static void take_comment(void *user, uint64_t frame, law_bytes text) {
  job *j = user;
  if (law_known_parse(text, &j->tag)) {
    j->tag_frame = frame;
  }
}

/* Reads the file once; |file| NULL: the first pass. */
static bool pass(job *j, const char *path, law_packetfile *file, char *error) {
  const law_source_notes notes = {j, take_secrets, take_comment};
  law_source *s = law_source_file(path, NULL, &notes, error);
  law_source_status status = LAW_SOURCE_IDLE;
  law_packet packet;
  if (!s) {
    return false;
  }
  j->tag_frame = 0;
  while (!j->out_of_memory && (status == LAW_SOURCE_IDLE || status == LAW_SOURCE_PACKET)) {
    status = law_source_next(s, &packet);
    if (status == LAW_SOURCE_PACKET && file) {
      j->out_of_memory |= !put_packet(j, file, &packet);
    } else if (status == LAW_SOURCE_PACKET) {
      learn(j, &packet);
    }
  }
  const char *why = j->out_of_memory ? "no memory left" : law_source_error(s);
  bool damaged = status == LAW_SOURCE_FAILED && j->frame > 0;
  if (damaged && file) {
    leave_out(j, "what comes after the place where the file is damaged", 0);
  } else if (why && status != LAW_SOURCE_END) {
    (void)snprintf(error, LAW_SOURCE_TEXT, "%s", why);
  }
  law_source_close(s);
  return !j->out_of_memory && (damaged || status == LAW_SOURCE_END);
}

static bool prepare(job *j, const law_check_command *o, const uint8_t *key) {
  const law_listener listener = {.user = j,
                                 .flow_size = sizeof(flow_state),
                                 .opened = opened,
                                 .data = data,
                                 .missing = missing,
                                 .late = late,
                                 .ended = ended,
                                 .closed = closed};
  j->env = (law_stream_env){.talk = {.user = j, .told = told_one, .skipped = skipped},
                            .secrets = o->secrets,
                            .as = o->check.as,
                            .num_as = o->check.num_as,
                            .variant = o->check.variant};
  j->alias = law_alias_new(key);
  j->reader = law_reader_new(&o->check.reader, &listener);
  return j->alias && j->reader;
}

static bool run(job *j, const char *path, FILE *out, char *error) {
  law_packetfile file;
  bool read = pass(j, path, NULL, error);
  law_reader_end(j->reader); /* also gives the memory of its flows back */
  if (!read) {
    return false;
  }
  for (size_t i = 0; i < j->frames.num; i++) {
    law_known_flow *flow = j->frames.all[i].flow;
    if (flow) {
      flow->cover[0].last = flow->cover[0].base;
      flow->cover[1].last = flow->cover[1].base;
    }
  }
  law_packetfile_begin(&file, out, j->links, j->num_links);
  if (!pass(j, path, &file, error)) {
    return false;
  }
  if (!law_packetfile_end(&file)) {
    (void)snprintf(error, LAW_SOURCE_TEXT, "the new capture could not be written");
    return false;
  }
  return true;
}

bool law_anonymise(const char *path, const law_check_command *command, const uint8_t *key,
                   FILE *out, law_anonymised *result, char *error) {
  job *j = calloc(1, sizeof *j);
  bool good = false;
  *result = (law_anonymised){.packets = 0};
  (void)snprintf(error, LAW_SOURCE_TEXT, "no memory left");
  if (j) {
    j->command = command;
    j->result = result;
    good = prepare(j, command, key) && run(j, path, out, error);
    law_reader_free(j->reader);
    law_alias_free(j->alias);
    law_frames_free(&j->frames);
    free(j->links);
    free(j);
  }
  return good;
}

void law_anonymised_free(law_anonymised *result) {
  for (size_t i = 0; i < LAW_ANONYMISE_REASONS; i++) {
    free(result->owned[i]);
    result->owned[i] = NULL;
  }
}
