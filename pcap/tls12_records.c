#include <openssl/crypto.h>
#include <stdlib.h>

#include "pcap/tls_internal.h"

static law_side side_of(const law_pcap_tls *t, unsigned from) {
  return law_tls_is_client(t, from) ? LAW_CLIENT : LAW_SERVER;
}

static law_tls_cipher *cipher_of(const law_pcap_tls *t, unsigned from, char *why) {
  return law_tls12_cipher(&t->handshake, why, side_of(t, from), t->secrets);
}

/* The cipher of what |from| sends now, if its secret has come in the meantime. */
static law_tls_cipher *current_cipher(law_pcap_tls *t, unsigned from, char *why) {
  law_tls_side *s = &t->sides[from];
  if (s->phase == LAW_TLS_PROTECTED && !s->cipher) {
    s->cipher = cipher_of(t, from, why);
  }
  return s->cipher;
}

void law_tls12_change_cipher(law_pcap_tls *t, unsigned from) {
  char why[LAW_TLS_WHY];
  law_tls_install(&t->sides[from], LAW_TLS_PROTECTED, cipher_of(t, from, why));
}

/* Bytes of the handshake are missing, and perhaps the ChangeCipherSpec was among them. */
static bool open_next(law_pcap_tls *t, unsigned from, law_tls_text *out,
                      const law_tls_record *record, char *why) {
  law_tls_side *s = &t->sides[from];
  law_tls_cipher *next = cipher_of(t, from, why);
  if (!next) {
    return false;
  }
  uint64_t slack = s->slack;
  if (!law_tls_try(s, next, out, *record, 0, slack)) {
    law_tls_cipher_free(next);
    return false;
  }
  uint64_t seq = s->seq;
  law_tls_install(s, LAW_TLS_PROTECTED, next);
  s->seq = seq;
  return true;
}

law_tls_opened law_tls12_open(law_pcap_tls *t, unsigned from, law_tls_text *out,
                              const law_tls_frame *frame) {
  law_tls_side *s = &t->sides[from];
  char why[LAW_TLS_WHY] = "";
  law_tls_record record = {.layout = LAW_TLS_LAYOUT_12,
                           .type = frame->type,
                           .version = frame->version,
                           .fragment = frame->fragment};
  out->type = frame->type;
  law_tls_cipher *cipher = current_cipher(t, from, why);
  if (cipher ? law_tls_try(s, cipher, out, record, s->seq, s->slack)
             : s->phase == LAW_TLS_PLAIN && open_next(t, from, out, &record, why)) {
    return LAW_TLS_OPENED;
  }
  if (cipher) {
    return LAW_TLS_WRONG;
  }
  if (s->phase == LAW_TLS_PROTECTED) {
    s->seq++;
  }
  law_tls_explain(t, s, "%s", why[0] != 0 ? why : "bytes of its handshake are not in the capture");
  return LAW_TLS_UNREAD;
}

void law_tls12_content(law_pcap_tls *t, unsigned from, const law_tls_text *text) {
  law_bytes bytes = law_bytes_of(text->data, text->len);
  switch (text->type) {
    case LAW_TLS_CHANGE_CIPHER_SPEC:
      law_tls12_change_cipher(t, from);
      break;
    case LAW_TLS_ALERT:
      law_tls_alert(t, from, bytes);
      break;
    case LAW_TLS_HANDSHAKE:
      law_tls_handshake_bytes(t, from, bytes);
      break;
    case LAW_TLS_APPLICATION_DATA:
      law_tls_deliver(t, from, bytes);
      break;
    default:
      break; /* heartbeats */
  }
}
