#include "monitors/mqtt/tests/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/build.h"
#include "monitors/mqtt/mqtt.h"
#include "mqtt/mqtt.h"

const talk_options talk_whole = {
    .judged = LAW_SERVER, .missing = SIZE_MAX, .begin = 0, .end = SIZE_MAX};

/* ---- reading ---- */

typedef struct reader {
  talk *t;
  law_builder builder;
  law_mqtt_message message;
  uint8_t arena[TALK_MAX_WIRE];
  uint64_t now;
  bool item;
} reader;

static void must(bool good, const char *what) {
  if (!good) {
    fail_msg("conversation: %s", what);
  }
}

static void end_item(reader *r) {
  if (r->item) {
    must(law_build_end_item(&r->builder), "an item does not end");
    r->item = false;
  }
}

static void set(reader *r, const char *name, const char *value) {
  char *end;
  unsigned long long number = strtoull(value, &end, 0);
  bool is_number = *value != '\0' && *end == '\0';
  if (is_number && law_build_number(&r->builder, name, number)) {
    return;
  }
  must(law_build_bytes(&r->builder, name, law_bytes_of(value, strlen(value))), name);
}

static void set_property(reader *r, const char *list, const char *name, char *value) {
  char *colon = strchr(value, ':');
  end_item(r);
  must(law_build_item(&r->builder, list, name), name);
  if (strcmp(name, "user_property") == 0 && colon != NULL) {
    *colon = '\0';
    must(law_build_bytes(&r->builder, "key", law_bytes_of(value, strlen(value))), name);
    value = colon + 1;
    must(law_build_bytes(&r->builder, "value", law_bytes_of(value, strlen(value))), name);
  } else {
    set(r, "value", value);
  }
  must(law_build_end_item(&r->builder), name);
}

static void set_word(reader *r, char *word) {
  char *equals = strchr(word, '=');
  must(equals != NULL, word);
  *equals = '\0';
  char *value = equals + 1;
  if (word[0] == '.') {
    set_property(r, "properties", word + 1, value);
  } else if (strncmp(word, "w.", 2) == 0) {
    set_property(r, "will_properties", word + 2, value);
  } else if (strcmp(word, "f") == 0 || strcmp(word, "r") == 0) {
    bool filter = word[0] == 'f';
    end_item(r);
    must(law_build_item(&r->builder, filter ? "filters" : "reasons", NULL), word);
    r->item = true;
    if (filter) {
      must(law_build_bytes(&r->builder, "filter", law_bytes_of(value, strlen(value))), value);
    } else {
      set(r, "reason", value);
    }
  } else {
    set(r, word, value);
  }
}

static const law_type *type_named(const char *name) {
  for (size_t i = 0; i < law_mqtt.num_types; i++) {
    if (strcmp(law_mqtt.types[i]->name, name) == 0) {
      return law_mqtt.types[i];
    }
  }
  fail_msg("conversation: no packet %s", name);
  return NULL;
}

static void read_hex(talk_line *line, const char *hex) {
  for (line->len = 0; hex[0] != '\0' && hex[1] != '\0'; hex += 2) {
    unsigned byte;
    must(sscanf(hex, "%2x", &byte) == 1, hex);
    line->wire[line->len++] = (uint8_t)byte;
  }
}

static void read_packet(reader *r, talk_line *line, const char *name, char *rest) {
  const law_type *type = type_named(name);
  law_builder_init(&r->builder, type, &r->message, sizeof r->message, r->arena, sizeof r->arena);
  law_mqtt.prepare(&r->t->contexts[line->connection], type, &r->message);
  for (char *word = rest; word != NULL && *word != '\0';) {
    char *next = strchr(word, ' ');
    if (next != NULL) {
      *next++ = '\0';
    }
    if (*word != '\0') {
      set_word(r, word);
    }
    word = next;
  }
  end_item(r);
  line->len = law_mqtt_encode(&r->message, line->wire, sizeof line->wire);
  must(line->len <= sizeof line->wire, "too long");
}

static void read_line(reader *r, char *text) {
  talk *t = r->t;
  must(t->num < TALK_MAX_LINES, "too many lines");
  talk_line *line = &t->lines[t->num++];
  memset(line, 0, sizeof *line);
  r->now += 1000000;
  if (text[0] == '!') {
    line->marked = true;
    text++;
  }
  char *rest = strchr(text, ' ');
  must(rest != NULL, text);
  *rest++ = '\0';
  if (strcmp(text, "wait") == 0) {
    line->kind = TALK_WAIT;
    r->now += (uint64_t)(atof(rest) * 1e9);
  } else {
    char *name = rest;
    rest = strchr(name, ' ');
    if (rest != NULL) {
      *rest++ = '\0';
    }
    must(text[0] == 'C' || text[0] == 'S', text);
    line->from = text[0] == 'C' ? LAW_CLIENT : LAW_SERVER;
    line->connection = text[1] == '\0' ? 0 : (unsigned)(text[1] - '0');
    must(line->connection < TALK_MAX_CONNECTIONS, text);
    if (strcmp(name, "close") == 0 || strcmp(name, "reset") == 0) {
      line->kind = name[0] == 'c' ? TALK_CLOSE : TALK_RESET;
    } else if (strcmp(name, "hex") == 0) {
      read_hex(line, rest);
    } else {
      read_packet(r, line, name, rest);
    }
  }
  line->now = r->now;
}

static void read_variant(reader *r, const char *text) {
  unsigned connection = (unsigned)(text[0] - '0');
  law_mqtt.begin(text + 2, &r->t->contexts[connection]);
}

void talk_read(talk *t, const char *variant, const char *text) {
  static reader r;
  char copy[16384];
  memset(&r, 0, sizeof r);
  r.t = t;
  r.now = 1000000000;
  t->num = 0;
  must(strlen(text) < sizeof copy, "too much text");
  strcpy(copy, text);
  for (size_t i = 0; i < TALK_MAX_CONNECTIONS; i++) {
    law_mqtt.begin(variant, &t->contexts[i]);
  }
  for (char *at = copy; *at != '\0';) {
    char *end = strchr(at, ';');
    must(end != NULL, at);
    *end = '\0';
    while (*at == ' ') {
      at++;
    }
    if (at[0] >= '0' && at[0] <= '9' && at[1] == ':') {
      read_variant(&r, at);
    } else {
      read_line(&r, at);
    }
    at = end + 1;
    while (*at == ' ') {
      at++;
    }
  }
}

/* ---- running ---- */

typedef struct runner {
  const talk *t;
  const talk_options *options;
  talk_result *out;
  void *world;
  void *connections[TALK_MAX_CONNECTIONS];
  law_mqtt_context contexts[TALK_MAX_CONNECTIONS];
} runner;

static void keep(runner *r, size_t line, const law_findings *findings) {
  for (size_t i = 0; i < findings->num && i < LAW_MAX_VIOLATIONS; i++) {
    if (r->out->num < TALK_MAX_LINES) {
      r->out->found[r->out->num++] = (talk_found){line, findings->found[i]};
    }
  }
}

static void run_packet(runner *r, size_t i, const talk_line *line) {
  law_findings findings = {.num = 0};
  law_violation violation = {LAW_R_NONE, LAW_OK, 0};
  law_mqtt_message message;
  /* An exact copy, so that a read past the end shows under AddressSanitizer. */
  uint8_t *copy = malloc(line->len);
  assert_non_null(copy);
  memcpy(copy, line->wire, line->len);
  law_bytes wire = law_bytes_of(copy, line->len);
  law_status status =
      law_mqtt.decode(&r->contexts[line->connection], line->from, wire, &message, &violation);
  law_observed seen = {.from = line->from,
                       .now = line->now,
                       .wire = wire,
                       .message = status == LAW_OK ? &message : NULL,
                       .decode = status == LAW_OK ? NULL : &violation};
  law_mqtt.observe(r->connections[line->connection], &seen, &findings);
  free(copy);
  keep(r, i, &findings);
}

static void tick_all(runner *r, size_t i, uint64_t now) {
  for (size_t k = 0; k < TALK_MAX_CONNECTIONS; k++) {
    law_findings findings = {.num = 0};
    law_mqtt.tick(r->connections[k], now, &findings);
    keep(r, i, &findings);
  }
}

static void run_line(runner *r, size_t i) {
  const talk_line *line = &r->t->lines[i];
  law_findings findings = {.num = 0};
  if (line->kind == TALK_PACKET) {
    if (i == r->options->missing) {
      law_mqtt.gap(r->connections[line->connection], line->from);
    } else {
      run_packet(r, i, line);
    }
  } else if (line->kind == TALK_WAIT) {
    tick_all(r, i, line->now);
  } else {
    law_mqtt.closed(r->connections[line->connection], line->from, line->kind == TALK_RESET,
                    line->now, &findings);
    keep(r, i, &findings);
  }
}

static void set_up(runner *r) {
  for (size_t k = 0; k < TALK_MAX_CONNECTIONS; k++) {
    r->connections[k] = malloc(law_mqtt.connection_size);
    assert_non_null(r->connections[k]);
    law_mqtt.connection_init(r->connections[k], r->world, r->options->judged,
                             r->options->begin == 0);
    r->contexts[k] = r->t->contexts[k];
  }
}

void talk_run(const talk *t, const talk_options *options, talk_result *out) {
  runner r = {.t = t, .options = options, .out = out};
  out->num = 0;
  if (options->has_world) {
    r.world = malloc(law_mqtt.world_size);
    assert_non_null(r.world);
    law_mqtt.world_init(r.world, options->judged);
  }
  set_up(&r);
  for (size_t i = options->begin; i < t->num && i < options->end; i++) {
    run_line(&r, i);
  }
  for (size_t k = 0; k < TALK_MAX_CONNECTIONS; k++) {
    (void)law_mqtt.state(r.connections[k]);
    free(r.connections[k]);
  }
  free(r.world);
}

void talk_print(const talk *t, const talk_result *result) {
  for (size_t i = 0; i < result->num; i++) {
    const talk_found *f = &result->found[i];
    const talk_line *line = &t->lines[f->line];
    printf("  line %zu (%s): %s at %u\n", f->line, line->from == LAW_CLIENT ? "client" : "server",
           law_requirement_name(f->violation.requirement), f->violation.offset);
  }
}
