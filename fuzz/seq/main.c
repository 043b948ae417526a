/* wirelaw-seq: conversations as inputs of a fuzzer, to and from captures. See seq.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seq/convert.h"

enum { MAX_FILE = 1 << 24 };

static const char usage[] =
    "usage: wirelaw-seq to-pcapng FILE.seq FILE.pcapng\n"
    "       wirelaw-seq from-pcapng FILE.pcapng FILE.seq [FILTER]\n"
    "\n"
    "FILTER is libpcap's, such as 'tcp port 40000'. A sequence has at most four connections at\n"
    "once; the side that opened one is its client.\n";

static int complain(const char *path, const char *why) {
  (void)fprintf(stderr, "wirelaw-seq: %s: %s\n", path, why);
  return 2;
}

static int to_pcapng(const char *from, const char *to, uint8_t *room) {
  char error[LAW_SEQ_TEXT];
  FILE *f = fopen(from, "rb");
  if (f == NULL) {
    return complain(from, "cannot be opened");
  }
  size_t len = fread(room, 1, MAX_FILE, f);
  bool bad = ferror(f) != 0 || len == MAX_FILE;
  (void)fclose(f);
  if (bad) {
    return complain(from, "cannot be read, or is longer than 16 MiB");
  }
  return law_seq_to_capture(law_bytes_of(room, len), to, error) ? 0 : complain(to, error);
}

static int from_pcapng(const char *from, const char *to, const char *filter, uint8_t *room) {
  char error[LAW_SEQ_TEXT];
  law_writer w = law_writer_of(room, MAX_FILE);
  if (!law_seq_from_capture(from, filter, &w, error)) {
    return complain(from, error);
  }
  if (!law_writer_ok(&w) || w.len == 0) {
    return complain(from, w.len == 0 ? "holds no TCP connection" : "is longer than 16 MiB");
  }
  FILE *f = fopen(to, "wb");
  bool written = f != NULL && fwrite(room, 1, w.len, f) == w.len;
  bool closed = f != NULL && fclose(f) == 0;
  return written && closed ? 0 : complain(to, "cannot be written");
}

int main(int argc, char **argv) {
  bool to = argc == 4 && strcmp(argv[1], "to-pcapng") == 0;
  bool from = (argc == 4 || argc == 5) && strcmp(argv[1], "from-pcapng") == 0;
  if (!to && !from) {
    (void)fputs(usage, stderr);
    return 2;
  }
  uint8_t *room = malloc(MAX_FILE);
  if (room == NULL) {
    return complain(argv[2], "out of memory");
  }
  int status = to ? to_pcapng(argv[2], argv[3], room)
                  : from_pcapng(argv[2], argv[3], argc == 5 ? argv[4] : NULL, room);
  free(room);
  return status;
}
