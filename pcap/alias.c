#include "pcap/alias.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

enum {
  DIGEST = 32,
  TRIES = 400,
  FIRST_CAP = 1024,
  DOMAIN_TEXT = 1,
  DOMAIN_PAYLOAD,
  DOMAIN_SCRUB,
  DOMAIN_IP,
  DOMAIN_MAC,
};

/* A name that was given: |text| of |len| bytes, and behind it the name. */
typedef struct pair {
  struct pair *next_of_text, *next_of_name;
  uint8_t domain;
  size_t len;
  uint8_t bytes[];
} pair;

struct law_alias {
  uint8_t key[LAW_ALIAS_KEY];
  pair **by_text, **by_name;
  size_t cap, num;
};

law_alias *law_alias_new(const uint8_t key[LAW_ALIAS_KEY]) {
  law_alias *a = calloc(1, sizeof *a);
  if (!a) {
    return NULL;
  }
  memcpy(a->key, key, LAW_ALIAS_KEY);
  a->cap = FIRST_CAP;
  a->by_text = calloc(a->cap, sizeof *a->by_text);
  a->by_name = calloc(a->cap, sizeof *a->by_name);
  if (!a->by_text || !a->by_name) {
    law_alias_free(a);
    return NULL;
  }
  return a;
}

void law_alias_free(law_alias *a) {
  if (!a) {
    return;
  }
  for (size_t i = 0; a->by_text && i < a->cap; i++) {
    while (a->by_text[i]) {
      pair *next = a->by_text[i]->next_of_text;
      free(a->by_text[i]);
      a->by_text[i] = next;
    }
  }
  free(a->by_text);
  free(a->by_name);
  OPENSSL_cleanse(a->key, sizeof a->key);
  free(a);
}

/* ---- Bytes that depend on the key and on what they stand for ---- */

typedef struct noise {
  const law_alias *alias;
  uint8_t head[DIGEST + 16]; /* digest of what it is for, and the number of the block */
  uint8_t block[DIGEST];
  size_t used;
  uint32_t number;
} noise;

static void digest(const law_alias *a, const uint8_t *data, size_t len, uint8_t out[DIGEST]) {
  unsigned out_len = DIGEST;
  (void)HMAC(EVP_sha256(), a->key, LAW_ALIAS_KEY, data, len, out, &out_len);
}

static noise noise_of(const law_alias *a, uint8_t domain, uint32_t attempt, const uint8_t *data,
                      size_t len) {
  noise n = {.alias = a, .used = DIGEST};
  digest(a, data, len, n.head);
  n.head[DIGEST] = domain;
  for (unsigned i = 0; i < 4; i++) {
    n.head[DIGEST + 1 + i] = (uint8_t)(attempt >> (8 * i));
    n.head[DIGEST + 5 + i] = (uint8_t)(len >> (8 * i));
  }
  return n;
}

static uint8_t next_byte(noise *n) {
  if (n->used == DIGEST) {
    for (unsigned i = 0; i < 4; i++) {
      n->head[DIGEST + 12 + i] = (uint8_t)(n->number >> (8 * i));
    }
    digest(n->alias, n->head, sizeof n->head, n->block);
    n->number++;
    n->used = 0;
  }
  return n->block[n->used++];
}

/* Below |bound|, which is at most 65536. */
static uint32_t below(noise *n, uint32_t bound) {
  uint32_t high = next_byte(n), mid = next_byte(n);
  return ((high << 16 | mid << 8 | next_byte(n)) % bound);
}

/* ---- Characters ---- */

static size_t sequence_len(const uint8_t *p, size_t left) {
  size_t len = p[0] < 0x80                   ? 1
               : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
               : (p[0] & 0xf0) == 0xe0       ? 3
               : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
                                             : 0;
  if (len == 0 || len > left) {
    return 0;
  }
  for (size_t i = 1; i < len; i++) {
    if ((p[i] & 0xc0) != 0x80) {
      return 0;
    }
  }
  bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
  bool outside = (p[0] == 0xed && p[1] >= 0xa0) || (p[0] == 0xf4 && p[1] >= 0x90);
  return overlong || outside ? 0 : len;
}

static uint32_t code_point(const uint8_t *p, size_t len) {
  uint32_t c = len == 2 ? p[0] & 0x1fu : len == 3 ? p[0] & 0x0fu : p[0] & 0x07u;
  for (size_t i = 1; i < len; i++) {
    c = c << 6 | (p[i] & 0x3fu);
  }
  return c;
}

static void put_code_point(uint8_t *p, size_t len, uint32_t c) {
  static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
  for (size_t i = len - 1; i > 0; i--, c >>= 6) {
    p[i] = (uint8_t)(0x80 | (c & 0x3f));
  }
  p[0] = (uint8_t)(lead[len] | c);
}

/* Characters that a specification may forbid, or that mean something themselves. */
static bool is_special(uint32_t c) {
  return c < 0xa0 || (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe || c == 0xfeff;
}

static void change_sequence(noise *n, uint8_t *p, size_t len) {
  uint32_t c = code_point(p, len);
  if (is_special(c)) {
    return;
  }
  put_code_point(p, len,
                 len == 2   ? 0x100 + below(n, 0x80)
                 : len == 3 ? 0x4e00 + below(n, 0x51a6)
                            : 0x20000 + below(n, 0xa6d7));
}

static void change_ascii(noise *n, uint8_t *p, bool binary) {
  static const char marks[] = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ ";
  if (*p >= '0' && *p <= '9') {
    *p = (uint8_t)('0' + below(n, 10));
  } else if (*p >= 'a' && *p <= 'z') {
    *p = (uint8_t)('a' + below(n, 26));
  } else if (*p >= 'A' && *p <= 'Z') {
    *p = (uint8_t)('A' + below(n, 26));
  } else if (binary) {
    *p = *p < 0x20 ? (uint8_t)below(n, 0x20) : (uint8_t)marks[below(n, sizeof marks - 1)];
  }
}

static void change(noise *n, uint8_t *text, size_t len, bool binary) {
  for (size_t i = 0; i < len;) {
    size_t size = sequence_len(text + i, len - i);
    if (size == 0) {
      text[i] = (uint8_t)(0xf8 | (next_byte(n) & 7));
      i++;
    } else if (size == 1) {
      change_ascii(n, text + i, binary);
      i++;
    } else {
      change_sequence(n, text + i, size);
      i += size;
    }
  }
}

static bool is_utf8(const uint8_t *text, size_t len) {
  size_t i = 0;
  while (i < len) {
    size_t size = sequence_len(text + i, len - i);
    if (size == 0) {
      return false;
    }
    i += size;
  }
  return true;
}

/* ---- Names that were given ---- */

static size_t slot_of(const law_alias *a, uint8_t domain, const uint8_t *bytes, size_t len) {
  uint64_t hash = 0xcbf29ce484222325u ^ domain;
  for (size_t i = 0; i < len; i++) {
    hash = (hash ^ bytes[i]) * 0x100000001b3u;
  }
  return (size_t)(hash ^ hash >> 29) & (a->cap - 1);
}

static const pair *given(const law_alias *a, uint8_t domain, const uint8_t *text, size_t len) {
  const pair *p = a->by_text[slot_of(a, domain, text, len)];
  while (p && (p->domain != domain || p->len != len || memcmp(p->bytes, text, len) != 0)) {
    p = p->next_of_text;
  }
  return p;
}

static bool is_taken(const law_alias *a, uint8_t domain, const uint8_t *name, size_t len) {
  const pair *p = a->by_name[slot_of(a, domain, name, len)];
  while (p && (p->domain != domain || p->len != len || memcmp(p->bytes + len, name, len) != 0)) {
    p = p->next_of_name;
  }
  return p != NULL;
}

static void link_pair(law_alias *a, pair *p) {
  size_t text = slot_of(a, p->domain, p->bytes, p->len);
  size_t name = slot_of(a, p->domain, p->bytes + p->len, p->len);
  p->next_of_text = a->by_text[text];
  p->next_of_name = a->by_name[name];
  a->by_text[text] = p;
  a->by_name[name] = p;
}

/* Without memory the table stays as it is, and slower. */
static void grow(law_alias *a) {
  size_t cap = a->cap;
  pair **by_text = calloc(2 * cap, sizeof *by_text), **by_name = calloc(2 * cap, sizeof *by_name);
  if (!by_text || !by_name) {
    free(by_text);
    free(by_name);
    return;
  }
  pair **old = a->by_text;
  free(a->by_name);
  a->by_text = by_text;
  a->by_name = by_name;
  a->cap = 2 * cap;
  for (size_t i = 0; i < cap; i++) {
    while (old[i]) {
      pair *p = old[i];
      old[i] = p->next_of_text;
      link_pair(a, p);
    }
  }
  free(old);
}

static void keep(law_alias *a, uint8_t domain, const uint8_t *text, const uint8_t *name,
                 size_t len) {
  pair *p = malloc(sizeof *p + 2 * len);
  if (!p) {
    return;
  }
  if (a->num >= a->cap) {
    grow(a);
  }
  p->domain = domain;
  p->len = len;
  memcpy(p->bytes, text, len);
  memcpy(p->bytes + len, name, len);
  link_pair(a, p);
  a->num++;
}

/* The first name that nobody has, and that is not the text itself. */
static void find_name(law_alias *a, uint8_t domain, const uint8_t *text, uint8_t *name, size_t len,
                      bool binary) {
  for (uint32_t attempt = 0; attempt < TRIES; attempt++) {
    noise n = noise_of(a, domain, attempt, text, len);
    memcpy(name, text, len);
    change(&n, name, len, binary);
    bool same = memcmp(name, text, len) == 0;
    if (!is_taken(a, domain, name, len) && (!same || attempt > TRIES / 2)) {
      return;
    }
  }
}

static void rename_text(law_alias *a, uint8_t domain, uint8_t *text, size_t len, bool binary) {
  uint8_t name[LAW_ALIAS_KNOWN];
  if (len > LAW_ALIAS_KNOWN) {
    noise n = noise_of(a, domain, 0, text, len);
    change(&n, text, len, binary);
    return;
  }
  const pair *known = given(a, domain, text, len);
  if (known) {
    memcpy(text, known->bytes + len, len);
    return;
  }
  find_name(a, domain, text, name, len, binary);
  keep(a, domain, text, name, len);
  memcpy(text, name, len);
}

static bool stays(const uint8_t *level, size_t len) {
  return (len == 4 && memcmp(level, "$SYS", 4) == 0) ||
         (len == 6 && memcmp(level, "$share", 6) == 0) ||
         (len == 11 && memcmp(level, ".well-known", 11) == 0);
}

void law_alias_topic(law_alias *a, uint8_t *text, size_t len) {
  size_t from = 0;
  for (size_t i = 0; i <= len; i++) {
    if (i < len && text[i] != '/') {
      continue;
    }
    if (i > from && !(from == 0 && stays(text, i))) {
      rename_text(a, DOMAIN_TEXT, text + from, i - from, false);
    }
    from = i + 1;
  }
}

void law_alias_payload(law_alias *a, uint8_t *bytes, size_t len) {
  if (len > 0) {
    rename_text(a, DOMAIN_PAYLOAD, bytes, len, !is_utf8(bytes, len));
  }
}

void law_alias_scrub(law_alias *a, uint64_t salt, uint8_t *bytes, size_t len) {
  noise n = noise_of(a, DOMAIN_SCRUB, 0, (const uint8_t *)&salt, sizeof salt);
  for (size_t i = 0; i < len; i++) {
    uint8_t before = bytes[i];
    if (before >= 0x80) {
      bytes[i] = (uint8_t)(0x80 | (next_byte(&n) & 0x7f));
    } else {
      change_ascii(&n, &bytes[i], false);
    }
  }
}

/* ---- Addresses ---- */

/* Kinds of addresses, which stay what they are: every bit on the way to one of these prefixes
 * stays, so that no other address takes its place. |frozen|: so do all the bits behind it. */
typedef struct special {
  uint8_t prefix[16];
  uint8_t bits;
  bool frozen;
} special;

static const special special_4[] = {
    {{0}, 8, true},          {{10}, 8, false},       {{100, 64}, 10, false},  {{127}, 8, true},
    {{169, 254}, 16, false}, {{172, 16}, 12, false}, {{192, 168}, 16, false}, {{224}, 3, true},
};
static const special special_6[] = {
    {{0}, 127, true},          {{0xfc}, 8, false}, {{0xfd}, 8, false},
    {{0xfe, 0x80}, 64, false}, {{0xff}, 8, true},
};

static bool bit_of(const uint8_t *p, unsigned i) { return (p[i / 8] >> (7 - i % 8) & 1) != 0; }

static bool share_bits(const uint8_t *one, const uint8_t *other, unsigned bits) {
  unsigned whole = bits / 8, rest = bits % 8;
  return memcmp(one, other, whole) == 0 &&
         (rest == 0 || (one[whole] ^ other[whole]) >> (8 - rest) == 0);
}

/* Whether the bit |i| of |address| stays. */
static bool bit_stays(const uint8_t *address, size_t len, unsigned i) {
  const special *all = len == 4 ? special_4 : special_6;
  size_t num =
      len == 4 ? sizeof special_4 / sizeof *special_4 : sizeof special_6 / sizeof *special_6;
  for (size_t k = 0; k < num; k++) {
    bool on_the_way = i < all[k].bits && share_bits(address, all[k].prefix, i);
    if (on_the_way || (all[k].frozen && share_bits(address, all[k].prefix, all[k].bits))) {
      return true;
    }
  }
  return false;
}

/* A group of one host's neighbours (RFC 4291 section 2.7.1) ends as its address does. */
static bool is_of_neighbours(const uint8_t *p, size_t len) {
  static const uint8_t head[13] = {0xff, 2, [11] = 1, [12] = 0xff};
  return len == 16 && memcmp(p, head, sizeof head) == 0;
}

/* Each bit is turned or not, by the bits before it. */
static void turn_bits(law_alias *a, uint8_t *address, size_t len) {
  uint8_t before[17], out[16], mac[DIGEST];
  unsigned from = is_of_neighbours(address, len) ? 104 : 128;
  memcpy(out, address, len);
  for (unsigned i = 0; i < len * 8; i++) {
    if (i < from && bit_stays(address, len, i)) {
      continue;
    }
    memset(before, 0, sizeof before);
    for (unsigned k = 0; k < i; k++) {
      before[k / 8] |= (uint8_t)(bit_of(address, k) << (7 - k % 8));
    }
    before[16] = (uint8_t)i;
    noise n = noise_of(a, DOMAIN_IP, (uint32_t)len, before, sizeof before);
    digest(a, n.head, sizeof n.head, mac);
    if ((mac[0] & 1) != 0) {
      out[i / 8] ^= (uint8_t)(1 << (7 - i % 8));
    }
  }
  memcpy(address, out, len);
}

static bool is_mapped_4(const uint8_t *p) {
  static const uint8_t head[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return memcmp(p, head, sizeof head) == 0;
}

void law_alias_ip(law_alias *a, uint8_t *address, size_t len) {
  uint8_t before[16];
  if (len == 16 && is_mapped_4(address)) {
    law_alias_ip(a, address + 12, 4);
    return;
  }
  const pair *known = given(a, DOMAIN_IP, address, len);
  if (known) {
    memcpy(address, known->bytes + len, len);
    return;
  }
  memcpy(before, address, len);
  turn_bits(a, address, len);
  keep(a, DOMAIN_IP, before, address, len);
}

void law_alias_mac(law_alias *a, uint8_t *address) {
  if ((address[0] & 1) != 0) { /* of a group */
    if (address[0] == 0x33 && address[1] == 0x33 && address[2] == 0xff) {
      noise n = noise_of(a, DOMAIN_MAC, 0, address, 6);
      for (unsigned i = 3; i < 6; i++) {
        address[i] = next_byte(&n);
      }
    }
    return;
  }
  uint8_t before[6];
  memcpy(before, address, 6);
  noise maker = noise_of(a, DOMAIN_MAC, 0, before, 3), host = noise_of(a, DOMAIN_MAC, 0, before, 6);
  for (unsigned i = 0; i < 6; i++) {
    address[i] = next_byte(i < 3 ? &maker : &host);
  }
  address[0] = (uint8_t)((address[0] & 0xfc) | (before[0] & 3));
}
