/* protocol.h: what a protocol is to every tool: one struct of tables and functions. The codec fills
 * in the first half, the monitor the second; `law_protocols[]`, beside the judge, lists them all.
 * */
#ifndef LAW_CORE_PROTOCOL_H
#define LAW_CORE_PROTOCOL_H

#include "core/span.h"

enum { LAW_MAX_VIOLATIONS = 16 };

/* Where a monitor puts what it found. More than LAW_MAX_VIOLATIONS are counted, not kept. */
typedef struct law_findings {
  law_violation found[LAW_MAX_VIOLATIONS];
  size_t num;
} law_findings;

/* One message as it goes from the judge to a monitor. */
typedef struct law_observed {
  law_side from;
  uint64_t now;                /* ns, monotonic */
  law_bytes wire;              /* the whole message */
  const void *message;         /* decoded; NULL when |violation| is set */
  const law_violation *decode; /* what the decoder objected to, or NULL */
} law_observed;

typedef struct law_protocol {
  const char *name;           /* "mqtt" */
  const char *const *schemes; /* NULL-terminated: "mqtt", "mqtts", "tcp" ... */
  uint16_t port;              /* registered for it; captures show it, so that others know it too */
  uint16_t secure_port;       /* the same over TLS or DTLS; 0: none */
  bool datagrams;       /* a message is a datagram; else they come in a stream of bytes */
  const law_type *const *types;
  size_t num_types;
  size_t message_size; /* of the decoded message; at most LAW_MAX_MESSAGE_SIZE */
  size_t
      context_size; /* what decoding must remember of one connection; at most LAW_MAX_CONTEXT_SIZE */

  /* Its names on the command line, NULL-terminated ("mqtt311", "mqtt5"), and what |context| is when
   * a flow of |variant| begins: what is assumed until the flow itself says it. */
  const char *const *variants;
  void (*begin)(const char *variant, void *context);

  /* 0 to 100: how surely |head|, the first bytes that |from| sent, are this protocol. 100: they are
   * what opens a conversation, so |from| is sure, too. */
  int (*detect)(law_bytes head, law_side from);
  /* Which of |variants| the flow is, as far as |context| knows; else what is assumed. NULL: there
   * are none. */
  const char *(*variant_of)(const void *context);
  /* Finds the end of the first message. LAW_OK: |*out_len| is its length. LAW_NEED_MORE: |*out_len|
   * is how many bytes it will have: at least, when that is one more than there are; else exactly.
   * Else |out| says what is wrong. Datagram protocols: the whole. */
  law_status (*frame)(const void *context, law_bytes in, size_t *out_len, law_violation *out);
  /* Decodes one whole message strictly and learns from it (MQTT: the version, from CONNECT). Views
   * in |message| point into |frame|. */
  law_status (*decode)(void *context, law_side from, law_bytes frame, void *message,
                       law_violation *out);
  /* A datagram that receivers must pass over, since it says that it is something else: a version of
   * the future. Who sent it broke no rule that is known. NULL: there are none. */
  bool (*foreign)(law_bytes datagram);
  /* The descriptor of the message that |frame| begins with; NULL for an unassigned type. */
  const law_type *(*type_of)(const void *context, law_bytes frame);
  /* The code by which |frame|, not empty, says its type, assigned or not. */
  uint32_t (*code_of)(law_bytes frame);
  /* Who may send messages of |code|: a bit for each law_side. Types that nobody may send are both's.
   * NULL: all are both's. */
  unsigned (*senders)(uint32_t code);
  /* The requirement that a message in a WebSocket text frame breaks; LAW_R_NONE when it is none, or
   * |context| does not know. NULL: none. */
  law_requirement (*in_text_frame)(const void *context);
  /* Readies a zeroed message for law_build, law_encode: type code and version. */
  void (*prepare)(const void *context, const law_type *type, void *message);

  /* The monitor. World: what all connections of one IUT share. Connection: one flow. Both are the
   * caller's memory, zeroed by these. |judged| is the side the IUT is on. |world| may be NULL: only
   * connection scope, for which |alone_size| bytes do (0: it takes |connection_size|). */
  size_t world_size, connection_size, alone_size;
  void (*world_init)(void *world, law_side judged);
  void (*connection_init)(void *connection, void *world, law_side judged, bool from_start);
  void (*observe)(void *connection, const law_observed *seen, law_findings *out);
  /* |from| closed its direction (|reset|: by an abort). Bytes after it are not sent. */
  void (*closed)(void *connection, law_side from, bool reset, uint64_t now, law_findings *out);
  /* Bytes are missing here: what is not known is not judged. */
  void (*gap)(void *connection, law_side from);
  /* Time has passed: absences. Returns the next time at which it wants to be called, UINT64_MAX for
   * never. */
  uint64_t (*tick)(void *connection, uint64_t now, law_findings *out);
  /* Fetches into the cache what |observe| will need. NULL: nobody knows. */
  void (*fetch)(const void *connection);
  uint32_t (*state)(const void *connection); /* small number: the fuzzer's feedback */
} law_protocol;

enum { LAW_MAX_MESSAGE_SIZE = 256, LAW_MAX_CONTEXT_SIZE = 32 };

void law_find(law_findings *out, law_requirement requirement, law_status status, uint32_t offset);

#endif
