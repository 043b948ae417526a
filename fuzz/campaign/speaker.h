/* speaker.h: what a campaign must know of a protocol to hold a conversation: how one begins, what
 * proves that all was read, how flows go on, and what conversations there are. One struct for each
 * protocol; the rest of the campaign walks tables. */
#ifndef FUZZ_CAMPAIGN_SPEAKER_H
#define FUZZ_CAMPAIGN_SPEAKER_H

#include "core/protocol.h"
#include "core/writer.h"

/* What our side of a conversation says of itself. */
typedef struct law_persona {
  const char *variant;
  const char *name; /* of the client; sessions and topics are named after it */
  const char *username, *password; /* NULL: none */
} law_persona;

/* What the IUT said it takes, as far as the protocol has such a thing. */
typedef struct law_limits {
  uint32_t message_size; /* 0: no limit */
  uint32_t window;       /* messages that may wait for an acknowledgement */
  uint32_t aliases;
  uint8_t maximum_qos;
  bool no_retain, no_wildcard, no_shared, no_identifier;
} law_limits;

typedef struct law_speaker {
  const law_protocol *protocol;
  /* A message that every server answers by one of the type |pong|, after all that came before. */
  law_bytes ping;
  uint32_t ping_code, pong_code;

  /* ---- to a server ---- */
  /* The message that opens a conversation. Returns its length, 0 when there is no room. */
  size_t (*open)(const law_persona *p, uint8_t *out, size_t cap);
  /* Whether |message|, the IUT's first ones, ended the opening: 1 well, -1 badly, 0 not yet. */
  int (*opened)(const void *message, law_limits *out);
  /* Whether a decoded message of ours leaves the conversation open: what a server may not object
   * to, and what does not end it. |*used| counts what waits for acknowledgement. */
  bool (*keeps)(const law_limits *limits, const void *message, uint32_t *used);
  /* Whether a decoded message of ours makes the server keep something beyond the connection. */
  bool (*lasts)(const void *message);
  /* What our side owes to a message of the IUT's; 0: nothing. */
  size_t (*reply)(const void *message, uint8_t *out, size_t cap);
  /* Writes one conversation as records of seq/seq.h: of one connection, or of several. */
  void (*walk)(const law_persona *p, uint64_t *random, bool several, law_writer *out);
  /* Canary: a subscription of its own, and a message to it that says |number|. */
  size_t (*subscribe)(const law_persona *p, uint8_t *out, size_t cap);
  size_t (*publish)(const law_persona *p, uint32_t number, uint8_t *out, size_t cap);
  bool (*delivers)(const void *message, uint32_t *out_number);

  /* ---- to a client ---- */
  /* What a server answers; 0: nothing. */
  size_t (*serve)(const law_persona *p, const void *message, uint8_t *out, size_t cap);
  /* Something that a server sends by itself, legal or nearly so. */
  size_t (*volunteer)(const law_persona *p, uint64_t *random, uint8_t *out, size_t cap);

  /* Whether messages of this code, to the IUT or from it, carry what one client says to another: who
   * passes on what it was told has missed a check, which it may. */
  bool (*carries)(uint32_t code, bool from_us);
  /* A small number that tells answers of one type apart: a reason code. */
  uint32_t (*reason)(const void *message);
} law_speaker;

/* The speaker of the protocol that has this variant ("mqtt5"); NULL when there is none. */
const law_speaker *law_speaker_of(const char *variant);

extern const law_speaker law_mqtt_speaker;

#endif
