#include "pcap/secrets.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 64, MASTER_LEN = 48 };

typedef struct entry {
  uint8_t random[LAW_SECRETS_RANDOM];
  uint8_t label;
  uint8_t len; /* 0: the slot is free */
  uint8_t secret[LAW_SECRET_MAX];
} entry;

typedef struct psk {
  struct psk *next;
  uint16_t identity_len;
  uint16_t key_len;
  uint8_t bytes[]; /* the identity, then the key */
} psk;

/* Open addressing, at most half full: a lookup ends at the first free slot. */
struct law_pcap_secrets {
  entry *slots;
  size_t num_slots; /* a power of two */
  size_t num_entries;
  psk *psks;
  size_t num_psks;
};

static const char *const labels[LAW_SECRET_LABELS] = {
    [LAW_SECRET_CLIENT_RANDOM] = "CLIENT_RANDOM",
    [LAW_SECRET_CLIENT_EARLY] = "CLIENT_EARLY_TRAFFIC_SECRET",
    [LAW_SECRET_CLIENT_HANDSHAKE] = "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    [LAW_SECRET_SERVER_HANDSHAKE] = "SERVER_HANDSHAKE_TRAFFIC_SECRET",
    [LAW_SECRET_CLIENT_TRAFFIC] = "CLIENT_TRAFFIC_SECRET_0",
    [LAW_SECRET_SERVER_TRAFFIC] = "SERVER_TRAFFIC_SECRET_0",
};

/* ---- The table ---- */

static size_t slot_of(size_t num_slots, unsigned label, const uint8_t *random) {
  uint64_t hash;
  memcpy(&hash, random, sizeof hash);
  hash = (hash ^ label) * 0x9e3779b97f4a7c15u;
  return (size_t)(hash >> 32) & (num_slots - 1);
}

/* The slot that holds it, or the free one where it belongs. */
static entry *look_up(entry *slots, size_t num_slots, unsigned label, const uint8_t *random) {
  size_t i = slot_of(num_slots, label, random);
  while (slots[i].len > 0 &&
         (slots[i].label != label || memcmp(slots[i].random, random, LAW_SECRETS_RANDOM) != 0)) {
    i = (i + 1) & (num_slots - 1);
  }
  return &slots[i];
}

static void free_slots(law_pcap_secrets *s) {
  if (s->slots) {
    OPENSSL_cleanse(s->slots, s->num_slots * sizeof *s->slots);
    free(s->slots);
  }
}

static bool grow(law_pcap_secrets *s) {
  size_t num_slots = s->num_slots > 0 ? 2 * s->num_slots : FIRST_SLOTS;
  entry *slots = calloc(num_slots, sizeof *slots);
  if (!slots) {
    return false;
  }
  for (size_t i = 0; i < s->num_slots; i++) {
    const entry *e = &s->slots[i];
    if (e->len > 0) {
      *look_up(slots, num_slots, e->label, e->random) = *e;
    }
  }
  free_slots(s);
  s->slots = slots;
  s->num_slots = num_slots;
  return true;
}

static bool add(law_pcap_secrets *s, const entry *e) {
  if (2 * (s->num_entries + 1) > s->num_slots && !grow(s)) {
    return false;
  }
  entry *slot = look_up(s->slots, s->num_slots, e->label, e->random);
  if (slot->len == 0) {
    *slot = *e;
    s->num_entries++;
  }
  return true;
}

/* ---- Lines of a key log ---- */

typedef enum line_kind { LINE_EMPTY, LINE_OTHER, LINE_UNUSED, LINE_SECRET } line_kind;

static bool is_blank(uint8_t c) { return c == ' ' || c == '\t' || c == '\r'; }

/* Takes the next word off |line|; empty at its end. */
static law_bytes next_word(law_bytes *line) {
  size_t at = 0;
  while (at < line->len && is_blank(line->data[at])) {
    at++;
  }
  size_t end = at;
  while (end < line->len && !is_blank(line->data[end])) {
    end++;
  }
  law_bytes word = law_bytes_of(line->data + at, end - at);
  *line = law_bytes_of(line->data + end, line->len - end);
  return word;
}

static int hex_digit(uint8_t c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_hex(law_bytes word) {
  for (size_t i = 0; i < word.len; i++) {
    if (hex_digit(word.data[i]) < 0) {
      return false;
    }
  }
  return word.len > 0 && word.len % 2 == 0;
}

/* |word| is_hex; |out| has room for it. */
static void decode_hex(uint8_t *out, law_bytes word) {
  for (size_t i = 0; i < word.len; i += 2) {
    out[i / 2] = (uint8_t)(hex_digit(word.data[i]) << 4 | hex_digit(word.data[i + 1]));
  }
}

static int label_of(law_bytes word) {
  for (int i = 0; i < LAW_SECRET_LABELS; i++) {
    if (word.len == strlen(labels[i]) && memcmp(word.data, labels[i], word.len) == 0) {
      return i;
    }
  }
  return -1;
}

/* A label that no one here uses is a label all the same: EXPORTER_SECRET, ECH_SECRET, RSA ... */
static bool is_label(law_bytes word) {
  for (size_t i = 0; i < word.len; i++) {
    uint8_t c = word.data[i];
    if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '_') {
      return false;
    }
  }
  return word.len > 0;
}

static bool fits(unsigned label, law_bytes random, law_bytes secret) {
  size_t len = secret.len / 2;
  bool right = label == LAW_SECRET_CLIENT_RANDOM ? len == MASTER_LEN : len <= LAW_SECRET_MAX;
  return right && random.len == (size_t)2 * LAW_SECRETS_RANDOM;
}

static line_kind parse_line(entry *out, law_bytes line) {
  law_bytes label = next_word(&line);
  if (label.len == 0 || label.data[0] == '#') {
    return LINE_EMPTY;
  }
  law_bytes random = next_word(&line);
  law_bytes secret = next_word(&line);
  if (!is_label(label) || !is_hex(random) || !is_hex(secret)) {
    return LINE_OTHER;
  }
  int known = label_of(label);
  if (known < 0) {
    return LINE_UNUSED;
  }
  if (!fits((unsigned)known, random, secret)) {
    return LINE_OTHER;
  }
  out->label = (uint8_t)known;
  out->len = (uint8_t)(secret.len / 2);
  decode_hex(out->random, random);
  decode_hex(out->secret, secret);
  return LINE_SECRET;
}

static law_bytes next_line(law_bytes *text) {
  const uint8_t *end = memchr(text->data, '\n', text->len);
  size_t len = end ? (size_t)(end - text->data) : text->len;
  law_bytes line = law_bytes_of(text->data, len);
  size_t taken = end ? len + 1 : len;
  *text = law_bytes_of(text->data + taken, text->len - taken);
  return line;
}

static bool refuse(char *error, const char *why) {
  (void)snprintf(error, LAW_SECRETS_TEXT, "%s", why);
  return false;
}

bool law_pcap_secrets_add_keylog(law_pcap_secrets *s, law_bytes text, char *error) {
  size_t num[LINE_SECRET + 1] = {0};
  entry e;
  while (text.len > 0) {
    memset(&e, 0, sizeof e);
    line_kind kind = parse_line(&e, next_line(&text));
    num[kind]++;
    if (kind == LINE_SECRET && !add(s, &e)) {
      OPENSSL_cleanse(&e, sizeof e);
      return refuse(error, "no memory left for the secrets of the key log");
    }
  }
  OPENSSL_cleanse(&e, sizeof e);
  if (num[LINE_OTHER] > 0 && num[LINE_UNUSED] + num[LINE_SECRET] == 0) {
    return refuse(error,
                  "no line of the key log could be read: each must be LABEL, the client random "
                  "and the secret in hex, as SSLKEYLOGFILE has them");
  }
  return true;
}

/* ---- Pre-shared keys ---- */

bool law_pcap_secrets_add_psk(law_pcap_secrets *s, law_bytes identity, law_bytes key) {
  if (key.len == 0 || key.len > LAW_PSK_MAX || identity.len > LAW_PSK_MAX) {
    return false;
  }
  psk *p = malloc(sizeof *p + identity.len + key.len);
  if (!p) {
    return false;
  }
  p->identity_len = (uint16_t)identity.len;
  p->key_len = (uint16_t)key.len;
  if (identity.len > 0) {
    memcpy(p->bytes, identity.data, identity.len);
  }
  memcpy(p->bytes + identity.len, key.data, key.len);
  p->next = s->psks;
  s->psks = p;
  s->num_psks++;
  return true;
}

static bool names(const psk *p, law_bytes identity) {
  return p->identity_len == identity.len &&
         (identity.len == 0 || memcmp(p->bytes, identity.data, identity.len) == 0);
}

law_bytes law_pcap_secrets_psk(const law_pcap_secrets *s, law_bytes identity) {
  const psk *found = NULL;
  for (const psk *p = s->psks; p; p = p->next) {
    if (names(p, identity)) {
      found = p;
      break;
    }
    if (p->identity_len == 0 && !found) {
      found = p;
    }
  }
  return found ? law_bytes_of(found->bytes + found->identity_len, found->key_len)
               : law_bytes_of(NULL, 0);
}

/* ---- The set ---- */

law_pcap_secrets *law_pcap_secrets_new(void) { return calloc(1, sizeof(law_pcap_secrets)); }

void law_pcap_secrets_free(law_pcap_secrets *s) {
  if (!s) {
    return;
  }
  free_slots(s);
  while (s->psks) {
    psk *p = s->psks;
    s->psks = p->next;
    OPENSSL_cleanse(p->bytes, (size_t)p->identity_len + p->key_len);
    free(p);
  }
  free(s);
}

size_t law_pcap_secrets_count(const law_pcap_secrets *s) { return s->num_entries + s->num_psks; }

law_bytes law_pcap_secrets_find(const law_pcap_secrets *s, law_secret_label label,
                                const uint8_t *random) {
  if (s->num_slots == 0) {
    return law_bytes_of(NULL, 0);
  }
  const entry *e = look_up(s->slots, s->num_slots, (unsigned)label, random);
  return law_bytes_of(e->secret, e->len);
}
