#include <stdlib.h>
#include <string.h>

#include "checks/checks.h"
#include "checks/require.h"

uint64_t fuzz_seed_of(law_bytes bytes) {
  uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
  for (size_t i = 0; i < bytes.len; i++) {
    h = (h ^ bytes.data[i]) * UINT64_C(0x100000001b3);
  }
  return h;
}

static void check_refusal(const fuzz_packet *p) {
  FUZZ_REQUIRE(p->status == LAW_MALFORMED || p->status == LAW_PROTOCOL_ERROR);
  FUZZ_REQUIRE(p->violation.status == p->status);
  FUZZ_REQUIRE(p->violation.requirement != LAW_R_NONE);
  FUZZ_REQUIRE(p->violation.offset <= p->wire.len);
}

/* Without its last byte the message is not whole, for the framer and for the decoder. */
static void check_without_last(const fuzz_packet *p) {
  uint64_t context[LAW_MAX_CONTEXT_SIZE / 8], message[LAW_MAX_MESSAGE_SIZE / 8];
  law_violation v;
  size_t len = p->wire.len - 1, need = 0;
  uint8_t *cut = malloc(len > 0 ? len : 1);
  FUZZ_REQUIRE(cut != NULL);
  memcpy(cut, p->wire.data, len);
  law_bytes in = law_bytes_of(cut, len);
  memcpy(context, p->start, sizeof context);
  law_status framed = p->protocol->frame(context, in, &need, &v);
  law_status status = p->protocol->decode(context, p->from, in, message, &v);
  if (framed != LAW_OK) { /* a datagram ends where it ends */
    FUZZ_REQUIRE(framed == LAW_NEED_MORE && need > len && need <= p->wire.len);
    FUZZ_REQUIRE(status != LAW_OK);
  }
  free(cut);
}

static void check_acceptance(const fuzz_packet *p) {
  law_violation v;
  size_t len = 0;
  FUZZ_REQUIRE(p->type != NULL);
  FUZZ_REQUIRE(p->protocol->frame(p->start, p->wire, &len, &v) == LAW_OK);
  FUZZ_REQUIRE(len == p->wire.len);
  check_without_last(p);
}

static bool is_variant(const law_protocol *protocol, const char *name) {
  for (const char *const *v = protocol->variants; *v != NULL; v++) {
    if (strcmp(*v, name) == 0) {
      return true;
    }
  }
  return false;
}

/* What a protocol says of any message: its variant, its type's code, who may send it. */
static void check_names(const fuzz_packet *p) {
  const law_protocol *protocol = p->protocol;
  FUZZ_REQUIRE(!protocol->variant_of || is_variant(protocol, protocol->variant_of(p->context)));
  FUZZ_REQUIRE(!protocol->in_text_frame || protocol->in_text_frame(p->context) < LAW_R_COUNT);
  FUZZ_REQUIRE(law_status_name(p->status) != NULL);
  if (p->wire.len > 0) {
    uint32_t code = protocol->code_of(p->wire);
    unsigned senders = protocol->senders ? protocol->senders(code) : 3;
    FUZZ_REQUIRE(p->type == NULL || p->type->code == code);
    FUZZ_REQUIRE(senders >= 1 && senders <= 3);
  }
}

void fuzz_check_verdict(const fuzz_packet *p) {
  check_names(p);
  if (p->status == LAW_OK) {
    check_acceptance(p);
  } else {
    check_refusal(p);
  }
}
