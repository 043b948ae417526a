#include "pcap/dtls.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cursor.h"
#include "pcap/dtls_frames.h"
#include "pcap/dtls_messages.h"
#include "pcap/tls12.h"
#include "pcap/tls_transcript.h"

enum { WINDOW = 64 };

typedef struct side {
  law_dtls_messages messages;
  law_tls_cipher *cipher; /* of |epoch| */
  uint16_t epoch;         /* the newest of which a record was read */
  uint64_t highest;       /* number read in |epoch|, without the epoch */
  uint64_t window;        /* bit i: highest - i was read */
  bool ended;
  bool holed;
  bool has_cid; /* it said how the other side shall mark what it sends */
  uint8_t cid_len;
  char why[LAW_TLS_WHY];
} side;

struct law_pcap_dtls {
  const law_pcap_secrets *secrets;
  law_tls_sink sink;
  int client; /* -1: not known */
  uint16_t version;
  bool broken;
  bool has_next; /* a ClientHello asked for a new handshake, and was not answered yet */
  uint8_t next_random[LAW_TLS_RANDOM];
  side sides[2];
  law_tls12 handshake;
  uint8_t alpn_len;
  uint8_t alpn[UINT8_MAX];
};

/* ---- Beginning and end ---- */

law_pcap_dtls *law_pcap_dtls_new(const law_pcap_secrets *secrets, const law_tls_sink *sink) {
  law_pcap_dtls *d = calloc(1, sizeof *d);
  if (d) {
    d->secrets = secrets;
    d->sink = *sink;
    d->client = -1;
  }
  return d;
}

static void forget_keys(side *s) {
  law_tls_cipher_free(s->cipher);
  s->cipher = NULL;
  s->epoch = 0;
  s->highest = 0;
  s->window = 0;
}

static void forget_messages(side *s) { law_dtls_messages_keep(&s->messages, UINT32_MAX); }

void law_pcap_dtls_free(law_pcap_dtls *d) {
  if (!d) {
    return;
  }
  for (int i = 0; i < 2; i++) {
    forget_keys(&d->sides[i]);
    forget_messages(&d->sides[i]);
  }
  OPENSSL_cleanse(d, sizeof *d);
  free(d);
}

/* ---- What is known ---- */

int law_pcap_dtls_client(const law_pcap_dtls *d) { return d->client; }

const char *law_pcap_dtls_version(const law_pcap_dtls *d) {
  switch (d->version) {
    case LAW_DTLS_1_0:
      return "DTLS 1.0";
    case LAW_DTLS_1_2:
      return "DTLS 1.2";
    case LAW_DTLS_1_3:
      return "DTLS 1.3";
    default:
      return "DTLS";
  }
}

law_bytes law_pcap_dtls_alpn(const law_pcap_dtls *d) { return law_bytes_of(d->alpn, d->alpn_len); }

const char *law_pcap_dtls_unreadable(const law_pcap_dtls *d, unsigned from) {
  return d->sides[from].why[0] != 0 ? d->sides[from].why : NULL;
}

__attribute__((format(printf, 3, 4))) static void explain(const law_pcap_dtls *d, side *s,
                                                          const char *reason, ...) {
  int len =
      snprintf(s->why, sizeof s->why, "this %s flow cannot be read: ", law_pcap_dtls_version(d));
  va_list args;
  va_start(args, reason);
  (void)vsnprintf(s->why + len, sizeof s->why - (size_t)len, reason, args);
  va_end(args);
}

static void hole(law_pcap_dtls *d, unsigned from) {
  side *s = &d->sides[from];
  if (!s->holed && d->sink.gap) {
    d->sink.gap(d->sink.user, from);
  }
  s->holed = true;
}

static void refuse(law_pcap_dtls *d, uint16_t version) {
  d->version = version;
  d->broken = true;
  for (unsigned from = 0; from < 2; from++) {
    explain(d, &d->sides[from], "of DTLS only version 1.2 is read");
    hole(d, from);
  }
}

/* ---- Handshake ---- */

static side *client_of(law_pcap_dtls *d) { return &d->sides[d->client]; }
static side *server_of(law_pcap_dtls *d) { return &d->sides[1 - d->client]; }

static void keep_cid(side *s, const law_tls_hello *hello) {
  s->has_cid = hello->has_cid;
  s->cid_len = hello->has_cid ? (uint8_t)hello->cid.len : 0;
}

static bool has_random(const law_pcap_dtls *d, const uint8_t *random) {
  return (d->has_next && memcmp(d->next_random, random, LAW_TLS_RANDOM) == 0) ||
         (d->handshake.has_client &&
          memcmp(d->handshake.client_random, random, LAW_TLS_RANDOM) == 0);
}

/* The keys that there are stay until the server has answered (RFC 6347, 4.2.8). */
static void client_hello(law_pcap_dtls *d, unsigned from, const law_dtls_message *message) {
  law_tls_hello hello;
  if (!law_tls_client_hello(&hello, law_dtls_message_body(message), true)) {
    return;
  }
  d->client = (int)from;
  if (has_random(d, hello.random)) {
    return; /* repeated, or with the cookie that was asked for */
  }
  memcpy(d->next_random, hello.random, LAW_TLS_RANDOM);
  d->has_next = true;
  keep_cid(client_of(d), &hello);
  law_dtls_messages_keep(&client_of(d)->messages, message->seq);
  forget_messages(server_of(d));
}

static void begin_handshake(law_pcap_dtls *d, uint16_t epoch) {
  law_tls_hello hello = {.random = d->next_random};
  law_tls12_client_hello(&d->handshake, &hello);
  d->has_next = false;
  for (unsigned i = 0; i < 2 && epoch == 0; i++) {
    forget_keys(&d->sides[i]);
    d->sides[i].ended = false;
  }
}

static void server_hello(law_pcap_dtls *d, unsigned from, uint16_t epoch,
                         const law_dtls_message *message) {
  law_tls_hello hello;
  if (d->client == (int)from || !law_tls_server_hello(&hello, law_dtls_message_body(message))) {
    return;
  }
  if (hello.version != LAW_DTLS_1_2) {
    refuse(d, hello.version);
    return;
  }
  d->client = 1 - (int)from;
  d->version = hello.version;
  if (d->has_next) {
    begin_handshake(d, epoch);
  }
  keep_cid(server_of(d), &hello);
  if (hello.alpn.len > 0 && hello.alpn.len <= sizeof d->alpn) {
    memcpy(d->alpn, hello.alpn.data, hello.alpn.len);
    d->alpn_len = (uint8_t)hello.alpn.len;
  }
  law_tls12_server_hello(&d->handshake, &hello);
}

static void handshake_bytes(law_pcap_dtls *d, unsigned from, uint16_t epoch, law_bytes bytes) {
  while (bytes.len > 0 && !d->broken) {
    const law_dtls_message *message = law_dtls_messages_next(&d->sides[from].messages, &bytes);
    if (message && message->type == LAW_TLS_CLIENT_HELLO) {
      client_hello(d, from, message);
    } else if (message && message->type == LAW_TLS_SERVER_HELLO) {
      server_hello(d, from, epoch, message);
    }
  }
}

/* Adds the messages from number |seq| on, up to the one of |last| type. */
static bool add_messages(law_tls_transcript *t, const law_dtls_messages *m, uint32_t seq,
                         uint8_t last) {
  const law_dtls_message *message;
  do {
    message = law_dtls_messages_by_seq(m, seq++);
    if (!message) {
      return false;
    }
    law_tls_transcript_add(t, law_bytes_of(message->bytes, message->len));
  } while (message->type != last);
  return true;
}

/* From the last ClientHello to the ClientKeyExchange (RFC 7627, 3; RFC 6347, 4.2.6). */
static bool add_handshake(law_tls_transcript *t, law_pcap_dtls *d) {
  const law_dtls_messages *client = &client_of(d)->messages;
  const law_dtls_messages *server = &server_of(d)->messages;
  const law_dtls_message *hello = law_dtls_messages_by_type(client, LAW_TLS_CLIENT_HELLO);
  const law_dtls_message *answer = law_dtls_messages_by_type(server, LAW_TLS_SERVER_HELLO);
  return hello && answer && add_messages(t, client, hello->seq, LAW_TLS_CLIENT_HELLO) &&
         add_messages(t, server, answer->seq, LAW_TLS_SERVER_HELLO_DONE) &&
         add_messages(t, client, hello->seq + 1u, LAW_TLS_CLIENT_KEY_EXCHANGE);
}

static void hash_session(law_pcap_dtls *d) {
  law_tls12 *h = &d->handshake;
  law_tls_transcript *t = law_tls_transcript_new();
  if (t && add_handshake(t, d)) {
    h->session_hash_len =
        (uint8_t)law_tls_transcript_hash(t, law_tls_suite_prf(h->suite), h->session_hash);
  }
  law_tls_transcript_free(t);
}

/* Messages may have come in any order: they are looked at when the keys are needed. */
static void complete_handshake(law_pcap_dtls *d) {
  law_tls12 *h = &d->handshake;
  if (d->client < 0 || !h->has_server) {
    return;
  }
  const law_dtls_message *exchange =
      law_dtls_messages_by_type(&client_of(d)->messages, LAW_TLS_CLIENT_KEY_EXCHANGE);
  if (exchange && !h->has_exchange) {
    law_tls12_key_exchange(h, law_dtls_message_body(exchange));
  }
  if (h->has_exchange && h->session_hash_len == 0 && law_tls12_wants_hash(h)) {
    hash_session(d);
  }
}

/* ---- Records that were read (RFC 6347, 4.1.2.6) ---- */

static bool was_read(const side *s, uint16_t epoch, uint64_t number) {
  if (!s->cipher || epoch != s->epoch || number > s->highest) {
    return false;
  }
  uint64_t behind = s->highest - number;
  return behind >= WINDOW || (s->window >> behind & 1) != 0;
}

static void mark_read(side *s, uint64_t number) {
  if (number > s->highest) {
    uint64_t ahead = number - s->highest;
    s->window = ahead >= WINDOW ? 0 : s->window << ahead;
    s->highest = number;
  }
  s->window |= (uint64_t)1 << (s->highest - number);
}

/* ---- Protected records ---- */

static law_tls_record record_of(const law_dtls_frame *frame) {
  return (law_tls_record){
      .layout = frame->type == LAW_TLS_CID ? LAW_TLS_LAYOUT_CID : LAW_TLS_LAYOUT_12,
      .type = frame->type,
      .version = frame->version,
      .seq = frame->seq,
      .cid = frame->cid,
      .fragment = frame->fragment};
}

typedef struct text {
  uint8_t *data;
  size_t len;
  uint8_t type;
} text;

/* Within a record with a connection id, the type is the last byte that is not zero (RFC 9146, 4). */
static void set_type(text *out, const law_dtls_frame *frame) {
  out->type = frame->type;
  if (frame->type != LAW_TLS_CID) {
    return;
  }
  while (out->len > 0 && out->data[out->len - 1] == 0) {
    out->len--;
  }
  out->type = out->len > 0 ? out->data[--out->len] : 0;
}

/* The first record of a new epoch: keys of the handshake that was the last. */
static bool open_new_epoch(law_pcap_dtls *d, unsigned from, text *out, const law_dtls_frame *frame,
                           const law_tls_record *record) {
  side *s = &d->sides[from];
  char why[LAW_TLS_WHY];
  complete_handshake(d);
  law_tls_cipher *cipher = law_tls12_cipher(
      &d->handshake, why, d->client == (int)from ? LAW_CLIENT : LAW_SERVER, d->secrets);
  if (!cipher) {
    explain(d, s, "%s", why);
    return false;
  }
  if (!law_tls_cipher_open(cipher, out->data, &out->len, record)) {
    law_tls_cipher_free(cipher);
    explain(d, s,
            "a record of the %s does not authenticate: the secrets are not its own, or its bytes "
            "were changed",
            d->client == (int)from ? "client" : "server");
    return false;
  }
  forget_keys(s);
  s->cipher = cipher;
  s->epoch = frame->epoch;
  return true;
}

static bool open_record(law_pcap_dtls *d, unsigned from, text *out, const law_dtls_frame *frame) {
  side *s = &d->sides[from];
  law_tls_record record = record_of(frame);
  if (!s->cipher || frame->epoch > s->epoch) {
    return open_new_epoch(d, from, out, frame, &record);
  }
  if (frame->epoch < s->epoch) {
    explain(d, s, "a record of keys that were replaced came late");
    return false;
  }
  if (!law_tls_cipher_open(s->cipher, out->data, &out->len, &record)) {
    explain(d, s, "record %llu of the %s does not authenticate: its bytes were changed",
            (unsigned long long)(frame->seq & 0xffffffffffff),
            d->client == (int)from ? "client" : "server");
    return false;
  }
  return true;
}

static void alert(law_pcap_dtls *d, unsigned from, law_bytes bytes) {
  side *s = &d->sides[from];
  if (bytes.len == 2 && bytes.data[1] == 0 && !s->ended) {
    s->ended = true;
    if (d->sink.end) {
      d->sink.end(d->sink.user, from);
    }
  }
}

static void on_content(law_pcap_dtls *d, unsigned from, uint16_t epoch, const text *t) {
  side *s = &d->sides[from];
  law_bytes bytes = law_bytes_of(t->data, t->len);
  if (t->type == LAW_TLS_APPLICATION_DATA && bytes.len > 0 && !s->ended) {
    s->holed = false;
    d->sink.data(d->sink.user, from, bytes);
  } else if (t->type == LAW_TLS_HANDSHAKE) {
    handshake_bytes(d, from, epoch, bytes);
  } else if (t->type == LAW_TLS_ALERT) {
    alert(d, from, bytes);
  }
}

static void on_protected(law_pcap_dtls *d, unsigned from, const law_dtls_frame *frame) {
  uint8_t room[LAW_TLS_FRAGMENT_MAX];
  text t = {.data = room};
  side *s = &d->sides[from];
  uint64_t number = frame->seq & 0xffffffffffff;
  if (was_read(s, frame->epoch, number)) {
    return;
  }
  if (!open_record(d, from, &t, frame)) {
    if (frame->type == LAW_TLS_APPLICATION_DATA || frame->type == LAW_TLS_CID) {
      hole(d, from);
    }
    return;
  }
  mark_read(s, number);
  s->why[0] = 0;
  set_type(&t, frame);
  on_content(d, from, frame->epoch, &t);
  OPENSSL_cleanse(room, t.len);
}

static void on_frame(law_pcap_dtls *d, unsigned from, const law_dtls_frame *frame) {
  if (frame->epoch > 0) {
    on_protected(d, from, frame);
  } else if (frame->type == LAW_TLS_HANDSHAKE) {
    handshake_bytes(d, from, 0, frame->fragment);
  }
}

/* ---- Datagrams ---- */

/* The length of the connection ids that |from| sends: what the other side asked for, if both have
 * said that they do so; -1: not known. */
static int cid_len_of(const law_pcap_dtls *d, unsigned from) {
  const side *other = &d->sides[1 - from];
  return other->has_cid && d->sides[from].has_cid ? other->cid_len : -1;
}

void law_pcap_dtls_push(law_pcap_dtls *d, unsigned from, law_bytes datagram) {
  law_dtls_frame frame;
  while (!d->broken) {
    switch (law_dtls_frame_next(&frame, &datagram, cid_len_of(d, from))) {
      case LAW_DTLS_FRAME:
        on_frame(d, from, &frame);
        break;
      case LAW_DTLS_FRAME_13:
        refuse(d, LAW_DTLS_1_3);
        return;
      case LAW_DTLS_FRAME_NO_CID:
        explain(d, &d->sides[from], "the handshake that its connection ids come from is not in it");
        hole(d, from);
        return;
      default:
        return;
    }
  }
}
