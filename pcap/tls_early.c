/* 0-RTT data is held until the server has said whether it takes it: what it refuses was never
 * received, and the client sends it again (RFC 8446, 4.2.10). */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "pcap/tls_internal.h"

static void forget(law_pcap_tls *t) {
  OPENSSL_cleanse(t->held_early, t->held_early_len);
  free(t->held_early);
  t->held_early = NULL;
  t->held_early_len = 0;
}

/* What stands before each record's bytes in what is held. */
typedef struct piece {
  law_tls_mark mark;
  size_t len;
} piece;

static bool hold(law_pcap_tls *t, law_bytes plain) {
  piece p = {t->mark, plain.len};
  size_t len = t->held_early_len + sizeof p + plain.len;
  if (len > LAW_TLS_EARLY_MAX || t->early_is_short) {
    return false;
  }
  uint8_t *held = realloc(t->held_early, len);
  if (!held) {
    return false;
  }
  memcpy(held + t->held_early_len, &p, sizeof p);
  memcpy(held + t->held_early_len + sizeof p, plain.data, plain.len);
  t->held_early = held;
  t->held_early_len = len;
  return true;
}

void law_tls_early_data(law_pcap_tls *t, law_bytes plain) {
  if (plain.len == 0) {
    return;
  }
  if (t->early == LAW_TLS_EARLY_TAKEN) {
    law_tls_deliver(t, (unsigned)t->client, plain);
  } else if (t->early == LAW_TLS_EARLY_OFFERED && !hold(t, plain)) {
    t->early_is_short = true;
  }
}

void law_tls_early_unread(law_pcap_tls *t) {
  if (t->early == LAW_TLS_EARLY_TAKEN) {
    law_tls_hole(t, (unsigned)t->client);
  } else if (t->early == LAW_TLS_EARLY_OFFERED) {
    t->early_is_short = true;
  }
}

static void deliver_held(law_pcap_tls *t) {
  piece p;
  for (size_t at = 0; at < t->held_early_len; at += sizeof p + p.len) {
    memcpy(&p, t->held_early + at, sizeof p);
    t->marked = p.mark;
    law_tls_deliver(t, (unsigned)t->client, law_bytes_of(t->held_early + at + sizeof p, p.len));
  }
  t->marked = t->mark;
}

void law_tls_early_settle(law_pcap_tls *t, law_tls_early how) {
  if (t->early != LAW_TLS_EARLY_OFFERED) {
    return;
  }
  t->early = how;
  if (how == LAW_TLS_EARLY_TAKEN) {
    deliver_held(t);
    if (t->early_is_short) {
      law_tls_hole(t, (unsigned)t->client);
    }
  }
  forget(t);
}
