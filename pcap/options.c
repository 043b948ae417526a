#include "pcap/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage_text[] =
    "usage: wirelaw pcap check FILE | - | --live IFACE\n"
    "\n"
    "Judges every message of a capture (pcap, pcapng; - is standard input).\n"
    "\n"
    "  --messages            print all messages, too\n"
    "  --json                one JSON document; with --messages, JSON lines\n"
    "  --json-file FILE      the JSON document into a file, beside what is printed\n"
    "  --first N             violations shown of each rule in each flow; 0: all (default: 3; JSON: "
    "0)\n"
    "  --level LEVEL         MUST, SHOULD (and MUST), MAY (all, the default)\n"
    "  --requirement ID      only this one; may be given again\n"
    "  --protocol VARIANT    what conversations are that begin before the capture: mqtt5, mqtt311\n"
    "  --decode-as PORT=P    what is spoken at a port: mqtt, mqtt5, mqtt311, mqtt31\n"
    "  --keylog FILE         secrets of TLS, as SSLKEYLOGFILE has them\n"
    "  --psk [ID:]HEX        a pre-shared key of TLS or DTLS\n"
    "  --filter EXPRESSION   of packets, in libpcap's language: 'tcp port 1883'\n"
    "  --live IFACE          capture from an interface until Ctrl-C\n"
    "  --checksums           leave out packets with wrong checksums\n"
    "  --complete            the capture has every connection of its servers, from the start:\n"
    "                        judge what they owe across connections\n"
    "  --both                judge both sides, also in the capture of a run of wirelaw\n"
    "  --color WHEN          always, never, auto\n"
    "\n"
    "exit status: 0 no MUST is broken, 1 some are, 2 nothing could be read or judged\n";

void law_check_command_usage(void) { fputs(usage_text, stdout); }

__attribute__((format(printf, 1, 2))) static bool complain(const char *format, ...) {
  va_list args;
  va_start(args, format);
  fputs("wirelaw pcap check: ", stderr);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
  va_end(args);
  return false;
}

/* ---- Values ---- */

/* A protocol by its own name, or by that of a variant, which then is meant. */
static const law_protocol *find_protocol(const char *name, const char **out_variant) {
  *out_variant = NULL;
  for (size_t i = 0; law_protocols[i]; i++) {
    if (strcmp(law_protocols[i]->name, name) == 0) {
      return law_protocols[i];
    }
    const char *const *v = law_protocols[i]->variants;
    for (; v && *v; v++) {
      if (strcmp(*v, name) == 0) {
        *out_variant = *v;
        return law_protocols[i];
      }
    }
  }
  return NULL;
}

static bool read_as(law_check_command *o, const char *text) {
  char *end;
  unsigned long port = strtoul(text, &end, 10);
  if (o->check.num_as == LAW_MAX_AS) {
    return complain("--decode-as was given more than %d times", LAW_MAX_AS);
  }
  law_decode_as *as = &o->as[o->check.num_as];
  as->protocol = *end == '=' ? find_protocol(end + 1, &as->variant) : NULL;
  if (end == text || port == 0 || port > UINT16_MAX || !as->protocol) {
    return complain("--decode-as %s: write it as PORT=PROTOCOL, for example 17501=mqtt", text);
  }
  as->port = (uint16_t)port;
  o->check.num_as++;
  return true;
}

static bool read_variant(law_check_command *o, const char *text) {
  if (!find_protocol(text, &o->check.variant)) {
    return complain("--protocol %s: there is no such protocol; mqtt5 and mqtt311 are some", text);
  }
  return true;
}

static bool read_only(law_check_command *o, const char *text) {
  law_requirement r = law_requirement_find(text);
  if (r == LAW_R_NONE) {
    return complain("--requirement %s: there is none of this id; 'wirelaw spec mqtt5' lists them",
                    text);
  }
  if (o->num_only == LAW_MAX_ONLY) {
    return complain("--requirement was given more than %d times", LAW_MAX_ONLY);
  }
  o->only[o->num_only++] = r;
  o->check.only = o->only;
  return true;
}

static bool read_level(law_check_command *o, const char *text) {
  static const char *const levels[] = {"MAY", "SHOULD", "MUST"};
  for (unsigned i = 0; i < 3; i++) {
    if (strcmp(levels[i], text) == 0) {
      o->check.least = i;
      return true;
    }
  }
  return complain("--level %s: the levels are MUST, SHOULD and MAY", text);
}

static bool read_first(law_check_command *o, const char *text) {
  char *end;
  errno = 0;
  unsigned long long few = strtoull(text, &end, 10);
  if (end == text || *end || errno != 0) {
    return complain("--first %s: write a number", text);
  }
  o->check.few = few;
  return true;
}

static bool read_colour(law_check_command *o, const char *text) {
  if (strcmp(text, "auto") != 0) {
    o->colour = strcmp(text, "always") == 0;
    return o->colour || strcmp(text, "never") == 0 ||
           complain("--color %s: write always, never or auto", text);
  }
  return true;
}

/* ---- Secrets ---- */

static int digit(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

static size_t read_hex(const char *text, uint8_t *out, size_t cap) {
  size_t len = 0;
  for (; text[0] && len < cap; text += 2) {
    int high = digit(text[0]), low = high < 0 ? -1 : digit(text[1]);
    if (low < 0) {
      return 0;
    }
    out[len++] = (uint8_t)(high << 4 | low);
  }
  return text[0] ? 0 : len;
}

/* The key is never printed. */
static bool read_psk(law_check_command *o, char *text) {
  uint8_t key[LAW_PSK_MAX];
  char *colon = strrchr(text, ':');
  size_t len = read_hex(colon ? colon + 1 : text, key, sizeof key);
  law_bytes identity = law_bytes_of(text, colon ? (size_t)(colon - text) : 0);
  bool added = len > 0 && law_pcap_secrets_add_psk(o->secrets, identity, law_bytes_of(key, len));
  explicit_bzero(key, sizeof key);
  memset(text, '*', strlen(text)); /* not for those who list processes */
  return added || complain("--psk: write it as HEX or IDENTITY:HEX");
}

static uint8_t *read_file(const char *path, size_t *out_len) {
  FILE *file = fopen(path, "rb");
  uint8_t *bytes = NULL;
  size_t len = 0, cap = 0, got = 1;
  while (file && got > 0) {
    if (len == cap) {
      cap = cap > 0 ? 2 * cap : 65536;
      uint8_t *more = realloc(bytes, cap);
      if (!more) {
        break;
      }
      bytes = more;
    }
    got = fread(bytes + len, 1, cap - len, file);
    len += got;
  }
  bool good = file && !ferror(file) && got == 0;
  if (file) {
    fclose(file);
  }
  if (!good) {
    free(bytes);
    return NULL;
  }
  *out_len = len;
  return bytes;
}

static bool read_keylog(law_check_command *o, const char *path) {
  char error[LAW_SECRETS_TEXT];
  size_t len = 0;
  errno = 0;
  uint8_t *text = read_file(path, &len);
  if (!text) {
    return complain("--keylog %s: %s", path, strerror(errno ? errno : EIO));
  }
  bool added = law_pcap_secrets_add_keylog(o->secrets, law_bytes_of(text, len), error);
  explicit_bzero(text, len);
  free(text);
  return added || complain("--keylog %s: %s", path, error);
}

/* ---- The line ---- */

enum {
  OPT_MESSAGES = 256,
  OPT_JSON,
  OPT_JSON_FILE,
  OPT_FIRST,
  OPT_LEVEL,
  OPT_REQUIREMENT,
  OPT_PROTOCOL,
  OPT_DECODE_AS,
  OPT_KEYLOG,
  OPT_PSK,
  OPT_FILTER,
  OPT_LIVE,
  OPT_CHECKSUMS,
  OPT_COMPLETE,
  OPT_BOTH,
  OPT_COLOR,
};

static const struct option options[] = {
    {"messages", no_argument, NULL, OPT_MESSAGES},
    {"json", no_argument, NULL, OPT_JSON},
    {"json-file", required_argument, NULL, OPT_JSON_FILE},
    {"first", required_argument, NULL, OPT_FIRST},
    {"level", required_argument, NULL, OPT_LEVEL},
    {"requirement", required_argument, NULL, OPT_REQUIREMENT},
    {"protocol", required_argument, NULL, OPT_PROTOCOL},
    {"decode-as", required_argument, NULL, OPT_DECODE_AS},
    {"keylog", required_argument, NULL, OPT_KEYLOG},
    {"psk", required_argument, NULL, OPT_PSK},
    {"filter", required_argument, NULL, OPT_FILTER},
    {"live", required_argument, NULL, OPT_LIVE},
    {"checksums", no_argument, NULL, OPT_CHECKSUMS},
    {"complete", no_argument, NULL, OPT_COMPLETE},
    {"both", no_argument, NULL, OPT_BOTH},
    {"color", required_argument, NULL, OPT_COLOR},
    {"colour", required_argument, NULL, OPT_COLOR},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool set_flag(law_check_command *o, int option) {
  switch (option) {
    case OPT_MESSAGES:
      o->messages = true;
      return true;
    case OPT_JSON:
      o->json = true;
      return true;
    case OPT_CHECKSUMS:
      o->check.reader.checksums = true;
      return true;
    case OPT_COMPLETE:
      o->check.complete = true;
      return true;
    case OPT_BOTH:
      o->check.both = true;
      return true;
    case 'h':
      o->help = true;
      return true;
    default:
      return false;
  }
}

static bool set_value(law_check_command *o, int option, char *value) {
  switch (option) {
    case OPT_FIRST:
      return read_first(o, value);
    case OPT_JSON_FILE:
      o->json_file = value;
      return true;
    case OPT_LEVEL:
      return read_level(o, value);
    case OPT_REQUIREMENT:
      return read_only(o, value);
    case OPT_PROTOCOL:
      return read_variant(o, value);
    case OPT_DECODE_AS:
      return read_as(o, value);
    case OPT_KEYLOG:
      return read_keylog(o, value);
    case OPT_PSK:
      return read_psk(o, value);
    case OPT_FILTER:
      o->filter = value;
      return true;
    case OPT_LIVE:
      o->live = value;
      return true;
    default:
      return read_colour(o, value);
  }
}

static bool read_options(law_check_command *o, int argc, char **argv) {
  int option;
  opterr = 0;
  optind = 1;
  while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
    if (option == ':') {
      return complain("%s needs a value; --help shows the usage", argv[optind - 1]);
    }
    if (option == '?') {
      return complain("%s is no option; --help shows the usage", argv[optind - 1]);
    }
    if (!set_flag(o, option) && !set_value(o, option, optarg)) {
      return false;
    }
  }
  return true;
}

static bool read_operands(law_check_command *o, int argc, char **argv) {
  int num = argc - optind;
  if (num > 1) {
    return complain("one capture at a time; %s is one too many", argv[optind + 1]);
  }
  o->file = num == 1 ? argv[optind] : NULL;
  if (o->file && o->live) {
    return complain("a file or --live, not both");
  }
  if (!o->file && !o->live && !o->help) {
    return complain("which capture? Name a file, - or --live IFACE; --help shows the usage");
  }
  return true;
}

bool law_check_command_read(law_check_command *o, int argc, char **argv) {
  *o = (law_check_command){.file = NULL};
  o->check.few = UINT64_MAX; /* not said */
  o->check.as = o->as;
  o->colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
  o->secrets = law_pcap_secrets_new();
  if (!o->secrets) {
    return complain("no memory left");
  }
  if (!read_options(o, argc, argv) || !read_operands(o, argc, argv)) {
    return false;
  }
  if (o->check.few == UINT64_MAX) {
    o->check.few = o->json ? 0 : 3;
  }
  return true;
}
