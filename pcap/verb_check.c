/* `wirelaw-pcap check`. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcap/json.h"
#include "pcap/options.h"
#include "pcap/print.h"
#include "pcap/verbs.h"

enum { BUFFER = 1 << 18 };

/* Everything of one run. */
typedef struct job {
  law_check_command command;
  law_source *source;
  law_check *check;
  law_print_text text;
  law_print_json json;
  FILE *json_out; /* stdout, a file, or NULL */
  char error[LAW_SOURCE_TEXT];
} job;

static law_source *stoppable; /* by the signal handler */

static void stop(int number) {
  (void)number;
  if (stoppable) {
    law_source_stop(stoppable);
  }
}

static int unread(const job *j, const char *why) {
  fflush(stdout);
  fprintf(stderr, "wirelaw pcap check: %s\n", why ? why : j->error);
  return LAW_EXIT_UNREAD;
}

/* ---- What the capture tells beside packets ---- */

static void take_secrets(void *user, uint32_t type, law_bytes secrets) {
  job *j = user;
  char error[LAW_SECRETS_TEXT];
  if (type == LAW_SECRETS_TLS) {
    (void)law_pcap_secrets_add_keylog(j->command.secrets, secrets, error);
  }
}

static void take_comment(void *user, uint64_t frame, law_bytes text) {
  job *j = user;
  law_check_comment(j->check, frame, text);
}

/* ---- Beginning ---- */

static const char *name_of(const law_check_command *o) {
  return o->live ? o->live : strcmp(o->file, "-") == 0 ? "standard input" : o->file;
}

static bool open_source(job *j) {
  const law_check_command *o = &j->command;
  const law_source_notes notes = {j, take_secrets, take_comment};
  j->source = o->live ? law_source_live(o->live, o->filter, 0, j->error)
                      : law_source_file(o->file, o->filter, &notes, j->error);
  stoppable = j->source;
  return j->source != NULL;
}

static void both_message(void *user, const law_flow *flow, const char *transport,
                         const law_told *told) {
  job *j = user;
  law_check_output text = law_print_output(&j->text);
  if (text.message) {
    text.message(text.user, flow, transport, told);
  }
}

static void both_items(void *user, const law_check_item *item, bool shown) {
  job *j = user;
  law_check_output text = law_print_output(&j->text), json = law_json_output(&j->json);
  text.item(text.user, item, shown);
  json.item(json.user, item, shown);
}

static law_check_output output_of(job *j) {
  if (j->command.json) {
    return law_json_output(&j->json);
  }
  if (!j->json_out) {
    return law_print_output(&j->text);
  }
  return (law_check_output){
      .user = j, .message = j->command.messages ? both_message : NULL, .item = both_items};
}

static bool open_json(job *j) {
  const law_check_command *o = &j->command;
  j->json_out = o->json ? stdout : NULL;
  if (o->json_file && !o->json) {
    j->json_out = fopen(o->json_file, "we");
    if (!j->json_out) {
      (void)snprintf(j->error, sizeof j->error, "%.400s cannot be written: %s", o->json_file,
                     strerror(errno));
      return false;
    }
  }
  j->json = (law_print_json){
      .out = j->json_out, .file = o->live ? o->live : o->file, .lines = o->messages && o->json};
  return true;
}

static bool make_check(job *j) {
  const law_check_command *o = &j->command;
  j->text = (law_print_text){
      .out = stdout, .file = name_of(o), .colour = o->colour, .messages = o->messages};
  law_check_output output = output_of(j);
  j->check = law_check_new(&o->check, o->secrets, &output);
  j->text.check = j->json.check = j->check;
  return j->check != NULL;
}

static void catch_signals(void) {
  struct sigaction action = {.sa_handler = stop};
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

/* ---- Running ---- */

static void check_packets(job *j, const law_packet *packets, size_t num) {
  law_check_ready(j->check, packets, num);
  for (size_t i = 0; i < num; i++) {
    law_check_packet(j->check, &packets[i]);
  }
}

/* False when the capture could not be read to its end. */
static bool read_all(job *j) {
  law_packet packets[LAW_READY_MAX];
  size_t num;
  for (;;) {
    switch (law_source_batch(j->source, packets, LAW_READY_MAX, &num)) {
      case LAW_SOURCE_PACKET:
        check_packets(j, packets, num);
        break;
      case LAW_SOURCE_IDLE:
        fflush(stdout);
        break;
      case LAW_SOURCE_END:
        return true;
      case LAW_SOURCE_FAILED:
        return false;
    }
  }
}

static int status_of(const job *j, bool read) {
  const law_check_totals *t = law_check_total(j->check);
  if (t->num_must > 0) {
    return LAW_EXIT_VIOLATIONS;
  }
  return read && t->num_messages > 0 ? LAW_EXIT_GOOD : LAW_EXIT_UNREAD;
}

/* The reason that concerns the most bytes. */
static const char *main_reason(const law_check_totals *t) {
  const law_check_reason *most = &t->reasons[0];
  for (size_t i = 1; i < t->num_reasons; i++) {
    most = t->reasons[i].bytes > most->bytes ? &t->reasons[i] : most;
  }
  return t->num_reasons > 0 ? most->what : "no flow of it carries data";
}

static int unjudged(const job *j) {
  const law_check_totals *t = law_check_total(j->check);
  char text[LAW_SOURCE_TEXT];
  const char *why =
      law_check_counts(j->check)->packets == 0 ? "it holds no packets" : main_reason(t);
  (void)snprintf(text, sizeof text, "nothing in %s could be judged: %s", name_of(&j->command), why);
  return unread(j, text);
}

static int report(job *j, bool read) {
  const char *error = law_source_error(j->source);
  int status = status_of(j, read);
  if (j->json_out) {
    law_json_end(&j->json, error, status);
  }
  if (!j->command.json) {
    law_print_summary(&j->text, error);
  }
  if (fflush(stdout) != 0 || ferror(stdout) ||
      (j->json_out && (fflush(j->json_out) != 0 || ferror(j->json_out)))) {
    return unread(j, "the output could not be written");
  }
  if (!read) {
    return unread(j, error ? error : "the capture could not be read to its end");
  }
  return status == LAW_EXIT_UNREAD ? unjudged(j) : status;
}

static int check(job *j) {
  if (!open_json(j)) {
    return unread(j, NULL);
  }
  if (!make_check(j)) {
    return unread(j, "no memory left");
  }
  if (!open_source(j)) {
    return unread(j, NULL);
  }
  catch_signals();
  if (!j->command.live && !j->command.colour) {
    (void)setvbuf(stdout, NULL, _IOFBF, BUFFER);
  }
  if (j->json_out) {
    law_json_begin(&j->json);
  }
  bool read = read_all(j);
  law_check_end(j->check);
  return report(j, read);
}

int law_verb_check(int argc, char **argv) {
  job j = {.source = NULL};
  int status = LAW_EXIT_UNREAD;
  if (law_check_command_read(&j.command, argc, argv)) {
    if (j.command.help) {
      law_check_command_usage();
      status = LAW_EXIT_GOOD;
    } else {
      status = check(&j);
    }
  }
  stoppable = NULL;
  law_check_free(j.check);
  law_source_close(j.source);
  law_pcap_secrets_free(j.command.secrets);
  if (j.json_out && j.json_out != stdout) {
    fclose(j.json_out);
  }
  return status;
}
