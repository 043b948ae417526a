#include "checks/capture.h"

#include "checks/require.h"
#include "pcap/reader.h"
#include "pcap/source.h"

enum { MAX_PACKETS = 20000 };

/* What the listener was told. */
typedef struct told {
  uint64_t opened, closed, bytes, lost, cut, unread, last_number;
} told;

/* What it knows of one flow. */
typedef struct known {
  const law_flow *flow;
  bool ended[2];
} known;

static known *known_of(law_flow *flow, unsigned from) {
  known *k = flow->user;
  FUZZ_REQUIRE(k->flow == flow && from < 2);
  return k;
}

static void on_opened(void *user, law_flow *flow, uint64_t time) {
  told *t = user;
  known *k = flow->user;
  (void)time;
  FUZZ_REQUIRE(k->flow == NULL && !k->ended[0] && !k->ended[1]);
  FUZZ_REQUIRE(flow->number > t->last_number);
  FUZZ_REQUIRE(flow->end[0].address_len == 4 || flow->end[0].address_len == 16);
  k->flow = flow;
  t->last_number = flow->number;
  t->opened++;
}

static void on_data(void *user, law_flow *flow, unsigned from, const law_place *place,
                    law_bytes bytes) {
  told *t = user;
  const known *k = known_of(flow, from);
  FUZZ_REQUIRE(place->frame > 0);
  FUZZ_REQUIRE(flow->kind == LAW_FLOW_UDP || (bytes.len > 0 && !k->ended[from]));
  volatile uint8_t touched = 0; /* the first and the last byte can be read */
  if (bytes.len > 0) {
    touched = (uint8_t)(bytes.data[0] ^ bytes.data[bytes.len - 1]);
  }
  (void)touched;
  t->bytes += bytes.len;
}

static void on_missing(void *user, law_flow *flow, unsigned from, const law_place *place,
                       law_missing why, uint64_t num_bytes) {
  told *t = user;
  (void)known_of(flow, from);
  (void)place;
  t->lost += why == LAW_MISSING_LOST ? num_bytes : 0;
  t->cut += why == LAW_MISSING_CUT ? num_bytes : 0;
  FUZZ_REQUIRE(why != LAW_MISSING_START || num_bytes == 0);
}

/* Some of what was told as lost comes after all. */
static void on_late(void *user, law_flow *flow, unsigned from, uint64_t num_bytes) {
  told *t = user;
  (void)known_of(flow, from);
  FUZZ_REQUIRE(num_bytes <= t->lost);
  t->lost -= num_bytes;
}

static void on_ended(void *user, law_flow *flow, unsigned from, law_end how, uint64_t time) {
  known *k = known_of(flow, from);
  (void)user;
  (void)how;
  (void)time;
  FUZZ_REQUIRE(flow->kind == LAW_FLOW_TCP && !k->ended[from]);
  k->ended[from] = true;
}

static void on_closed(void *user, law_flow *flow, uint64_t time) {
  told *t = user;
  known *k = known_of(flow, 0);
  (void)time;
  k->flow = NULL;
  t->closed++;
}

static void on_unread(void *user, const law_place *place, const char *what) {
  told *t = user;
  FUZZ_REQUIRE(what != NULL && what[0] != '\0' && place->frame > 0);
  t->unread++;
}

/* Packets from the source into the reader; how many. */
static uint64_t feed(law_source *source, law_reader *reader) {
  law_packet packet;
  uint64_t num = 0, last = 0;
  while (num < MAX_PACKETS && law_source_next(source, &packet) == LAW_SOURCE_PACKET) {
    FUZZ_REQUIRE(packet.frame > last);
    last = packet.frame;
    law_reader_packet(reader, &packet);
    num++;
  }
  law_reader_end(reader);
  return num;
}

static void read_all(law_bytes file, const law_reader_options *options) {
  char error[LAW_SOURCE_TEXT];
  told t = {0, 0, 0, 0, 0, 0, 0};
  law_listener listener = {.user = &t,
                           .flow_size = sizeof(known),
                           .opened = on_opened,
                           .data = on_data,
                           .missing = on_missing,
                           .late = on_late,
                           .ended = on_ended,
                           .closed = on_closed,
                           .unread = on_unread};
  law_source *source = law_source_memory(file, NULL, NULL, error);
  law_reader *reader = law_reader_new(options, &listener);
  FUZZ_REQUIRE(source != NULL && reader != NULL);
  uint64_t num = feed(source, reader);
  const law_reader_counts *counts = law_reader_counted(reader);
  FUZZ_REQUIRE(counts->packets == num && counts->flows == t.opened && t.opened == t.closed);
  FUZZ_REQUIRE(t.bytes <= counts->bytes);
  FUZZ_REQUIRE(counts->lost_bytes == t.lost);
  FUZZ_REQUIRE(counts->cut_bytes == t.cut);
  law_reader_free(reader);
  law_source_close(source);
}

void fuzz_check_capture(law_bytes file) {
  static const law_reader_options roomy = {.max_flows = 64, .pool_len = 1 << 16};
  static const law_reader_options tight = {.max_flows = 2, .pool_len = 4096, .checksums = true};
  read_all(file, &roomy);
  read_all(file, &tight);
}
