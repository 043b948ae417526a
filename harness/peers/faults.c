#include "peers/faults.h"

#include <string.h>

#include "mqtt/mqtt.h"

/* Names of the faults that follow from the decoder's rules, by role. */
static const struct {
  const char *accept, *stay, *send;
} prefixes[] = {
    [LAW_CLIENT] = {"client-accept:", "client-stays-open:", "client-send:"},
    [LAW_SERVER] = {"accept:", "stays-open:", "send:"},
};

#define NUM(array) (sizeof(array) / sizeof((array)[0]))

/* The FAULT rows say server and client as words. */
enum { server = LAW_SERVER, client = LAW_CLIENT };

/* An empty string stands for no id. */
#define FAULT(NAME, TEXT_NAME, ROLE, ID5, ID311, TEXT) \
  {TEXT_NAME, (law_side)(ROLE), ID5, ID311, TEXT},
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

enum {
  NUM_FAULTS = sizeof faults / sizeof faults[0],
  NUM_ACCEPTS = sizeof accepts / sizeof accepts[0]
};

/* Rules for properties that a broker sends: which, in what, and how to break them. */
typedef struct send_row {
  law_requirement requirement;
  uint8_t type;
  law_bad_property bad;
} send_row;

/* By property: whether it is a text, its lowest and highest number. */
typedef struct property_row {
  uint8_t id;
  bool is_text;
  uint32_t low, high;
} property_row;

enum { U8, U16, U32, VARINT, STRING, BINARY, PAIR };

static const property_row properties[] = {
#define PROPERTY(ID, NAME, TEXT, KIND, LOW, HIGH, ...) {ID, (KIND) >= STRING, LOW, HIGH},
#include "mqtt/properties.def"
};

typedef struct carry_row {
  uint8_t property;
  const char *packet;
  law_requirement dup, value;
} carry_row;

static const carry_row carried[] = {
#define CARRIES(NAME, PACKET, DUP, VALUE) {LAW_MQTT_P_##NAME, #PACKET, LAW_R_##DUP, LAW_R_##VALUE},
#include "mqtt/properties.def"
};

/* What a packet may not carry at all: any property that is not its own serves. */
static const send_row not_allowed[] = {
    {LAW_R_MQTT5_3_2_2_3_ALLOWED, LAW_MQTT_CONNACK, {LAW_MQTT_P_TOPIC_ALIAS, false, 1, 1}},
    {LAW_R_MQTT5_3_9_2_1_ALLOWED, LAW_MQTT_SUBACK, {LAW_MQTT_P_TOPIC_ALIAS, false, 1, 1}},
    {LAW_R_MQTT5_3_11_2_1_ALLOWED, LAW_MQTT_UNSUBACK, {LAW_MQTT_P_TOPIC_ALIAS, false, 1, 1}},
    {LAW_R_MQTT5_3_1_2_11_ALLOWED, LAW_MQTT_CONNECT, {LAW_MQTT_P_TOPIC_ALIAS, false, 1, 1}},
    {LAW_R_MQTT5_3_1_3_2_ALLOWED, LAW_FAULT_WILL, {LAW_MQTT_P_TOPIC_ALIAS, false, 1, 1}},
    {LAW_R_MQTT5_3_8_2_1_ALLOWED, LAW_MQTT_SUBSCRIBE, {LAW_MQTT_P_TOPIC_ALIAS, false, 1, 1}},
    {LAW_R_MQTT5_3_10_2_1_ALLOWED, LAW_MQTT_UNSUBSCRIBE, {LAW_MQTT_P_TOPIC_ALIAS, false, 1, 1}},
};

/* ---- Which side receives what a rule is about ---- */

/* Sections and statements of packets that only one side receives: those of chapter 3 have a
 * section for each packet; of the others, these. */
static const char *const at_server[] = {"3.1", "3.8", "3.10", "3.12", "4.7", "4.8"};
static const char *const at_client[] = {"3.2", "3.9", "3.11", "3.13", "2.3", "2.4"};
static const law_requirement ids_at_server[] = {LAW_R_MQTT5_1_5_6_LENGTH, LAW_R_MQTT5_2_2_1_3,
                                                LAW_R_MQTT5_3_14_2_2_2_DUP};
static const law_requirement ids_at_client[] = {LAW_R_MQTT5_2_2_1_4, LAW_R_MQTT5_2_2_1_6,
                                                LAW_R_MQTT311_2_3_1_7};
/* What only the sender of a CONNECT owes; a server's part of it is another statement. */
static const law_requirement ids_of_senders[] = {
    LAW_R_MQTT5_3_1_2_2_VALUE, LAW_R_MQTT311_3_1_2_1_NAME, LAW_R_MQTT311_3_1_2_2_LEVEL};
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

static bool reaches(law_side role, law_requirement r) {
  const char *section = law_requirements[r].section;
  if (is_one_of(r, ids_at_both, NUM(ids_at_both))) {
    return true;
  }
  if (is_one_of(r, ids_of_senders, NUM(ids_of_senders))) {
    return false;
  }
  if (role == LAW_SERVER) {
    return !is_below(section, at_client, NUM(at_client)) &&
           !is_one_of(r, ids_at_client, NUM(ids_at_client));
  }
  return !is_below(section, at_server, NUM(at_server)) &&
         !is_one_of(r, ids_at_server, NUM(ids_at_server));
}

/* ---- What is a defect ----
 *
 * MQTT 5.0 leaves to a receiver how strictly it checks (4.13.1): one that takes a bad packet has
 * missed a check, and broken a rule only where the text says that it must check. Of a server
 * that is any CONNECT (3.1.4-1) and these. Elsewhere the defect is to report the violation and
 * to stay open (4.13.1-1). In 3.1.1 whoever meets a violation must close (4.8.0-1). */
static const law_requirement must_check[] = {
    LAW_R_MQTT5_3_6_1_1,  LAW_R_MQTT5_3_8_1_1,  LAW_R_MQTT5_3_8_3_5, LAW_R_MQTT5_3_10_1_1,
    LAW_R_MQTT5_3_14_1_1, LAW_R_MQTT5_3_15_1_1, LAW_R_MQTT5_4_7_0_1}; /* of a will, in CONNECT */
/* Sections whose rules a CONNECT can break, beside 3.1. */
static const char *const in_connect[] = {"1.5", "2.1.3", "2.1.4", "2.2.2", "3.1", "4.7.3"};
/* A bad DISCONNECT is none of a client's: it closes as it would on a good one (3.14.4). */
static const law_requirement client_must_check[] = {LAW_R_MQTT5_3_15_1_1};

static bool accepting_is_wrong(law_side role, law_requirement r) {
  if (role == LAW_CLIENT) {
    return is_one_of(r, client_must_check, NUM(client_must_check));
  }
  return is_one_of(r, must_check, NUM(must_check)) ||
         is_below(law_requirements[r].section, in_connect, NUM(in_connect));
}

/* Several rules may stand for one requirement; the first row speaks for all. */
static bool is_first_5(size_t i) {
  for (size_t j = 0; j < i; j++) {
    if (accepts[j].mqtt5 == accepts[i].mqtt5) {
      return false;
    }
  }
  return accepts[i].mqtt5 != LAW_R_NONE;
}

static bool is_first_311(size_t i) {
  for (size_t j = 0; j < i; j++) {
    if (accepts[j].mqtt311 == accepts[i].mqtt311) {
      return false;
    }
  }
  return accepts[i].mqtt311 != LAW_R_NONE;
}

/* ---- What peers send wrongly ---- */

/* Packets that one side only sends; for what both send, taking it is the fault. */
static uint8_t sent_type_of(const char *packet) {
  static const struct {
    const char *name;
    uint8_t type;
  } types[] = {{"CONNACK", LAW_MQTT_CONNACK},
               {"SUBACK", LAW_MQTT_SUBACK},
               {"UNSUBACK", LAW_MQTT_UNSUBACK},
               {"CONNECT", LAW_MQTT_CONNECT},
               {"WILL", LAW_FAULT_WILL},
               {"SUBSCRIBE", LAW_MQTT_SUBSCRIBE},
               {"UNSUBSCRIBE", LAW_MQTT_UNSUBSCRIBE}};
  for (size_t i = 0; i < NUM(types); i++) {
    if (strcmp(types[i].name, packet) == 0) {
      return types[i].type;
    }
  }
  return 0;
}

static const property_row *property_of(uint8_t id) {
  for (size_t i = 0; i + 1 < NUM(properties); i++) {
    if (properties[i].id == id) {
      return &properties[i];
    }
  }
  return &properties[NUM(properties) - 1];
}

/* The row of |carried| that |r| comes from, as a rule to break; false when |r| is none. */
static bool send_row_of(const carry_row *row, law_requirement r, send_row *out) {
  const property_row *p = property_of(row->property);
  bool dup = row->dup == r;
  *out = (send_row){r, sent_type_of(row->packet), {row->property, p->is_text, p->low, 2}};
  if (!dup) {
    out->bad.number = p->low > 0 ? p->low - 1 : p->high + 1;
    out->bad.times = 1;
  }
  return r != LAW_R_NONE && out->type != 0 && (dup || row->value == r);
}

static bool find_send(law_requirement r, send_row *out) {
  for (size_t i = 0; i < NUM(carried); i++) {
    if (send_row_of(&carried[i], r, out)) {
      return true;
    }
  }
  for (size_t i = 0; i < NUM(not_allowed); i++) {
    if (not_allowed[i].requirement == r) {
      *out = not_allowed[i];
      return true;
    }
  }
  return false;
}

static law_side sender_of(const send_row *row) {
  bool acknowledges = row->type == LAW_MQTT_CONNACK || row->type == LAW_MQTT_SUBACK ||
                      row->type == LAW_MQTT_UNSUBACK;
  return acknowledges ? LAW_SERVER : LAW_CLIENT;
}

static bool is_set(const uint64_t *bits, size_t i) { return (bits[i / 64] >> (i % 64)) & 1; }

bool law_faults_bad_property(const law_faults *f, uint8_t type, law_bad_property *out) {
  send_row row;
  for (law_requirement r = 1; f->sends && r < LAW_R_COUNT; r++) {
    if (is_set(f->send, r) && find_send(r, &row) && row.type == type) {
      *out = row.bad;
      return true;
    }
  }
  return false;
}

/* ---- Switching on ---- */

static void set(uint64_t *bits, size_t i) { bits[i / 64] |= UINT64_C(1) << (i % 64); }

/* Sets the bit of the requirement |id| when a packet that breaks it can reach |role|. */
static bool add_rule(uint64_t *bits, law_side role, const char *id) {
  law_requirement r = law_requirement_find(id);
  if (r == LAW_R_NONE || !reaches(role, r)) {
    return false;
  }
  for (size_t i = 0; i < NUM_ACCEPTS; i++) {
    if (accepts[i].mqtt5 == r || accepts[i].mqtt311 == r) {
      set(bits, r);
      return true;
    }
  }
  return false;
}

static bool begins(const char *name, const char *prefix) {
  return strncmp(name, prefix, strlen(prefix)) == 0;
}

static bool add_send(law_faults *f, law_side role, law_requirement r) {
  send_row row;
  if (!find_send(r, &row) || sender_of(&row) != role) {
    return false;
  }
  set(f->send, r);
  f->sends = true;
  return true;
}

bool law_faults_add(law_faults *f, law_side role, const char *name) {
  const char *accept = prefixes[role].accept, *stay = prefixes[role].stay;
  if (begins(name, accept)) {
    return add_rule(f->accept, role, name + strlen(accept));
  }
  if (begins(name, stay)) {
    return add_rule(f->stay, role, name + strlen(stay));
  }
  if (begins(name, prefixes[role].send)) {
    return add_send(f, role, law_requirement_find(name + strlen(prefixes[role].send)));
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

static void tell(law_fault_sink each, void *user, law_side role, law_requirement r, bool is_5) {
  char name[128];
  bool accepts_it = !is_5 || accepting_is_wrong(role, r);
  if (!reaches(role, r)) {
    return;
  }
  const char *id = law_requirement_name(r);
  snprintf(name, sizeof name, "%s%s", accepts_it ? prefixes[role].accept : prefixes[role].stay, id);
  law_fault_info info = {name, role, is_5 ? id : NULL, is_5 ? NULL : id,
                         accepts_it ? "takes a packet that breaks this rule as if it were fine"
                                    : "reports a packet that breaks this rule, and stays open"};
  each(user, &info);
}

static void tell_rule(law_fault_sink each, void *user, size_t i) {
  for (int role = LAW_CLIENT; role <= LAW_SERVER; role++) {
    if (is_first_5(i)) {
      tell(each, user, (law_side)role, accepts[i].mqtt5, true);
    }
    if (is_first_311(i)) {
      tell(each, user, (law_side)role, accepts[i].mqtt311, false);
    }
  }
}

static void tell_send(law_fault_sink each, void *user, law_requirement r, const char *text) {
  char name[128];
  send_row row;
  if (find_send(r, &row)) {
    law_side role = sender_of(&row);
    snprintf(name, sizeof name, "%s%s", prefixes[role].send, law_requirement_name(r));
    law_fault_info info = {name, role, law_requirement_name(r), NULL, text};
    each(user, &info);
  }
}

/* They strike CONNECT, its will and CONNACK when there is a User Name, SUBACK and UNSUBACK at
 * the identifier 65535, SUBSCRIBE and UNSUBSCRIBE always. */
static void tell_sends(law_fault_sink each, void *user) {
  for (size_t i = 0; i < NUM(carried); i++) {
    tell_send(each, user, carried[i].dup, "sends this property twice where it strikes");
    tell_send(each, user, carried[i].value,
              "sends this property with a bad value where it strikes");
  }
  for (size_t i = 0; i < NUM(not_allowed); i++) {
    tell_send(each, user, not_allowed[i].requirement, "sends a Topic Alias where it strikes");
  }
}

void law_faults_each(law_fault_sink each, void *user) {
  for (size_t i = 0; i < NUM_FAULTS; i++) {
    law_fault_info info = faults[i];
    info.mqtt5 = text_of(info.mqtt5);
    info.mqtt311 = text_of(info.mqtt311);
    each(user, &info);
  }
  for (size_t i = 0; i < NUM_ACCEPTS; i++) {
    tell_rule(each, user, i);
  }
  tell_sends(each, user);
}
