/* Handshake messages, whichever way they became plain. */
#include <string.h>

#include "pcap/tls_internal.h"

void law_tls_drop_transcript(law_pcap_tls *t) {
  law_tls_transcript_free(t->transcript);
  t->transcript = NULL;
}

/* Everything but HelloRequest is part of it (RFC 5246, 7.4.1.1). */
static void add_to_transcript(law_pcap_tls *t, const law_tls_message *message) {
  if (!t->transcript || message->type == LAW_TLS_HELLO_REQUEST) {
    return;
  }
  if (message->whole) {
    law_tls_transcript_add(t->transcript, message->bytes);
  } else {
    law_tls_drop_transcript(t);
  }
}

/* ---- Hellos ---- */

/* A hello after the first: of a renegotiation, or the answer to a HelloRetryRequest. */
static bool is_again(const law_pcap_tls *t, const law_tls_hello *hello) {
  return t->version == LAW_TLS_1_3 ||
         (t->handshake.has_client && t->version == 0 &&
          memcmp(t->handshake.client_random, hello->random, LAW_TLS_RANDOM) == 0);
}

static void client_hello(law_pcap_tls *t, unsigned from, const law_tls_message *message) {
  law_tls_hello hello;
  if ((t->client >= 0 && !law_tls_is_client(t, from)) ||
      !law_tls_client_hello(&hello, law_tls_message_body(message), false)) {
    return;
  }
  t->client = (int)from;
  if (!is_again(t, &hello)) {
    law_tls12_client_hello(&t->handshake, &hello);
    law_tls_drop_transcript(t);
    t->transcript = law_tls_transcript_new();
    t->early = hello.early_data ? LAW_TLS_EARLY_OFFERED : LAW_TLS_EARLY_NONE;
  }
  add_to_transcript(t, message);
  if (t->transcript) {
    law_tls13_psk_free(t->psk);
    t->psk = law_tls13_psk_new(t->secrets, &hello, t->transcript);
  }
}

static void refuse_version(law_pcap_tls *t, uint16_t version) {
  const char *what = version == 0x0302   ? "TLS 1.1"
                     : version == 0x0301 ? "TLS 1.0"
                     : version == 0x0300 ? "SSL 3.0"
                                         : "a draft of TLS 1.3";
  for (unsigned from = 0; from < 2; from++) {
    law_tls_explain(t, &t->sides[from], "it is %s, and only TLS 1.2 and 1.3 are read", what);
    law_tls_give_up(t, from);
  }
}

static void server_hello12(law_pcap_tls *t, const law_tls_hello *hello) {
  law_tls12_server_hello(&t->handshake, hello);
  if (!law_tls12_wants_hash(&t->handshake)) {
    law_tls_drop_transcript(t);
  }
}

static void server_hello(law_pcap_tls *t, unsigned from, const law_tls_message *message) {
  law_tls_hello hello;
  if (t->client == (int)from || !law_tls_server_hello(&hello, law_tls_message_body(message))) {
    return;
  }
  if (hello.version != LAW_TLS_1_2 && hello.version != LAW_TLS_1_3) {
    refuse_version(t, hello.version);
    return;
  }
  t->client = 1 - (int)from;
  t->version = hello.version;
  law_tls_keep_alpn(t, hello.alpn);
  if (hello.retry && t->transcript) {
    law_tls_transcript_retry(t->transcript);
  }
  add_to_transcript(t, message);
  if (t->version == LAW_TLS_1_3) {
    law_tls13_server_hello(t, &hello);
  } else {
    server_hello12(t, &hello);
  }
}

/* ---- Others ---- */

static void key_exchange(law_pcap_tls *t, const law_tls_message *message) {
  law_tls12 *h = &t->handshake;
  law_tls12_key_exchange(h, law_tls_message_body(message));
  if (t->transcript && h->suite) {
    h->session_hash_len = (uint8_t)law_tls_transcript_hash(
        t->transcript, law_tls_suite_prf(h->suite), h->session_hash);
  }
  law_tls_drop_transcript(t);
}

static void on_other(law_pcap_tls *t, unsigned from, const law_tls_message *message) {
  add_to_transcript(t, message);
  if (t->sides[from].phase >= LAW_TLS_EARLY) {
    law_tls13_message(t, from, message);
  } else if (message->type == LAW_TLS_CLIENT_KEY_EXCHANGE && law_tls_is_client(t, from)) {
    key_exchange(t, message);
  }
}

static void on_message(law_pcap_tls *t, unsigned from, const law_tls_message *message) {
  if (message->type == LAW_TLS_CLIENT_HELLO) {
    client_hello(t, from, message);
  } else if (message->type == LAW_TLS_SERVER_HELLO) {
    server_hello(t, from, message);
  } else {
    on_other(t, from, message);
  }
}

void law_tls_handshake_bytes(law_pcap_tls *t, unsigned from, law_bytes bytes) {
  law_tls_side *s = &t->sides[from];
  law_tls_message message;
  while (!s->broken && law_tls_messages_next(&s->messages, &message, &bytes)) {
    on_message(t, from, &message);
  }
}
