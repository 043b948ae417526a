#include "coap/tables.h"

#include <stddef.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- names of values ---- */

static const law_name kind_names[] = {
    {LAW_COAP_CON, 0, "CON"}, {LAW_COAP_NON, 0, "NON"}, {LAW_COAP_ACK, 0, "ACK"},
    {LAW_COAP_RST, 0, "RST"}, {0, 0, NULL}};

static const law_name code_names[] = {
    {0, 0, "Empty"},
#define METHOD(code, NAME, name, ...) {code, 0, name},
#include "coap/codes.def"
#define RESPONSE(class, detail, code, name, ...) {class * 32 + detail, 0, name},
#include "coap/codes.def"
    {0, 0, NULL},
};

static const law_name law_coap_observe_names[] = {
    {0, LAW_COAP_SCOPE_GET | LAW_COAP_SCOPE_FETCH, "register"},
    {1, LAW_COAP_SCOPE_GET | LAW_COAP_SCOPE_FETCH, "deregister"},
    {0, 0, NULL}};

static const law_name law_coap_format_names[] = {
#define FORMAT(number, name) {number, 0, name},
#include "coap/formats.def"
    {0, 0, NULL},
};

/* ---- options ---- */

#define KIND_OPAQUE LAW_KIND_REST
#define KIND_STRING LAW_KIND_TEXT
#define KIND_UINT LAW_KIND_UINT
#define KIND_EMPTY LAW_KIND_UINT

#define OPTION(number, NAME, name_, FORMAT, min, max, types, flags, names_, ...) \
  static const law_field value_of_##name_ = {                                    \
      .name = "value", .kind = KIND_##FORMAT, .names = (names_)};
#include "coap/options.def"

static const law_field value_of_unknown = {.name = "value", .kind = LAW_KIND_REST};

/* clang-format off */
#define REQUESTS LAW_COAP_SCOPE_REQUESTS
#define RESPONSES LAW_COAP_SCOPE_RESPONSES
#define ANY LAW_COAP_SCOPE_ANY
#define GET LAW_COAP_SCOPE_GET
#define FETCH LAW_COAP_SCOPE_FETCH
/* clang-format on */
enum { C = 1, U = 2, N = 4, R = 8 };

static const law_item items[] = {
#define OPTION(number, NAME, name, FORMAT, min, max, types, flags, ...)              \
  {number, #name, KIND_##FORMAT, (types), min, max, ((flags)&R) != 0, &value_of_##name},
#include "coap/options.def"
    {UINT32_MAX, "unknown", LAW_KIND_OPTION, ANY, 0, UINT16_MAX, true, &value_of_unknown},
};

/* They name types below. */
#undef GET
#undef FETCH

enum { MAX_NUMBER = LAW_COAP_O_REQUEST_TAG };

enum item_index {
#define OPTION(number, NAME, ...) INDEX_##NAME,
#include "coap/options.def"
};

const law_item *law_coap_option_of(uint32_t number) {
  static const uint8_t places[MAX_NUMBER + 1] = { /* 1 more than the index */
#define OPTION(number, NAME, ...) [number] = INDEX_##NAME + 1,
#include "coap/options.def"
  };
  return number <= MAX_NUMBER && places[number] != 0 ? &items[places[number] - 1] : NULL;
}

/* ---- fields ---- */

/* An Empty message has nothing behind its Message ID, unless it is wrong. */
static bool when_token(void *message, size_t left) {
  const law_coap_message *m = message;
  (void)left;
  return m->code != LAW_COAP_EMPTY || (m->first & 15) != 0;
}

static bool when_options(void *message, size_t left) {
  const law_coap_message *m = message;
  return m->code != LAW_COAP_EMPTY || left > 0 || m->options.len > 0;
}

/* Only a payload marker ends the options before the end. */
static bool when_marker(void *message, size_t left) {
  return left > 0 || ((const law_coap_message *)message)->marker != 0;
}

static bool when_payload(void *message, size_t left) {
  (void)left;
  return ((const law_coap_message *)message)->marker != 0;
}

#define MEMBER(name) .member = offsetof(law_coap_message, name)

static const law_field fields[] = {
    {.name = "first", .kind = LAW_KIND_U8, .flags = LAW_FIELD_CARRIER, MEMBER(first)},
    {.name = "version", .kind = LAW_KIND_BITS, .shift = 6, .width = 2, MEMBER(first)},
    {.name = "message_type",
     .kind = LAW_KIND_BITS,
     .shift = 4,
     .width = 2,
     .names = kind_names,
     MEMBER(first)},
    {.name = "token_length",
     .kind = LAW_KIND_BITS,
     .shift = 0,
     .width = 4,
     .flags = LAW_FIELD_CARRIER,
     MEMBER(first)},
    {.name = "code", .kind = LAW_KIND_U8, .names = code_names, MEMBER(code)},
    {.name = "message_id", .kind = LAW_KIND_U16, .flags = LAW_FIELD_VOLATILE, MEMBER(message_id)},
    {.name = "token",
     .kind = LAW_KIND_TOKEN,
     .shift = 0,
     .width = 4,
     .implies_member = offsetof(law_coap_message, first),
     .flags = LAW_FIELD_VOLATILE,
     .when = when_token,
     MEMBER(token)},
    {.name = "options",
     .kind = LAW_KIND_OPTIONS,
     .tags = items,
     .num_tags = COUNT(items),
     .when = when_options,
     MEMBER(options)},
    {.name = "marker",
     .kind = LAW_KIND_U8,
     .flags = LAW_FIELD_CARRIER,
     .when = when_marker,
     MEMBER(marker)},
    {.name = "payload",
     .kind = LAW_KIND_REST,
     .flags = LAW_FIELD_TEXT,
     .implies_member = offsetof(law_coap_message, marker),
     .implies_bits = LAW_OPTION_MARKER,
     .when = when_payload,
     MEMBER(payload)},
};

/* ---- types ---- */

#define TYPE(id, name_, code_, scope_)                                       \
  static const law_type type_##id = {                                        \
      .name = (name_), .code = (code_), .fields = fields, .num_fields = COUNT(fields), \
      .scope = (scope_)};

TYPE(EMPTY, "EMPTY", 0, 1)
#define METHOD(code, NAME, name, ...) TYPE(NAME, name, code, 1 << code)
#include "coap/codes.def"
#define RESPONSE(class, detail, name, ...) \
  TYPE(class##_##detail, name, class * 32 + detail, LAW_COAP_SCOPE_RESPONSES)
#include "coap/codes.def"

/* Codes without an entry, by class; the code is one of them. */
TYPE(class_0, "0.xx", 0x1e, 1 << 9)
TYPE(class_1, "1.xx", 0x3e, 1 << 10)
TYPE(class_2, "2.xx", 0x5e, LAW_COAP_SCOPE_RESPONSES)
TYPE(class_3, "3.xx", 0x7e, LAW_COAP_SCOPE_RESPONSES)
TYPE(class_4, "4.xx", 0x9e, LAW_COAP_SCOPE_RESPONSES)
TYPE(class_5, "5.xx", 0xbe, LAW_COAP_SCOPE_RESPONSES)
TYPE(class_6, "6.xx", 0xde, 1 << 10)
TYPE(class_7, "7.xx", 0xfe, 1 << 10)

const law_type *const law_coap_types[LAW_COAP_NUM_TYPES] = {
    &type_EMPTY,
#define METHOD(code, NAME, ...) &type_##NAME,
#include "coap/codes.def"
#define RESPONSE(class, detail, ...) &type_##class##_##detail,
#include "coap/codes.def"
    &type_class_0, &type_class_1, &type_class_2, &type_class_3,
    &type_class_4, &type_class_5, &type_class_6, &type_class_7,
};

const law_type *law_coap_type_for(uint8_t code) {
  static const law_type *const by_code[256] = {
      [0] = &type_EMPTY,
#define METHOD(code, NAME, ...) [code] = &type_##NAME,
#include "coap/codes.def"
#define RESPONSE(class, detail, ...) [class * 32 + detail] = &type_##class##_##detail,
#include "coap/codes.def"
  };
  static const law_type *const by_class[8] = {&type_class_0, &type_class_1, &type_class_2,
                                              &type_class_3, &type_class_4, &type_class_5,
                                              &type_class_6, &type_class_7};
  return by_code[code] != NULL ? by_code[code] : by_class[law_coap_class(code)];
}

bool law_coap_may_have_payload(uint8_t code) {
  switch (code) {
#define METHOD(code, NAME, name, payload) \
  case code:                              \
    return payload;
#include "coap/codes.def"
#define RESPONSE(class, detail, code, name, payload) \
  case class * 32 + detail:                          \
    return payload;
#include "coap/codes.def"
    default:
      return true;
  }
}

/* ---- rules ---- */

law_violation law_coap_violation_of(law_rule rule, uint32_t offset) {
  static const struct {
    law_requirement requirement;
    law_status status;
  } rules[LAW_COAP_NUM_RULES] = {
      {LAW_R_NONE, LAW_OK},
#define RULE(NAME, status, requirement) {LAW_R_##requirement, LAW_##status},
#include "coap/rules.def"
  };
  law_violation v = {rules[rule].requirement, rules[rule].status, offset};
  return v;
}
