/* `wirelaw-pcap anonymise`. */
#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "pcap/alias.h"
#include "pcap/anonymise.h"
#include "pcap/verbs.h"

static const char usage_text[] =
    "usage: wirelaw-pcap anonymise FILE -o OUT\n"
    "\n"
    "Replaces what must not be shown, consistently; lengths and what is wrong stay.\n"
    "\n"
    "  -o FILE               where to write (pcapng)\n"
    "  --key TEXT            the same names for several captures; without it they are new each "
    "time\n"
    "  --json                say what was done as JSON\n"
    "  --decode-as, --protocol, --keylog, --psk: as for check\n";

typedef struct words {
  const char *output, *key;
  bool json;
} words;

static int complain(const char *why) {
  fprintf(stderr, "wirelaw pcap anonymise: %s\n", why);
  return LAW_EXIT_UNREAD;
}

/* Takes our own options out of |argv|; the rest is for law_check_command_read. */
static int take_words(words *w, int argc, char **argv, char **rest) {
  int num = 0;
  for (int i = 0; i < argc; i++) {
    bool more = i + 1 < argc;
    if (more && (strcmp(argv[i], "-o") == 0 || strcmp(argv[i], "--output") == 0)) {
      w->output = argv[++i];
    } else if (more && strcmp(argv[i], "--key") == 0) {
      w->key = argv[++i];
    } else if (strcmp(argv[i], "--json") == 0) {
      w->json = true;
    } else {
      rest[num++] = argv[i];
    }
  }
  rest[num] = NULL;
  return num;
}

static bool make_key(const char *text, uint8_t key[LAW_ALIAS_KEY]) {
  unsigned len = LAW_ALIAS_KEY;
  if (!text) {
    return getrandom(key, LAW_ALIAS_KEY, 0) == LAW_ALIAS_KEY;
  }
  return EVP_Digest(text, strlen(text), key, &len, EVP_sha256(), NULL) == 1;
}

static void say(const words *w, const law_anonymised *r) {
  if (w->json) {
    printf("{\"packets\": %" PRIu64 ", \"messages\": %" PRIu64 ", \"changed\": %" PRIu64
           ", \"left_out\": [",
           r->packets, r->messages, r->changed);
    for (size_t i = 0; i < r->num_left_out; i++) {
      printf("%s{\"reason\": \"%s\", \"packets\": %" PRIu64 ", \"bytes\": %" PRIu64 "}",
             i > 0 ? ", " : "", r->left_out[i].what, r->left_out[i].packets, r->left_out[i].bytes);
    }
    puts("]}");
    return;
  }
  printf("%" PRIu64 " packets, %" PRIu64 " messages anonymised in %s\n", r->packets, r->messages,
         w->output);
  for (size_t i = 0; i < r->num_left_out; i++) {
    printf("left out: the payload of %" PRIu64 " packets (%" PRIu64 " bytes): %s\n",
           r->left_out[i].packets, r->left_out[i].bytes, r->left_out[i].what);
  }
  if (r->changed > 0) {
    printf("in %" PRIu64 " messages what is wrong could not be kept as it was\n", r->changed);
  }
}

static bool is_same_file(const char *one, const char *other) {
  struct stat a, b;
  return stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int anonymise(const words *w, const law_check_command *o) {
  uint8_t key[LAW_ALIAS_KEY];
  char error[LAW_SOURCE_TEXT];
  law_anonymised result;
  if (!o->file || strcmp(o->file, "-") == 0) {
    return complain("name a file; it is read twice, so a pipe will not do");
  }
  if (!w->output) {
    return complain("where to? Name the new capture with -o");
  }
  if (is_same_file(o->file, w->output)) {
    return complain("the new capture cannot be the one that is read; name another with -o");
  }
  if (!make_key(w->key, key)) {
    return complain("the system gives no random numbers");
  }
  FILE *out = fopen(w->output, "wb");
  if (!out) {
    (void)snprintf(error, sizeof error, "%s: %s", w->output, strerror(errno));
    return complain(error);
  }
  bool good = law_anonymise(o->file, o, key, out, &result, error);
  good = fclose(out) == 0 && good;
  if (good) {
    say(w, &result);
  } else {
    (void)remove(w->output);
  }
  law_anonymised_free(&result);
  explicit_bzero(key, sizeof key);
  return good ? LAW_EXIT_GOOD : complain(error);
}

int law_verb_anonymise(int argc, char **argv) {
  words w = {.output = NULL};
  char **rest = calloc((size_t)argc + 1, sizeof *rest);
  law_check_command command = {.file = NULL};
  int status = LAW_EXIT_UNREAD;
  if (!rest) {
    return complain("no memory left");
  }
  int num = take_words(&w, argc, argv, rest);
  if (law_check_command_read(&command, num, rest)) {
    if (command.help) {
      fputs(usage_text, stdout);
      status = LAW_EXIT_GOOD;
    } else {
      status = anonymise(&w, &command);
    }
  }
  law_pcap_secrets_free(command.secrets);
  free(rest);
  return status;
}
