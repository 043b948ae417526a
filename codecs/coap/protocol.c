#include <string.h>

#include "coap/tables.h"
#include "core/dissect.h"

static const char *const schemes[] = {"coap", "coaps", NULL};
static const char *const variants[] = {"coap", NULL};

/* One variant, and a datagram says all there is to know. */
static void begin(const char *variant, void *context) {
  (void)variant;
  (void)context;
}

/* A header says little: random bytes begin like one too often. So a datagram counts that is one
 * message without a fault, and none opens a conversation for sure. */
static int detect(law_bytes head, law_side from) {
  law_coap_message message;
  law_violation violation;
  (void)from;
  return law_coap_decode(head, &message, &violation) == LAW_OK ? 40 : 0;
}

static law_status frame(const void *context, law_bytes in, size_t *out_len, law_violation *out) {
  (void)context;
  (void)out;
  *out_len = in.len;
  return LAW_OK;
}

static law_status decode(void *context, law_side from, law_bytes datagram, void *message,
                         law_violation *out) {
  (void)context;
  (void)from;
  return law_coap_decode(datagram, message, out);
}

/* Section 3: "Messages with unknown version numbers MUST be silently ignored." */
static bool foreign(law_bytes datagram) {
  return datagram.len > 0 && datagram.data[0] >> 6 != LAW_COAP_VERSION;
}

static const law_type *type_of(const void *context, law_bytes datagram) {
  (void)context;
  return datagram.len < 2 ? NULL : law_coap_type_for(datagram.data[1]);
}

static uint32_t code_of(law_bytes datagram) {
  return datagram.len < 2 ? 0 : law_coap_type_for(datagram.data[1])->code;
}

static void prepare(const void *context, const law_type *type, void *message) {
  law_coap_message *m = message;
  (void)context;
  m->first = LAW_COAP_VERSION << 6;
  m->code = type->code;
}

size_t law_coap_encode(law_coap_message *m, uint8_t *out, size_t cap) {
  return law_encode(law_coap_type_for(m->code), m, out, cap);
}

const law_protocol law_coap = {
    .name = "coap",
    .schemes = schemes,
    .port = 5683,
    .secure_port = 5684,
    .datagrams = true,
    .types = law_coap_types,
    .num_types = LAW_COAP_NUM_TYPES,
    .message_size = sizeof(law_coap_message),
    .variants = variants,
    .begin = begin,
    .detect = detect,
    .frame = frame,
    .decode = decode,
    .foreign = foreign,
    .type_of = type_of,
    .code_of = code_of,
    .prepare = prepare,
};
