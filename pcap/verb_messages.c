/* `wirelaw-pcap messages`: for programs, which read its lines. */
#include <stdio.h>
#include <string.h>

#include "pcap/messages.h"
#include "pcap/options.h"
#include "pcap/verbs.h"

enum { BUFFER = 1 << 18 };

typedef struct job {
  law_check_command command;
  law_check *check;
  law_source *source;
  char error[LAW_SOURCE_TEXT];
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

static int unread(const char *why) {
  fprintf(stderr, "wirelaw pcap messages: %s\n", why);
  return LAW_EXIT_UNREAD;
}

static bool open_all(job *j) {
  const law_check_command *o = &j->command;
  const law_source_notes notes = {j, take_secrets, take_comment};
  const law_check_output output = law_messages_output(stdout);
  j->check = law_check_new(&o->check, o->secrets, &output);
  if (!j->check) {
    (void)snprintf(j->error, sizeof j->error, "no memory left");
    return false;
  }
  j->source = law_source_file(o->file, o->filter, &notes, j->error);
  return j->source != NULL;
}

static int list(job *j) {
  law_packet packet;
  law_source_status status = LAW_SOURCE_IDLE;
  if (!j->command.file) {
    return unread("which capture? Name a file, or - for standard input");
  }
  if (!open_all(j)) {
    return unread(j->error);
  }
  (void)setvbuf(stdout, NULL, _IOFBF, BUFFER);
  while (status == LAW_SOURCE_IDLE || status == LAW_SOURCE_PACKET) {
    status = law_source_next(j->source, &packet);
    if (status == LAW_SOURCE_PACKET) {
      law_check_packet(j->check, &packet);
    }
  }
  law_check_end(j->check);
  if (fflush(stdout) != 0) {
    return unread("the output could not be written");
  }
  const char *error = law_source_error(j->source);
  return error ? unread(error) : LAW_EXIT_GOOD;
}

int law_verb_messages(int argc, char **argv) {
  job j = {.source = NULL};
  int status = LAW_EXIT_UNREAD;
  if (law_check_command_read(&j.command, argc, argv)) {
    j.command.check.both = true;
    status = list(&j);
  }
  law_check_free(j.check);
  law_source_close(j.source);
  law_pcap_secrets_free(j.command.secrets);
  return status;
}
