/* coap.h: CoAP messages as a datagram holds them, RFC 7252 section 3, with the tokens of RFC 8974.
 *
 * A message is valid when its sender broke no rule by it. What a receiver does not know is no
 * violation: unassigned codes of responses and methods, options without an entry in options.def. */
#ifndef LAW_COAP_COAP_H
#define LAW_COAP_COAP_H

#include "core/options.h"
#include "core/protocol.h"

enum { LAW_COAP_VERSION = 1, LAW_COAP_HEADER = 4, LAW_COAP_MAX_TOKEN = 8 };

typedef enum law_coap_kind { LAW_COAP_CON, LAW_COAP_NON, LAW_COAP_ACK, LAW_COAP_RST } law_coap_kind;

/* A code is c.dd: class * 32 + detail. */
enum law_coap_code {
  LAW_COAP_EMPTY = 0,
#define METHOD(code, NAME, ...) LAW_COAP_##NAME = code,
#include "coap/codes.def"
#define RESPONSE(class, detail, ...) LAW_COAP_##class##_##detail = class * 32 + detail,
#include "coap/codes.def"
};

/* One message. Views point into the datagram, or wherever a builder put them. */
typedef struct law_coap_message {
  uint8_t first; /* version, type and token length, as they stand in the first byte */
  uint8_t code;
  uint16_t message_id;
  uint8_t marker;   /* 0xff where there is a payload */
  law_bytes token;
  law_list options; /* validated: law_next_option cannot fail */
  law_bytes payload;
} law_coap_message;

LAW_INLINE unsigned law_coap_version(const law_coap_message *m) { return m->first >> 6; }
LAW_INLINE law_coap_kind law_coap_kind_of(const law_coap_message *m) {
  return (law_coap_kind)(m->first >> 4 & 3);
}
LAW_INLINE unsigned law_coap_class(uint8_t code) { return code >> 5; }
LAW_INLINE bool law_coap_is_request(uint8_t code) { return code > 0 && code < 32; }
/* Class 3 has no code yet, and is one of responses (section 12.1). */
LAW_INLINE bool law_coap_is_response(uint8_t code) { return code >= 64 && code < 192; }

/* What an option's number says of it (section 5.4.6). */
LAW_INLINE bool law_coap_is_critical(uint32_t number) { return (number & 1) != 0; }
LAW_INLINE bool law_coap_is_unsafe(uint32_t number) { return (number & 2) != 0; }
LAW_INLINE bool law_coap_is_no_cache_key(uint32_t number) { return (number & 0x1e) == 0x1c; }

enum law_coap_option_number {
#define OPTION(number, NAME, ...) LAW_COAP_O_##NAME = number,
#include "coap/options.def"
};

/* The definition of option |number|; NULL when there is none. */
const law_item *law_coap_option_of(uint32_t number);

/* Decodes one datagram. LAW_OK: |*out| is set. Otherwise |*violation| is the first rule broken, and
 * |*out| must not be used. */
law_status law_coap_decode(law_bytes datagram, law_coap_message *out, law_violation *violation);

/* Writes the message that |m| says, legal or not. Returns its size; when that is more than |cap|,
 * nothing useful was written. |m| is not changed. */
size_t law_coap_encode(law_coap_message *m, uint8_t *out, size_t cap);

/* CoAP over UDP and DTLS. Decoding only: it has no monitor yet. */
extern const law_protocol law_coap;

#endif
