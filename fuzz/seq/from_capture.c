#include <stdio.h>
#include <string.h>

#include "pcap/reader.h"
#include "seq/convert.h"

typedef struct reading {
  law_writer *out;
  bool used[LAW_SEQ_CONNECTIONS];
  bool too_many;
  uint64_t last; /* ns, of the record before */
} reading;

typedef struct seat {
  uint8_t connection;
  bool seated, ended[2];
} seat;

static void put(reading *r, const seat *s, unsigned from, law_seq_event event, uint64_t time,
                law_bytes data) {
  uint64_t delay = time > r->last && r->last != 0 ? (time - r->last) / 1000 : 0;
  r->last = time > r->last ? time : r->last;
  law_seq_record record = {.from = from == 0 ? LAW_CLIENT : LAW_SERVER,
                           .event = event,
                           .connection = s->connection,
                           .delay = delay < UINT32_MAX ? (uint32_t)delay : UINT32_MAX,
                           .data = data};
  law_seq_write(r->out, &record);
}

static void on_opened(void *user, law_flow *flow, uint64_t time) {
  reading *r = user;
  seat *s = flow->user;
  (void)time;
  if (flow->kind != LAW_FLOW_TCP) {
    return;
  }
  for (uint8_t i = 0; i < LAW_SEQ_CONNECTIONS && !s->seated; i++) {
    if (!r->used[i]) {
      *s = (seat){.connection = i, .seated = true};
      r->used[i] = true;
    }
  }
  r->too_many = r->too_many || !s->seated;
}

static void on_data(void *user, law_flow *flow, unsigned from, const law_place *place,
                    law_bytes bytes) {
  const seat *s = flow->user;
  if (s->seated) {
    put(user, s, from, LAW_SEQ_DATA, place->time, bytes);
  }
}

static void on_missing(void *user, law_flow *flow, unsigned from, const law_place *place,
                       law_missing why, uint64_t num_bytes) {
  const seat *s = flow->user;
  (void)why;
  (void)num_bytes;
  if (s->seated) {
    put(user, s, from, LAW_SEQ_GAP, place->time, law_bytes_of(NULL, 0));
  }
}

static void on_ended(void *user, law_flow *flow, unsigned from, law_end how, uint64_t time) {
  reading *r = user;
  seat *s = flow->user;
  if (!s->seated) {
    return;
  }
  put(r, s, from, how == LAW_END_RST ? LAW_SEQ_RESET : LAW_SEQ_END, time, law_bytes_of(NULL, 0));
  s->ended[from] = true;
  if (how == LAW_END_RST || s->ended[1 - from]) { /* its number is free for the next */
    r->used[s->connection] = false;
    s->seated = false;
  }
}

/* Forgotten without an end. */
static void on_closed(void *user, law_flow *flow, uint64_t time) {
  reading *r = user;
  seat *s = flow->user;
  (void)time;
  if (s->seated) {
    r->used[s->connection] = false;
  }
}

static bool read_packets(law_source *source, law_reader *reader, char *error) {
  law_packet packet;
  law_source_status status;
  while ((status = law_source_next(source, &packet)) != LAW_SOURCE_END) {
    if (status == LAW_SOURCE_FAILED) {
      (void)snprintf(error, LAW_SEQ_TEXT, "%s", law_source_error(source));
      return false;
    }
    if (status == LAW_SOURCE_PACKET) {
      law_reader_packet(reader, &packet);
    }
  }
  law_reader_end(reader);
  return true;
}

static bool convert(law_source *source, reading *r, char *error) {
  law_listener listener = {.user = r,
                           .flow_size = sizeof(seat),
                           .opened = on_opened,
                           .data = on_data,
                           .missing = on_missing,
                           .ended = on_ended,
                           .closed = on_closed};
  law_reader *reader = law_reader_new(NULL, &listener);
  if (reader == NULL) {
    (void)snprintf(error, LAW_SEQ_TEXT, "out of memory");
    return false;
  }
  bool read = read_packets(source, reader, error);
  law_reader_free(reader);
  return read;
}

bool law_seq_from_capture(const char *path, const char *filter, law_writer *out, char *error) {
  reading r = {.out = out};
  law_source *source = law_source_file(path, filter, NULL, error);
  if (source == NULL) {
    return false;
  }
  bool read = convert(source, &r, error);
  law_source_close(source);
  if (read && r.too_many) {
    (void)snprintf(error, LAW_SEQ_TEXT,
                   "more than %d connections are open at once; choose some by a filter, such as "
                   "'tcp port 40000'",
                   LAW_SEQ_CONNECTIONS);
  }
  return read && !r.too_many;
}
