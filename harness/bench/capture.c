/* wirelaw-bench-pcap: what the bench of captures needs beside the programs that it measures.
 *
 *   wirelaw-bench-pcap make FILE MEGABYTES FLOWS   writes a capture; prints "made <tab> packets <tab>
 *                                                  messages <tab> flows <tab> disturbed <tab> bytes"
 *   wirelaw-bench-pcap read FILE                   reads it by libpcap alone; prints "read <tab>
 *                                                  packets <tab> bytes" */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#include "bench/traffic.h"

enum { EXIT_USAGE = 2, SEED = 20260101, MAX_MB = 1 << 20, MAX_FLOWS = 1 << 22 };

static int fail(const char *path, const char *why) {
  fprintf(stderr, "wirelaw-bench-pcap: %s: %s\n", path, why);
  return EXIT_FAILURE;
}

static int make(const char *path, uint64_t len, uint32_t flows) {
  bench_file f;
  bench_traffic t = {0};
  if (!bench_file_open(&f, path, SEED)) {
    return fail(path, strerror(errno));
  }
  bool done = bench_traffic_write(&f, &t, flows, len);
  if (!bench_file_close(&f) || !done) {
    return fail(path, done ? strerror(errno) : "out of memory");
  }
  printf("made\t%llu\t%llu\t%llu\t%llu\t%llu\n", (unsigned long long)f.num_packets,
         (unsigned long long)t.num_messages, (unsigned long long)t.num_flows,
         (unsigned long long)f.num_disturbed, (unsigned long long)f.len);
  return EXIT_SUCCESS;
}

/* One byte of each packet is looked at, as any reader would at least. */
static int read_plain(const char *path) {
  char error[PCAP_ERRBUF_SIZE];
  pcap_t *p = pcap_open_offline(path, error);
  if (p == NULL) {
    return fail(path, error);
  }
  struct pcap_pkthdr *header;
  const u_char *data;
  unsigned long long packets = 0, bytes = 0;
  volatile uint8_t seen = 0;
  int status;
  while ((status = pcap_next_ex(p, &header, &data)) == 1) {
    packets++;
    bytes += header->caplen;
    seen = header->caplen > 0 ? data[0] : seen;
  }
  pcap_close(p);
  printf("read\t%llu\t%llu\n", packets, bytes);
  return status == PCAP_ERROR_BREAK ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool number(const char *text, unsigned long max, unsigned long *out) {
  char *end;
  *out = strtoul(text, &end, 10);
  return *end == '\0' && *out > 0 && *out <= max;
}

int main(int argc, char **argv) {
  unsigned long mb, flows;
  if (argc == 5 && strcmp(argv[1], "make") == 0 && number(argv[3], MAX_MB, &mb) &&
      number(argv[4], MAX_FLOWS, &flows)) {
    return make(argv[2], (uint64_t)mb * 1000000, (uint32_t)flows);
  }
  if (argc == 3 && strcmp(argv[1], "read") == 0) {
    return read_plain(argv[2]);
  }
  fputs("usage: wirelaw-bench-pcap make FILE MEGABYTES FLOWS | read FILE\n", stderr);
  return EXIT_USAGE;
}
