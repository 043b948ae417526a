/* tables.h: what the files of the codec share: descriptors, and the decoder's rules by number. */
#ifndef LAW_COAP_TABLES_H
#define LAW_COAP_TABLES_H

#include "coap/coap.h"

/* Bits of law_type.scope and law_item.types: one for each method, one for all responses. */
enum {
#define METHOD(code, NAME, ...) LAW_COAP_SCOPE_##NAME = 1 << code,
#include "coap/codes.def"
  LAW_COAP_SCOPE_REQUESTS = 0xfe | 1 << 9, /* bit 9: methods that have no name */
  LAW_COAP_SCOPE_RESPONSES = 1 << 8,
  LAW_COAP_SCOPE_ANY = LAW_COAP_SCOPE_REQUESTS | LAW_COAP_SCOPE_RESPONSES,
};

enum {
  LAW_COAP_NUM_CODES = 1
#define METHOD(...) +1
#include "coap/codes.def"
#define RESPONSE(...) +1
#include "coap/codes.def"
  ,
  LAW_COAP_NUM_TYPES = LAW_COAP_NUM_CODES + 8 /* one for each class */
};

extern const law_type *const law_coap_types[LAW_COAP_NUM_TYPES];

/* The descriptor of every code: its own, or that of its class. */
const law_type *law_coap_type_for(uint8_t code);

/* May a message of this code have a payload? Of unknown codes nobody knows. */
bool law_coap_may_have_payload(uint8_t code);

enum law_coap_rule {
  LAW_COAP_RULE_NONE,
#define RULE(NAME, ...) LAW_COAP_RULE_##NAME,
#include "coap/rules.def"
  LAW_COAP_NUM_RULES
};

/* What a rule stands for; status LAW_OK for none. */
law_violation law_coap_violation_of(law_rule rule, uint32_t offset);

#endif
