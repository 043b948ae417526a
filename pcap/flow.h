/* flow.h: the table of flows: found by the addresses and ports of a packet in either direction,
 * forgotten by age and when there are too many.
 *
 * Open addressing over 8-byte slots; records, with the listener's memory behind each, come from
 * slabs that are never moved or given back. What was least recently used is only put in order when
 * somebody asks for it, or its place is much too old, so that a packet touches no record but its
 * own. */
#ifndef LAW_PCAP_FLOW_H
#define LAW_PCAP_FLOW_H

#include "pcap/pool.h"
#include "pcap/reader.h"

enum { LAW_FLOW_ALIGN = 64 }; /* of records, and of the listener's memory in them */

/* Two ends as the packet has them: [0] sent it. Addresses are copied as they stand; the unused rest
 * is zero. */
typedef struct law_flow_key {
  uint64_t address[2][2];
  uint16_t port[2];
  uint16_t kind; /* law_flow_kind */
  uint16_t address_len;
} law_flow_key;

/* One direction of a TCP connection: what every segment needs. */
typedef struct law_tcp_side {
  uint32_t next;     /* the next byte to tell */
  uint32_t acked;    /* how far the other side acknowledged; not before |next| */
  uint32_t fin;      /* where it stands, when |has_fin| */
  law_queue waiting;
  uint8_t known;     /* |next| is: law_tcp_known */
  bool told_start;   /* that the direction's start is missing, or it is not */
  bool has_fin, ended, has_stray;
} law_tcp_side;

/* And the rest. */
typedef struct law_tcp_rare {
  uint32_t isn;                /* when its SYN was captured */
  uint32_t lost_from, lost_to; /* what was last given up */
  uint32_t stray;  /* where the next segment would be, if the last one, far from |next|, is right */
  uint64_t since;  /* when the hole before what waits was seen */
  struct law_flow_entry *before, *after; /* among all sides that wait, oldest first */
  uint8_t before_side, after_side;
} law_tcp_rare;

/* Three lines of the cache for a segment that is the next one, and then the listener's memory. */
typedef struct law_flow_entry {
  law_flow_key key;
  uint32_t hash;
  bool done;             /* the connection is over: forgotten sooner */
  bool closed;           /* the listener was told: nothing more is */
  uint64_t last;         /* time of the last packet */
  uint64_t used;         /* law_flows.num_uses at the last packet */
  law_tcp_side side[2];  /* as flow.end; TCP only */
  uint64_t placed;       /* law_flows.num_uses when it was put to the front */
  law_flow flow;         /* what listeners see; |user| stands behind the entry */
  struct law_flow_entry *newer, *older;
  law_tcp_rare rare[2];
} law_flow_entry;

/* A list, most recently used first. */
typedef struct law_flow_list {
  law_flow_entry *newest, *oldest;
} law_flow_list;

typedef struct law_flows {
  uint64_t *slots; /* hash << 32 | index of the record + 1; 0: empty */
  uint32_t num_slots;
  uint32_t num, max;
  uint64_t seed;
  uint64_t num_uses;
  uint64_t tolerance; /* uses after which a record's place in the list is too old */
  law_flow_list open, done;
  uint8_t **slabs;
  uint32_t num_slabs, num_records;
  size_t record_len, user_len;
  law_flow_entry *unused; /* linked by |older| */
} law_flows;

/* False: out of memory. */
bool law_flows_init(law_flows *f, uint32_t max, size_t user_len);
void law_flows_free(law_flows *f);

/* NULL: there is none. */
law_flow_entry *law_flows_find(const law_flows *f, const law_flow_key *key, uint32_t hash);
/* Fetches the slot of |hash|, without waiting for it. */
LAW_INLINE void law_flows_fetch(const law_flows *f, uint32_t hash) {
  __builtin_prefetch(&f->slots[hash & (f->num_slots - 1)]);
}
/* The record that the slot of |hash| names: perhaps the right one. NULL: certainly none. */
law_flow_entry *law_flows_guess(const law_flows *f, uint32_t hash);
/* A zeroed record for |key|, which is not in the table. NULL: the table is full, or no memory. */
law_flow_entry *law_flows_add(law_flows *f, const law_flow_key *key, uint32_t hash);
void law_flows_remove(law_flows *f, law_flow_entry *e);
/* Both sides of |e| ended. */
void law_flows_done(law_flows *f, law_flow_entry *e);
/* The one of a list that is forgotten first. NULL: there are none. */
law_flow_entry *law_flows_last(law_flows *f, law_flow_list *list);
/* The one of all that is forgotten first. NULL: there are none. */
law_flow_entry *law_flows_oldest(law_flows *f);
/* The place in the list is too old. */
LAW_NOINLINE void law_flows_place(law_flows *f, law_flow_entry *e);

LAW_INLINE void law_flows_use(law_flows *f, law_flow_entry *e, uint64_t time) {
  e->last = time;
  e->used = ++f->num_uses;
  if (LAW_UNLIKELY(e->used - e->placed > f->tolerance)) {
    law_flows_place(f, e);
  }
}

LAW_INLINE uint64_t law_flow_hash_end(const law_flows *f, const law_flow_key *key, unsigned i) {
  uint64_t v = key->address[i][0] ^ (uint64_t)key->port[i] << 40 ^ f->seed;
  v = (v ^ key->address[i][1] * UINT64_C(0xd6e8feb86659fd93)) * UINT64_C(0x9e3779b97f4a7c15);
  return v ^ v >> 29;
}

/* The same in both directions. */
LAW_INLINE uint32_t law_flow_hash(const law_flows *f, const law_flow_key *key) {
  uint64_t both = law_flow_hash_end(f, key, 0) + law_flow_hash_end(f, key, 1);
  return (uint32_t)((both + key->kind) * UINT64_C(0xbf58476d1ce4e5b9) >> 32);
}

/* Ports, kind and length of the addresses, in one. */
LAW_INLINE uint64_t law_flow_rest(const law_flow_key *key) {
  return (uint64_t)key->port[0] | (uint64_t)key->port[1] << 16 | (uint64_t)key->kind << 32 |
         (uint64_t)key->address_len << 48;
}

/* The same, with the ports changed over. */
LAW_INLINE uint64_t law_flow_rest_turned(const law_flow_key *key) {
  return (uint64_t)key->port[1] | (uint64_t)key->port[0] << 16 | (uint64_t)key->kind << 32 |
         (uint64_t)key->address_len << 48;
}

/* |*out_from|: which end of |e| sent a packet with |key|. False: |key| is of another flow. */
LAW_INLINE bool law_flow_is(const law_flow_entry *e, const law_flow_key *key, unsigned *out_from) {
  const law_flow_key *k = &e->key;
  uint64_t rest = law_flow_rest(k);
  uint64_t same = (rest ^ law_flow_rest(key)) | (k->address[0][0] ^ key->address[0][0]) |
                  (k->address[1][0] ^ key->address[1][0]) |
                  (k->address[0][1] ^ key->address[0][1]) | (k->address[1][1] ^ key->address[1][1]);
  uint64_t turned = (rest ^ law_flow_rest_turned(key)) | (k->address[0][0] ^ key->address[1][0]) |
                    (k->address[1][0] ^ key->address[0][0]) |
                    (k->address[0][1] ^ key->address[1][1]) |
                    (k->address[1][1] ^ key->address[0][1]);
  *out_from = same == 0 ? 0 : 1;
  return same == 0 || turned == 0;
}

#endif
