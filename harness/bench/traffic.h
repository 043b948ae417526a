/* traffic.h: conversations over MQTT that break no rule: clients that publish what they measure and
 * are told what to do, with all QoS, in 3.1.1 and 5.0. */
#ifndef LAW_BENCH_TRAFFIC_H
#define LAW_BENCH_TRAFFIC_H

#include "bench/frames.h"

typedef struct bench_traffic {
  uint64_t num_messages, num_flows;
} bench_traffic;

/* Writes conversations of |num_links| clients at a time, until the file is |len| bytes long. */
bool bench_traffic_write(bench_file *f, bench_traffic *t, uint32_t num_links, uint64_t len);

#endif
