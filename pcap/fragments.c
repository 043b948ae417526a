#include "pcap/fragments.h"

#include <stdlib.h>
#include <string.h>

enum {
  MAX_DATAGRAMS = 64,
  MAX_LEN = 65535,
  UNIT = 8, /* offsets of fragments count these */
  NUM_UNITS = (MAX_LEN + UNIT) / UNIT,
};

/* ns after which the other fragments come no more: RFC 8200 says 60 s. */
static const uint64_t patience = UINT64_C(60) * 1000000000;

typedef struct datagram {
  bool used;
  uint8_t protocol, address_len;
  uint8_t source[16], target[16];
  uint32_t id;
  law_place first;
  uint32_t len;    /* of all, 0 while unknown */
  uint32_t filled; /* units in hand */
  uint8_t *bytes;  /* MAX_LEN rounded up to units */
  uint64_t have[NUM_UNITS / 64 + 1];
} datagram;

struct law_fragments {
  law_fragments_lost lost;
  void *user;
  datagram datagrams[MAX_DATAGRAMS];
};

law_fragments *law_fragments_new(law_fragments_lost lost, void *user) {
  law_fragments *f = calloc(1, sizeof *f);
  if (f != NULL) {
    f->lost = lost;
    f->user = user;
  }
  return f;
}

void law_fragments_free(law_fragments *f) {
  for (size_t i = 0; f != NULL && i < MAX_DATAGRAMS; i++) {
    free(f->datagrams[i].bytes);
  }
  free(f);
}

static void give_up(law_fragments *f, datagram *d) {
  d->used = false;
  f->lost(f->user, &d->first);
}

void law_fragments_end(law_fragments *f) {
  for (size_t i = 0; i < MAX_DATAGRAMS; i++) {
    if (f->datagrams[i].used) {
      give_up(f, &f->datagrams[i]);
    }
  }
}

static bool is_of(const datagram *d, const law_ip *ip) {
  return d->used && d->id == ip->id && d->address_len == ip->address_len &&
         (ip->address_len == 16 || d->protocol == ip->protocol) &&
         memcmp(d->source, ip->source, ip->address_len) == 0 &&
         memcmp(d->target, ip->target, ip->address_len) == 0;
}

/* A free place; the oldest gives way when there is none. */
static datagram *place_for_one(law_fragments *f) {
  datagram *oldest = &f->datagrams[0];
  for (size_t i = 0; i < MAX_DATAGRAMS; i++) {
    datagram *d = &f->datagrams[i];
    if (!d->used) {
      return d;
    }
    if (d->first.frame < oldest->first.frame) {
      oldest = d;
    }
  }
  give_up(f, oldest);
  return oldest;
}

static datagram *begin(law_fragments *f, const law_ip *ip, const law_place *place) {
  datagram *d = place_for_one(f);
  if (d->bytes == NULL) {
    d->bytes = malloc((size_t)NUM_UNITS * UNIT);
    if (d->bytes == NULL) {
      return NULL;
    }
  }
  d->used = true;
  d->protocol = ip->protocol;
  d->address_len = ip->address_len;
  memcpy(d->source, ip->source, ip->address_len);
  memcpy(d->target, ip->target, ip->address_len);
  d->id = ip->id;
  d->first = *place;
  d->len = 0;
  d->filled = 0;
  memset(d->have, 0, sizeof d->have);
  return d;
}

/* The datagram of |ip|; the ones that waited too long are given up on the way. */
static datagram *find(law_fragments *f, const law_ip *ip, const law_place *place) {
  for (size_t i = 0; i < MAX_DATAGRAMS; i++) {
    datagram *d = &f->datagrams[i];
    if (d->used && place->time > d->first.time && place->time - d->first.time > patience) {
      give_up(f, d);
    }
    if (is_of(d, ip)) {
      return d;
    }
  }
  return begin(f, ip, place);
}

static void fill(datagram *d, const law_ip *ip) {
  uint32_t len = ip->payload.length;
  for (uint32_t at = 0; at < len; at += UNIT) {
    uint32_t unit = (ip->offset + at) / UNIT;
    uint64_t bit = UINT64_C(1) << (unit % 64);
    if ((d->have[unit / 64] & bit) == 0) {
      d->have[unit / 64] |= bit;
      d->filled++;
      memcpy(d->bytes + ip->offset + at, ip->payload.data + at, len - at < UNIT ? len - at : UNIT);
    }
  }
}

static void finish(datagram *d, law_ip *ip) {
  d->used = false;
  ip->source = d->source;
  ip->target = d->target;
  ip->protocol = d->protocol;
  ip->fragment = false;
  ip->payload = (law_slice){d->bytes, d->len, d->len};
}

static bool is_whole(const datagram *d) {
  if (d->len == 0 || d->filled * UNIT < d->len) {
    return false;
  }
  for (uint32_t unit = 0; unit * UNIT < d->len; unit++) {
    if ((d->have[unit / 64] >> (unit % 64) & 1) == 0) {
      return false;
    }
  }
  return true;
}

/* Whether |ip| says nothing else about the datagram's end than those before. */
static bool agrees(const datagram *d, const law_ip *ip) {
  uint32_t end = ip->offset + ip->payload.length;
  return d->len == 0 || (ip->more ? end <= d->len : end == d->len);
}

static bool is_sound(const law_ip *ip) {
  const law_slice *s = &ip->payload;
  return s->captured == s->length && s->length > 0 && s->length <= MAX_LEN - ip->offset &&
         (!ip->more || s->length % UNIT == 0);
}

bool law_fragments_add(law_fragments *f, law_ip *ip, const law_place *place) {
  datagram *d = is_sound(ip) ? find(f, ip, place) : NULL;
  if (d == NULL || !agrees(d, ip)) {
    f->lost(f->user, place);
    return false;
  }
  fill(d, ip);
  if (ip->offset == 0) {
    d->protocol = ip->protocol;
  }
  if (!ip->more) {
    d->len = ip->offset + ip->payload.length;
  }
  if (!is_whole(d)) {
    return false;
  }
  finish(d, ip);
  return true;
}
