/* support.h: what the tests of the codecs share. Includes cmocka after the headers it needs. */
#ifndef LAW_TESTS_SUPPORT_H
#define LAW_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "coap/coap.h"
#include "core/dissect.h"
#include "core/print.h"
#include "core/span.h"
#include "mqtt/mqtt.h"
#include "vectors.h"

/* A copy of |b| in a buffer of exactly its size, so that a sanitizer sees the first byte read
 * beyond it. Never NULL. The caller frees it. */
uint8_t *exact_copy(law_bytes b);

/* Bytes of a string literal. */
#define BYTES(literal) law_bytes_of(literal, sizeof(literal) - 1)

/* Bytes of "10 0c 00"; static memory of the call before last is overwritten. */
law_bytes hex(const char *digits);

/* |b| as hexadecimal digits; static memory. */
const char *to_hex(law_bytes b);

/* The codec of a variant. */
const law_protocol *protocol_for(const char *variant);

/* One message and everything known of it. */
typedef struct subject {
  law_bytes wire;
  const law_protocol *protocol;
  law_mqtt_context context; /* what decoding assumes of the flow */
  const law_type *type;     /* NULL: no such type in this version */
  law_status status;        /* of decoding it */
  law_violation violation;
  union {
    law_mqtt_message message; /* set when |status| is LAW_OK */
    law_coap_message coap;
  };
  union {
    law_mqtt_message walked; /* what dissecting found */
    law_coap_message walked_coap;
  };
  size_t num;
  law_span spans[LAW_MAX_SPANS];
} subject;

/* Decodes and dissects |wire|, which must outlive |s|. */
void examine(subject *s, const char *variant, law_side from, law_bytes wire);
/* Dissects |wire| with the type and version that |s| has. */
void dissect_again(subject *s, law_bytes wire);

/* The JSON of |s|, in static memory. */
const char *json_of(const subject *s);

#endif
