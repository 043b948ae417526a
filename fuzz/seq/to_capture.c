#include <stdio.h>
#include <string.h>

#include "pcap/writer.h"
#include "seq/convert.h"

static const uint64_t begin_at = UINT64_C(1000000000) * 1000000000; /* ns since 1970 */

typedef struct told {
  law_pcap_writer *writer;
  law_pcap_flow flows[LAW_SEQ_CONNECTIONS];
  bool open[LAW_SEQ_CONNECTIONS];
  uint16_t next_port;
} told;

static law_pcap_flow *flow_of(told *t, uint8_t connection, uint64_t time) {
  law_pcap_flow *flow = &t->flows[connection];
  if (!t->open[connection]) {
    *flow = (law_pcap_flow){.address = {{127, 0, 0, 1}, {127, 0, 0, 1}}};
    flow->port[LAW_CLIENT] = t->next_port++;
    flow->port[LAW_SERVER] = 1883;
    (void)law_pcap_open(t->writer, flow, time, NULL);
    t->open[connection] = true;
  }
  return flow;
}

static void tell(told *t, const law_seq_record *r, uint64_t time) {
  law_pcap_flow *flow = flow_of(t, r->connection, time);
  bool reset = r->event == LAW_SEQ_RESET;
  switch (r->event) {
    case LAW_SEQ_DATA:
      if (r->data.len > 0) {
        (void)law_pcap_data(t->writer, flow, r->from, time, r->data, NULL);
      }
      break;
    case LAW_SEQ_GAP:
      flow->seq[r->from]++;
      break;
    default:
      (void)law_pcap_close(t->writer, flow, r->from, reset, time, NULL);
      t->open[r->connection] = !(flow->reset || (flow->closed[0] && flow->closed[1]));
      break;
  }
}

bool law_seq_to_capture(law_bytes sequence, const char *path, char *error) {
  told t = {.writer = law_pcap_create(path, error), .next_port = 40000};
  law_seq_record record;
  uint64_t time = begin_at;
  if (t.writer == NULL) {
    return false;
  }
  while (law_seq_next(&sequence, &record)) {
    time += record.delay * UINT64_C(1000);
    tell(&t, &record, time);
  }
  return law_pcap_finish(t.writer, error);
}
