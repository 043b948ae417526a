#include <stdlib.h>
#include <string.h>

#include "checks/checks.h"
#include "checks/require.h"

/* A message may say its own length in more bytes than needed where its version allows that; what
 * follows must be the same, and so must what stands before. */
static void check_same(law_bytes sent, law_bytes encoded) {
  FUZZ_REQUIRE(encoded.len <= sent.len && encoded.len > 0);
  FUZZ_REQUIRE(encoded.data[0] == sent.data[0]);
  if (encoded.len == sent.len) {
    FUZZ_REQUIRE(memcmp(encoded.data, sent.data, sent.len) == 0);
    return;
  }
  size_t longer = sent.len - encoded.len, body = 2;
  while (body < encoded.len && (encoded.data[body - 1] & 0x80) != 0) {
    body++;
  }
  FUZZ_REQUIRE(longer <= 3);
  FUZZ_REQUIRE(memcmp(encoded.data + body, sent.data + body + longer, encoded.len - body) == 0);
}

static void check_decoded_again(const fuzz_packet *p, law_bytes encoded) {
  uint64_t context[LAW_MAX_CONTEXT_SIZE / 8], message[LAW_MAX_MESSAGE_SIZE / 8];
  law_violation v;
  memcpy(context, p->start, sizeof context);
  FUZZ_REQUIRE(p->protocol->decode(context, p->from, encoded, message, &v) == LAW_OK);
}

/* The encoder counts on where there is no room, and writes nothing there. */
static void check_small_buffer(const fuzz_packet *p, law_bytes encoded) {
  uint64_t message[LAW_MAX_MESSAGE_SIZE / 8];
  size_t cap = (size_t)(fuzz_seed_of(encoded) % encoded.len);
  uint8_t *room = malloc(cap > 0 ? cap : 1);
  FUZZ_REQUIRE(room != NULL);
  memcpy(message, p->message, sizeof message);
  FUZZ_REQUIRE(law_encode(p->type, message, room, cap) == encoded.len);
  free(room);
}

void fuzz_check_encoding(const fuzz_packet *p) {
  uint64_t message[LAW_MAX_MESSAGE_SIZE / 8];
  if (p->status != LAW_OK) {
    return;
  }
  uint8_t *room = malloc(p->wire.len);
  FUZZ_REQUIRE(room != NULL);
  memcpy(message, p->message, sizeof message);
  law_bytes encoded = law_bytes_of(room, law_encode(p->type, message, room, p->wire.len));
  check_same(p->wire, encoded);
  check_decoded_again(p, encoded);
  check_small_buffer(p, encoded);
  free(room);
}
