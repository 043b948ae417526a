/* wirelaw-fuzz: the engine of 'wirelaw fuzz iut', which runs it. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/run.h"

static const char usage[] =
    "usage: wirelaw-fuzz campaign --protocol P --journal FILE [OPTIONS]\n"
    "       wirelaw-fuzz replay --protocol P [OPTIONS]\n"
    "       wirelaw-fuzz hostile --protocol P --journal FILE [OPTIONS] -- CLIENT {port} ...\n"
    "       wirelaw-fuzz hostile-replay --protocol P --journal FILE [OPTIONS] -- CLIENT {port} ...\n"
    "       wirelaw-fuzz bench --protocol P --port N --seconds S [OPTIONS]\n"
    "\n"
    "  --protocol P       mqtt5, mqtt311 or mqtt31\n"
    "  --host ADDRESS     of the IUT; default 127.0.0.1\n"
    "  --transport T      tcp, tls, ws or wss\n"
    "  --journal FILE     what is sent, before it is sent\n"
    "  --journal-size N   bytes\n"
    "  --queue DIR        inputs that showed something new\n"
    "  --seeds DIR        inputs to begin with\n"
    "  --seed N           of all random choices\n"
    "  --lanes A,B,C      ending, several, kept\n"
    "  --rate N           messages a second at most\n"
    "  --growth N         bytes that an IUT may grow by without reason\n"
    "  --sure N           bytes that prove a growth; 0: a suspicion is enough\n"
    "  --soak HEX         repeat one conversation; --soak-message HEX: one message\n"
    "  --script FILE      standard input of a client\n"
    "  --capture FILE     of a replay to a client; --look: at its processor time, too\n"
    "  --no-pauses        no looks at the idle process, no soaks: for benches\n"
    "\n"
    "WIRELAW_FUZZ_USERNAME and WIRELAW_FUZZ_PASSWORD are the IUT's credentials. Commands come on\n"
    "standard input, events go to standard output as JSON lines; see campaign.c and replay.c.\n";

enum { OPT_SOAK = 1000, OPT_SOAK_MESSAGE, OPT_SECONDS, OPT_PORT, OPT_SURE, OPT_SCRIPT, OPT_CAPTURE, OPT_LOOK, OPT_NO_PAUSES };

typedef struct line {
  law_options o;
  unsigned port, seconds;
} line;

static bool read_hex(const char *text, bool kept, law_soak_input *out) {
  size_t len = strlen(text) / 2;
  if (len == 0 || len > sizeof out->data || strlen(text) % 2 != 0) {
    return false;
  }
  for (size_t i = 0; i < len; i++) {
    unsigned byte;
    if (sscanf(text + 2 * i, "%2x", &byte) != 1) {
      return false;
    }
    out->data[i] = (uint8_t)byte;
  }
  out->kept = kept;
  out->len = (uint16_t)len;
  return true;
}

static bool read_transport(const char *text, law_transport *out) {
  static const char *const names[] = {"tcp", "tls", "ws", "wss"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (strcmp(text, names[i]) == 0) {
      *out = (law_transport)i;
      return true;
    }
  }
  return false;
}

static bool read_number(int which, unsigned long long n, line *l) {
  law_options *o = &l->o;
  switch (which) {
    case 'S':
      o->journal_size = (size_t)n;
      return n >= 4096;
    case 'r':
      o->rate = (uint32_t)n;
      return true;
    case 'g':
      o->min_growth = n;
      return true;
    case OPT_SURE:
      o->sure = n;
      return true;
    case 'n':
      o->seed = n;
      return true;
    case 'N':
      o->netns = (int)n;
      return true;
    case OPT_PORT:
      l->port = (unsigned)n;
      return n <= UINT16_MAX;
    case OPT_SECONDS:
      l->seconds = (unsigned)n;
      return true;
    default:
      return false;
  }
}

static bool read_option(int which, char *text, line *l) {
  law_options *o = &l->o;
  switch (which) {
    case 'p':
      o->variant = text;
      return law_speaker_of(text) != NULL;
    case 'h':
      o->host = text;
      return true;
    case 't':
      return read_transport(text, &o->transport);
    case 'j':
      o->journal = text;
      return true;
    case 'q':
      o->queue = text;
      return true;
    case 's':
      o->seeds = text;
      return true;
    case 'w':
      o->ws_path = text;
      return true;
    case 'c':
      o->ca_file = text;
      return true;
    case 'l':
      return sscanf(text, "%u,%u,%u", &o->lanes[0], &o->lanes[1], &o->lanes[2]) == 3;
    case OPT_SCRIPT:
      o->script = text;
      return true;
    case OPT_CAPTURE:
      o->capture = text;
      return true;
    case OPT_LOOK:
      o->look = true;
      return true;
    case OPT_NO_PAUSES:
      o->no_pauses = true;
      return true;
    case OPT_SOAK:
    case OPT_SOAK_MESSAGE:
      return read_hex(text, which == OPT_SOAK_MESSAGE, &o->soak);
    default:
      return text != NULL && read_number(which, strtoull(text, NULL, 10), l);
  }
}

static const struct option options[] = {
    {"protocol", required_argument, NULL, 'p'},
    {"host", required_argument, NULL, 'h'},
    {"transport", required_argument, NULL, 't'},
    {"journal", required_argument, NULL, 'j'},
    {"journal-size", required_argument, NULL, 'S'},
    {"queue", required_argument, NULL, 'q'},
    {"seeds", required_argument, NULL, 's'},
    {"seed", required_argument, NULL, 'n'},
    {"lanes", required_argument, NULL, 'l'},
    {"rate", required_argument, NULL, 'r'},
    {"growth", required_argument, NULL, 'g'},
    {"netns", required_argument, NULL, 'N'},
    {"ws-path", required_argument, NULL, 'w'},
    {"ca-file", required_argument, NULL, 'c'},
    {"no-pauses", no_argument, NULL, OPT_NO_PAUSES},
    {"soak", required_argument, NULL, OPT_SOAK},
    {"soak-message", required_argument, NULL, OPT_SOAK_MESSAGE},
    {"script", required_argument, NULL, OPT_SCRIPT},
    {"capture", required_argument, NULL, OPT_CAPTURE},
    {"look", no_argument, NULL, OPT_LOOK},
    {"sure", required_argument, NULL, OPT_SURE},
    {"port", required_argument, NULL, OPT_PORT},
    {"seconds", required_argument, NULL, OPT_SECONDS},
    {NULL, 0, NULL, 0},
};

static bool read_line(int argc, char **argv, line *l) {
  int which;
  while ((which = getopt_long(argc, argv, "+", options, NULL)) != -1) {
    if (!read_option(which, optarg, l)) {
      return false;
    }
  }
  return l->o.variant != NULL;
}

static int run(const char *verb, const line *l, char **rest) {
  if (strcmp(verb, "campaign") == 0 && l->o.journal != NULL) {
    return law_campaign_run(&l->o);
  }
  if (strcmp(verb, "replay") == 0) {
    return law_replay_run(&l->o);
  }
  if (strcmp(verb, "hostile") == 0 && l->o.journal != NULL && rest[0] != NULL) {
    return law_hostile_run(&l->o, rest);
  }
  if (strcmp(verb, "hostile-replay") == 0 && l->o.journal != NULL && rest[0] != NULL) {
    return law_hostile_replay_run(&l->o, rest);
  }
  if (strcmp(verb, "bench") == 0 && l->port > 0 && l->seconds > 0) {
    return law_bench_run(&l->o, (uint16_t)l->port, l->seconds);
  }
  (void)fputs(usage, stderr);
  return 2;
}

int main(int argc, char **argv) {
  line l = {.o = {.host = "127.0.0.1",
                  .journal_size = (size_t)32 << 20,
                  .seed = 1,
                  .lanes = {8, 2, 1},
                  .username = getenv("WIRELAW_FUZZ_USERNAME"),
                  .password = getenv("WIRELAW_FUZZ_PASSWORD")},
            .seconds = 5};
  if (argc < 2 || !read_line(argc - 1, argv + 1, &l)) {
    (void)fputs(usage, stderr);
    return 2;
  }
  return run(argv[1], &l, argv + 1 + optind);
}
