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

static bool hold(law_pcap_tls *t, law_bytes plain) {
  size_t len = t->held_early_len + plain.len;
  if (len > LAW_TLS_EARLY_MAX || t->early_is_short) {
    return false;
  }
  uint8_t *held = realloc(t->held_early, len);
  if (!held) {
    return false;
  }
  memcpy(held + t->held_early_len, plain.data, plain.len);
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

void law_tls_early_settle(law_pcap_tls *t, law_tls_early how) {
  if (t->early != LAW_TLS_EARLY_OFFERED) {
    return;
  }
  t->early = how;
  if (how == LAW_TLS_EARLY_TAKEN) {
    law_tls_deliver(t, (unsigned)t->client, law_bytes_of(t->held_early, t->held_early_len));
    if (t->early_is_short) {
      law_tls_hole(t, (unsigned)t->client);
    }
  }
  forget(t);
}
