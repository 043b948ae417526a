/* frames.h: what many pairs of ends say over TCP, as a pcap file with what a network adds: splits,
 * retransmissions, segments out of order. Quick, and the same for the same seed. */
#ifndef LAW_BENCH_FRAMES_H
#define LAW_BENCH_FRAMES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { BENCH_MAX_SAY = 2048 };

/* One connection: a client at 10.x.y.z, a broker at 10.255.0.1:1883. */
typedef struct bench_link {
  uint32_t client; /* the low 24 bits of its address */
  uint16_t port;
  uint16_t id[2];   /* packet identifiers used, by side */
  uint32_t seq[2];  /* the next byte's, of the client and of the broker */
  uint32_t turns;   /* that are left before it closes; 0: not open */
  bool version5;
} bench_link;

typedef struct bench_file {
  FILE *out;
  uint64_t random;
  uint64_t time; /* microseconds since 1970 */
  uint64_t len, num_packets, num_disturbed;
  bool failed; /* writing did; errno then said why */
} bench_file;

uint32_t bench_random(bench_file *f);
/* True in |percent| of 100 calls. */
bool bench_chance(bench_file *f, uint32_t percent);

/* Creates |path|. False: errno says why. */
bool bench_file_open(bench_file *f, const char *path, uint64_t seed);
/* False when the file is not whole. */
bool bench_file_close(bench_file *f);

void bench_open(bench_file *f, bench_link *l);
/* |side| (0: the client) sends |len| bytes, at most BENCH_MAX_SAY, in one or two segments. One of a
 * hundred segments is sent twice, or before its neighbour. */
void bench_say(bench_file *f, bench_link *l, unsigned side, const uint8_t *bytes, uint32_t len);
/* A segment without data, which acknowledges. */
void bench_ack(bench_file *f, bench_link *l, unsigned side);
void bench_close(bench_file *f, bench_link *l);

#endif
