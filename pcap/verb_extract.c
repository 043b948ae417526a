/* `wirelaw-pcap extract`. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pcap/extract.h"
#include "pcap/options.h"
#include "pcap/verbs.h"

static int complain(const char *what, const char *why) {
  fprintf(stderr, "wirelaw pcap extract: %s%s%s\n", what, *why ? ": " : "", why);
  return LAW_EXIT_UNREAD;
}

typedef struct job {
  law_check_command command;
  law_check *check;
} job;

static void take_secrets(void *user, uint32_t type, law_bytes secrets) {
  job *j = user;
  char error[LAW_SECRETS_TEXT];
  if (type == LAW_SECRETS_TLS) {
    (void)law_pcap_secrets_add_keylog(j->command.secrets, secrets, error);
  }
}

static void take_comment(void *user, uint64_t frame, law_bytes text) {
  law_check_comment(((job *)user)->check, frame, text);
}

/* One capture. */
static bool read_one(law_extract *e, job *j, char *error) {
  const law_source_notes notes = {j, take_secrets, take_comment};
  const law_check_output output = law_extract_output(e);
  law_source_status status = LAW_SOURCE_IDLE;
  law_packet packet;
  j->command.check.both = true;
  j->check = law_check_new(&j->command.check, j->command.secrets, &output);
  law_source *s = j->check ? law_source_file(j->command.file, NULL, &notes, error) : NULL;
  while (s && (status == LAW_SOURCE_IDLE || status == LAW_SOURCE_PACKET)) {
    status = law_source_next(s, &packet);
    if (status == LAW_SOURCE_PACKET) {
      law_check_packet(j->check, &packet);
    }
  }
  if (s) {
    law_check_end(j->check);
    const char *why = law_source_error(s);
    (void)snprintf(error, LAW_SOURCE_TEXT, "%s", status == LAW_SOURCE_FAILED && why ? why : "");
  }
  law_check_free(j->check);
  law_source_close(s);
  return s != NULL && status == LAW_SOURCE_END;
}

/* |argv| are the words without the folder: options, then files, each of which is read. */
static int read_all(law_extract *e, int argc, char **argv) {
  char error[LAW_SOURCE_TEXT] = "";
  int status = LAW_EXIT_GOOD, num_options = 1;
  while (num_options < argc && argv[num_options][0] == '-' && argv[num_options][1]) {
    num_options++; /* each is one word: --name=value */
  }
  if (num_options == argc) {
    return complain("which captures? Name files", "");
  }
  for (int i = num_options; i < argc; i++) {
    job j = {.check = NULL};
    char *file = argv[i];
    char **words = calloc((size_t)num_options + 2, sizeof *words);
    if (!words) {
      return complain("no memory left", "");
    }
    memcpy(words, argv, (size_t)num_options * sizeof *words);
    words[num_options] = file;
    if (!law_check_command_read(&j.command, num_options + 1, words) || !j.command.file ||
        !read_one(e, &j, error)) {
      status = complain(file, error);
    }
    law_pcap_secrets_free(j.command.secrets);
    free(words);
  }
  return status;
}

static void say(const law_extract *e, const char *folder, bool json) {
  law_extracted c = law_extract_count(e);
  printf(json ? "{\"messages\": %" PRIu64 ", \"written\": %" PRIu64 ", \"known\": %" PRIu64 "}\n"
              : "%" PRIu64 " messages; %" PRIu64 " files written, %" PRIu64 " were there already",
         c.messages, c.written, c.known);
  if (!json) {
    printf(": %s\n", folder);
  }
}

int law_verb_extract(int argc, char **argv) {
  const char *folder = NULL;
  bool json = false;
  char **rest = calloc((size_t)argc + 1, sizeof *rest);
  int num = 0;
  if (!rest) {
    return complain("no memory left", "");
  }
  for (int i = 0; i < argc; i++) {
    if (strcmp(argv[i], "--into") == 0 && i + 1 < argc) {
      folder = argv[++i];
    } else if (strcmp(argv[i], "--json") == 0) {
      json = true;
    } else {
      rest[num++] = argv[i];
    }
  }
  int status = LAW_EXIT_UNREAD;
  law_extract *e = folder ? law_extract_new(folder) : NULL;
  if (!folder) {
    complain("where to? Name a folder with --into", "");
  } else if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
    complain(folder, strerror(errno));
  } else if (e) {
    status = read_all(e, num, rest);
    say(e, folder, json);
    if (law_extract_error(e)) {
      status = complain(law_extract_error(e), "");
    }
  }
  law_extract_free(e);
  free(rest);
  return status;
}
