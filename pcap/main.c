/* wirelaw-pcap: reads and judges captures. `wirelaw pcap` runs it. */
#include <stdio.h>
#include <string.h>

#include "pcap/verbs.h"

static const struct {
  const char *name;
  int (*run)(int argc, char **argv);
  const char *help;
} verbs[] = {
    {"check", law_verb_check, "judge a capture, or what an interface receives"},
    {"messages", law_verb_messages, "list its messages and their bytes as JSON lines, for programs"},
    {"extract", law_verb_extract, "messages as inputs of fuzzers, one for each shape"},
    {"anonymise", law_verb_anonymise, "replace what must not be shown, keep what is wrong"},
};

enum { NUM_VERBS = sizeof verbs / sizeof *verbs };

static void usage(FILE *out) {
  fputs("usage: wirelaw-pcap VERB ...\n\nverbs:\n", out);
  for (size_t i = 0; i < NUM_VERBS; i++) {
    fprintf(out, "  %-10s %s\n", verbs[i].name, verbs[i].help);
  }
  fputs("\n'wirelaw-pcap VERB --help' tells more of each.\n", out);
}

int main(int argc, char **argv) {
  if (argc < 2) {
    usage(stderr);
    return LAW_EXIT_UNREAD;
  }
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
    usage(stdout);
    return LAW_EXIT_GOOD;
  }
  if (strcmp(argv[1], "--version") == 0) {
    puts("wirelaw-pcap " WIRELAW_VERSION);
    return LAW_EXIT_GOOD;
  }
  for (size_t i = 0; i < NUM_VERBS; i++) {
    if (strcmp(argv[1], verbs[i].name) == 0) {
      return verbs[i].run(argc - 1, argv + 1);
    }
  }
  fprintf(stderr, "wirelaw pcap: there is no verb '%s'; 'wirelaw-pcap --help' lists them\n",
          argv[1]);
  return LAW_EXIT_UNREAD;
}
