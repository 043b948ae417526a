#include "peers/faults.h"

#include <string.h>

#define ACCEPT "accept:"
#define CLIENT_ACCEPT "client-accept:"

/* The FAULT rows say server and client as words. */
enum { server = LAW_SERVER, client = LAW_CLIENT };

/* An empty string stands for no id. */
#define FAULT(NAME, TEXT_NAME, ROLE, ID5, ID311, TEXT) {TEXT_NAME, (law_side)(ROLE), ID5, ID311, TEXT},
static const law_fault_info faults[] = {
#include "peers/faults.def"
};
#undef FAULT

/* The decoder's rules: the requirement in 5.0 and in 3.1.1. */
typedef struct accept_row {
  law_requirement mqtt5, mqtt311;
} accept_row;

static const accept_row accepts[] = {
#define RULE(NAME, STATUS, R5, R311, R31) {LAW_R_##R5, LAW_R_##R311},
#include "mqtt/rules.def"
#define CARRIES(NAME, PACKET, DUP, VALUE) {LAW_R_##DUP, LAW_R_NONE}, {LAW_R_##VALUE, LAW_R_NONE},
#include "mqtt/properties.def"
};

enum { NUM_FAULTS = sizeof faults / sizeof faults[0], NUM_ACCEPTS = sizeof accepts / sizeof accepts[0] };

/* ---- Which side receives what a rule is about ---- */

/* Sections and statements of packets that only one side receives: those of chapter 3 have a section for
 * each packet; of the others, these. */
static const char *const at_server[] = {"3.1", "3.8", "3.10", "3.12", "4.7", "4.8"};
static const char *const at_client[] = {"3.2", "3.9", "3.11", "3.13", "2.3", "2.4"};
static const law_requirement ids_at_server[] = {LAW_R_MQTT5_2_2_1_3};
static const law_requirement ids_at_client[] = {LAW_R_MQTT5_2_2_1_4, LAW_R_MQTT5_2_2_1_6,
                                                LAW_R_MQTT311_2_3_1_7};
static const law_requirement ids_at_both[] = {LAW_R_MQTT311_2_3_1_1, LAW_R_MQTT311_2_3_1_6};

static bool is_one_of(law_requirement r, const law_requirement *list, size_t num) {
  for (size_t i = 0; i < num; i++) {
    if (list[i] == r) {
      return true;
    }
  }
  return false;
}

static bool is_below(const char *section, const char *const *list, size_t num) {
  for (size_t i = 0; i < num; i++) {
    size_t len = strlen(list[i]);
    if (strncmp(section, list[i], len) == 0 && (section[len] == '.' || section[len] == '\0')) {
      return true;
    }
  }
  return false;
}

#define NUM(array) (sizeof(array) / sizeof((array)[0]))

static bool reaches(law_side role, law_requirement r) {
  const char *section = law_requirements[r].section;
  if (is_one_of(r, ids_at_both, NUM(ids_at_both))) {
    return true;
  }
  if (role == LAW_SERVER) {
    return !is_below(section, at_client, NUM(at_client)) &&
           !is_one_of(r, ids_at_client, NUM(ids_at_client));
  }
  return !is_below(section, at_server, NUM(at_server)) &&
         !is_one_of(r, ids_at_server, NUM(ids_at_server));
}

static law_requirement id_of(const accept_row *row) {
  return row->mqtt5 != LAW_R_NONE ? row->mqtt5 : row->mqtt311;
}

/* Several rules may stand for one requirement; the first row speaks for all. */
static bool is_first(size_t i) {
  for (size_t j = 0; j < i; j++) {
    if (id_of(&accepts[j]) == id_of(&accepts[i])) {
      return false;
    }
  }
  return id_of(&accepts[i]) != LAW_R_NONE;
}

/* ---- Switching on ---- */

static void set(uint64_t *bits, size_t i) { bits[i / 64] |= UINT64_C(1) << (i % 64); }

static bool add_accept(law_faults *f, law_side role, const char *id) {
  law_requirement r = law_requirement_find(id);
  bool known = false;
  for (size_t i = 0; i < NUM_ACCEPTS && r != LAW_R_NONE; i++) {
    if ((accepts[i].mqtt5 == r || accepts[i].mqtt311 == r) && reaches(role, r)) {
      set(f->accept, accepts[i].mqtt5);
      set(f->accept, accepts[i].mqtt311);
      known = true;
    }
  }
  f->accept[0] &= ~UINT64_C(1); /* LAW_R_NONE */
  return known;
}

bool law_faults_add(law_faults *f, law_side role, const char *name) {
  const char *prefix = role == LAW_SERVER ? ACCEPT : CLIENT_ACCEPT;
  if (strncmp(name, prefix, strlen(prefix)) == 0) {
    return add_accept(f, role, name + strlen(prefix));
  }
  for (size_t i = 0; i < NUM_FAULTS; i++) {
    if (faults[i].role == role && strcmp(faults[i].name, name) == 0) {
      set(f->bits, i);
      return true;
    }
  }
  return false;
}

/* ---- Telling ---- */

static const char *text_of(const char *id) { return id != NULL && id[0] != '\0' ? id : NULL; }

static const char *name_or_null(law_side role, law_requirement r) {
  return r != LAW_R_NONE && reaches(role, r) ? law_requirement_name(r) : NULL;
}

static void tell_accept(law_fault_sink each, void *user, law_side role, const accept_row *row) {
  char name[128];
  law_requirement r = id_of(row);
  if (!reaches(role, r)) {
    return;
  }
  snprintf(name, sizeof name, "%s%s", role == LAW_SERVER ? ACCEPT : CLIENT_ACCEPT,
           law_requirement_name(r));
  law_fault_info info = {name, role, name_or_null(role, row->mqtt5),
                         name_or_null(role, row->mqtt311),
                         "takes a packet that breaks this rule as if it were fine"};
  each(user, &info);
}

void law_faults_each(law_fault_sink each, void *user) {
  for (size_t i = 0; i < NUM_FAULTS; i++) {
    law_fault_info info = faults[i];
    info.mqtt5 = text_of(info.mqtt5);
    info.mqtt311 = text_of(info.mqtt311);
    each(user, &info);
  }
  for (size_t i = 0; i < NUM_ACCEPTS; i++) {
    if (is_first(i)) {
      tell_accept(each, user, LAW_SERVER, &accepts[i]);
      tell_accept(each, user, LAW_CLIENT, &accepts[i]);
    }
  }
}
