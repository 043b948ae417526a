/* alias.h: other names for what a capture must not tell: texts, bytes, addresses. The same thing
 * gets the same name everywhere under one key, names have the length and the kinds of characters of
 * what they stand for, and without the key nobody can go back.
 *
 * Short texts (LAW_ALIAS_KNOWN bytes) never share a name while there are names left; of longer ones
 * that is as unlikely as for HMAC-SHA-256. */
#ifndef LAW_PCAP_ALIAS_H
#define LAW_PCAP_ALIAS_H

#include "core/types.h"

enum {
  LAW_ALIAS_KEY = 32,
  LAW_ALIAS_KNOWN = 64,
};

typedef struct law_alias law_alias;

/* NULL: no memory. */
law_alias *law_alias_new(const uint8_t key[LAW_ALIAS_KEY]);
void law_alias_free(law_alias *a);

/* Each replaces |text| in place. Digits become digits, letters of either case letters of that case,
 * characters above ASCII others of as many bytes, bytes that are no UTF-8 others that are none; all
 * else stays. */

/* Level by level: what stands between `/` gets a name of its own; "$SYS", "$share" and
 * ".well-known" stay. */
void law_alias_topic(law_alias *a, uint8_t *text, size_t len);
/* As a whole. What is no UTF-8 loses its punctuation and control characters too. */
void law_alias_payload(law_alias *a, uint8_t *bytes, size_t len);
/* Bytes of which nothing is known: each by its class, by where it stands. |salt| tells one run of
 * such bytes from another. */
void law_alias_scrub(law_alias *a, uint64_t salt, uint8_t *bytes, size_t len);

/* |len| 4 or 16. Addresses that share n leading bits share n bits afterwards (Xu and others,
 * Crypto-PAn); loopback, multicast and broadcast stay, private and link-local prefixes too, and the
 * bits that an address shares with one of these. No two get one. */
void law_alias_ip(law_alias *a, uint8_t *address, size_t len);
/* 6 bytes. One maker stays one maker; group addresses stay, but for what they say of a host. */
void law_alias_mac(law_alias *a, uint8_t *address);

#endif
