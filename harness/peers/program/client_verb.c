/* The reference client under the upper tester's JSON lines (docs/iut.md). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "peers/base/buffer.h"
#include "peers/base/memory.h"
#include "peers/client.h"
#include "peers/program/json.h"
#include "peers/program/run.h"
#include "peers/program/verbs.h"

enum { HOST_CAP = 128, LINE_MAX_LEN = 4 * 1024 * 1024 };

/* Reads the lines; a peer of its own beside the client's. */
typedef struct tester {
  law_peer peer;
  law_net *net;
  law_client *client;
  const law_options *options;
  law_buffer input;
  law_handle handle;
  bool ended;
} tester;

/* ---- Events ---- */

static void print(cJSON *event) {
  char *line = cJSON_PrintUnformatted(event);
  if (line != NULL) {
    puts(line);
    fflush(stdout);
  }
  free(line);
  cJSON_Delete(event);
}

static cJSON *event_of(const char *kind) {
  cJSON *made = cJSON_CreateObject();
  cJSON_AddStringToObject(made, "event", kind);
  return made;
}

static void print_error(const char *verb, const char *detail) {
  cJSON *made = event_of("error");
  cJSON_AddStringToObject(made, "do", verb);
  cJSON_AddStringToObject(made, "detail", detail);
  print(made);
}

static void add_properties(cJSON *made, const law_client_event *e) {
  if (e->properties.count > 0) {
    cJSON_AddItemToObject(made, "properties", law_json_from_properties(e->properties));
  }
}

static void print_message(const law_client_event *e) {
  cJSON *made = event_of("message");
  cJSON_AddItemToObject(made, "topic", law_json_string(e->topic));
  cJSON_AddItemToObject(made, "payload_hex", law_json_hex(e->payload));
  cJSON_AddNumberToObject(made, "qos", e->qos);
  cJSON_AddBoolToObject(made, "retain", e->retain);
  add_properties(made, e);
  print(made);
}

static void print_connected(const law_client_event *e) {
  cJSON *made = event_of("connected");
  cJSON_AddBoolToObject(made, "session_present", e->session_present);
  cJSON_AddNumberToObject(made, "reason_code", e->reason);
  add_properties(made, e);
  print(made);
}

static void told(void *user, const law_client_event *e) {
  cJSON *made;
  (void)user;
  switch (e->kind) {
    case LAW_CLIENT_DONE:
      made = event_of("done");
      cJSON_AddStringToObject(made, "do", e->verb);
      print(made);
      break;
    case LAW_CLIENT_ERROR:
      print_error(e->verb, e->detail);
      break;
    case LAW_CLIENT_CONNECTED:
      print_connected(e);
      break;
    case LAW_CLIENT_MESSAGE:
      print_message(e);
      break;
    default:
      made = event_of("closed");
      cJSON_AddStringToObject(made, "detail", e->detail);
      print(made);
  }
}

/* ---- Commands ---- */

/* One command and what it holds. */
typedef struct command {
  tester *tester;
  const cJSON *object;
  const char *verb;
  law_json_memory memory;
  law_list properties;
} command;

static law_transport transport_of(const command *c) {
  static const char *const names[] = {
      [LAW_TCP] = "tcp", [LAW_TLS] = "tls", [LAW_WS] = "ws", [LAW_WSS] = "wss"};
  law_bytes name = law_json_text(c->object, "transport");
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (law_bytes_equal(name, law_bytes_text(names[i]))) {
      return (law_transport)i;
    }
  }
  return LAW_TCP;
}

static bool message_of(command *c, const cJSON *object, law_client_message *out) {
  const char *bad;
  *out = (law_client_message){
      .topic = law_json_text(object, "topic"),
      .payload = law_json_payload(object, &c->memory),
      .qos = (uint8_t)(law_json_number(object, "qos", 0) & 3),
      .retain = law_json_number(object, "retain", 0) != 0,
  };
  return law_json_properties(object, &c->memory, &out->properties, &bad);
}

static void do_connect(command *c) {
  char host[HOST_CAP] = "127.0.0.1";
  law_client_message will;
  const cJSON *will_object = cJSON_GetObjectItemCaseSensitive(c->object, "will");
  law_bytes name = law_json_text(c->object, "host");
  if (name.len > 0 && name.len < sizeof host) {
    snprintf(host, sizeof host, "%.*s", (int)name.len, (const char *)name.data);
  }
  law_client_connect how = {
      .version = (uint8_t)law_json_number(c->object, "version", LAW_MQTT_5),
      .client_id = law_json_text(c->object, "client_id"),
      .clean_start = law_json_number(c->object, "clean_start", 1) != 0,
      .keep_alive = (uint16_t)law_json_number(c->object, "keep_alive", 60),
      .has_user = law_json_has(c->object, "username"),
      .user = law_json_text(c->object, "username"),
      .has_password = law_json_has(c->object, "password"),
      .password = law_json_text(c->object, "password"),
      .properties = c->properties,
  };
  how.to = (law_endpoint){.transport = transport_of(c),
                          .host = host,
                          .port = (uint16_t)law_json_number(c->object, "port", 1883),
                          .ca_file = c->tester->options->ca,
                          .cert_file = c->tester->options->cert,
                          .key_file = c->tester->options->key,
                          .verify = c->tester->options->ca != NULL};
  if (will_object != NULL && !message_of(c, will_object, &will)) {
    print_error(c->verb, "a property of the will is unknown");
    return;
  }
  how.will = will_object != NULL ? &will : NULL;
  law_client_dial(c->tester->client, &how);
}

static void do_publish(command *c) {
  law_client_message m;
  message_of(c, c->object, &m);
  law_client_publish(c->tester->client, &m);
}

static void do_subscribe(command *c) {
  unsigned options = (law_json_number(c->object, "qos", 0) & 3) |
                     (law_json_number(c->object, "no_local", 0) != 0 ? 4u : 0) |
                     (law_json_number(c->object, "retain_as_published", 0) != 0 ? 8u : 0) |
                     (law_json_number(c->object, "retain_handling", 0) & 3) << 4;
  law_client_subscribe(c->tester->client, law_json_text(c->object, "filter"), (uint8_t)options,
                       c->properties);
}

static void do_unsubscribe(command *c) {
  law_client_unsubscribe(c->tester->client, law_json_text(c->object, "filter"), c->properties);
}

static void do_disconnect(command *c) {
  law_client_disconnect(c->tester->client, (uint8_t)law_json_number(c->object, "reason_code", 0),
                        c->properties);
}

static void do_auth(command *c) { law_client_auth(c->tester->client, c->properties); }

typedef struct verb {
  const char *name;
  void (*run)(command *c);
} verb;

static const verb verbs[] = {{"connect", do_connect},       {"publish", do_publish},
                             {"subscribe", do_subscribe},   {"unsubscribe", do_unsubscribe},
                             {"disconnect", do_disconnect}, {"auth", do_auth}};

static void run(command *c) {
  const char *bad;
  if (!law_json_properties(c->object, &c->memory, &c->properties, &bad)) {
    print_error(c->verb, bad);
    return;
  }
  for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
    if (strcmp(verbs[i].name, c->verb) == 0) {
      verbs[i].run(c);
      return;
    }
  }
  print_error(c->verb, "no such command");
}

static void take_line(tester *t, const char *line) {
  cJSON *object = cJSON_Parse(line);
  command c = {.tester = t, .object = object};
  c.verb = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, "do"));
  if (c.verb == NULL) {
    print_error("", "no JSON object with a member do");
  } else {
    run(&c);
  }
  law_json_free(&c.memory);
  cJSON_Delete(object);
}

static void take_lines(tester *t) {
  uint8_t *at = t->input.data, *end;
  size_t left = t->input.len;
  while (left > 0 && (end = memchr(at, '\n', left)) != NULL) {
    *end = '\0';
    take_line(t, (const char *)at);
    left -= (size_t)(end + 1 - at);
    at = end + 1;
  }
  if (left > 0) {
    memmove(t->input.data, at, left);
  }
  t->input.len = left;
}

static void handle(law_peer *peer, const law_event *event) {
  tester *t = (tester *)(void *)peer;
  if (event->kind != LAW_EV_READABLE || event->handle != t->handle) {
    return;
  }
  ssize_t n = read(STDIN_FILENO, law_buffer_reserve(&t->input, 65536), 65536);
  if (n <= 0 || t->input.len > LINE_MAX_LEN) {
    t->ended = true;
    return;
  }
  t->input.len += (size_t)n;
  take_lines(t);
}

int law_verb_client(const law_options *o) {
  law_faults faults = {0};
  if (!law_run_faults(&faults, LAW_CLIENT, o->faults, o->num_faults)) {
    return 2;
  }
  tester t = {.peer = {.handle = handle}, .net = law_net_new(), .options = o};
  t.client = law_client_new(t.net, &faults, told, NULL);
  t.handle = law_net_watch(t.net, STDIN_FILENO, &t);
  while (!t.ended && law_peers_run(t.net, UINT64_MAX)) {
  }
  law_client_free(t.client);
  law_net_free(t.net);
  law_buffer_free(&t.input);
  return 0;
}
