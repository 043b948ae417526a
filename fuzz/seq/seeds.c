/* Writes the conversations of the monitor's tests as sequences, one file each:
 *
 *   fuzz_seq_seeds FOLDER */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "monitors/mqtt/tests/rule_cases.h"
#include "monitors/mqtt/tests/talk.h"
#include "seq/seq.h"

enum { ROOM = 1 << 16 };

static law_seq_event event_of(talk_kind kind) {
  return kind == TALK_CLOSE ? LAW_SEQ_END : kind == TALK_RESET ? LAW_SEQ_RESET : LAW_SEQ_DATA;
}

/* A wait is the delay of what follows; at the end, of nothing. */
static law_bytes sequence_of(const talk *t, uint8_t *out) {
  law_writer w = law_writer_of(out, ROOM);
  uint64_t last = 0;
  for (size_t i = 0; i < t->num; i++) {
    const talk_line *line = &t->lines[i];
    law_seq_record record = {.from = line->from,
                             .event = event_of(line->kind),
                             .connection = (uint8_t)line->connection,
                             .delay = (uint32_t)((line->now - last) / 1000),
                             .data = law_bytes_of(line->wire, line->len)};
    last = line->now;
    law_seq_write(&w, &record);
  }
  return law_bytes_of(out, law_writer_ok(&w) ? w.len : 0);
}

static void write_file(const char *folder, size_t number, const char *name, law_bytes bytes) {
  char path[1024];
  (void)snprintf(path, sizeof path, "%s/%04zu-%s.seq", folder, number, name);
  FILE *f = fopen(path, "wb");
  if (f == NULL || fwrite(bytes.data, 1, bytes.len, f) != bytes.len || fclose(f) != 0) {
    (void)fprintf(stderr, "%s: cannot be written\n", path);
    exit(2);
  }
}

static void write_talk(const char *folder, size_t number, const char *name, const char *variant,
                       const char *text) {
  static talk t;
  static uint8_t out[ROOM];
  talk_read(&t, variant, text);
  write_file(folder, number, name, sequence_of(&t, out));
}

int main(int argc, char **argv) {
  if (argc != 2) {
    (void)fprintf(stderr, "usage: fuzz_seq_seeds FOLDER\n");
    return 2;
  }
  for (size_t i = 0; i < num_rule_cases; i++) {
    write_talk(argv[1], i, "broken", rule_cases[i].variant, rule_cases[i].broken);
    write_talk(argv[1], i, "valid", rule_cases[i].variant, rule_cases[i].valid);
  }
  return 0;
}
