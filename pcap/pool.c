#include "pcap/pool.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(law_chunk) == LAW_CHUNK, "the head of a chunk takes what LAW_CHUNK_DATA says");

bool law_pool_init(law_pool *pool, size_t len) {
  size_t num = len / sizeof(law_chunk);
  pool->num = num < LAW_POOL_NONE ? (uint32_t)num : LAW_POOL_NONE - 1;
  pool->fresh = 0;
  pool->unused = LAW_POOL_NONE;
  pool->num_used = 0;
  pool->chunks = malloc(pool->num * sizeof(law_chunk)); /* not touched before it is used */
  return pool->chunks != NULL;
}

void law_pool_free(law_pool *pool) {
  free(pool->chunks);
  pool->chunks = NULL;
}

static uint32_t take(law_pool *pool) {
  uint32_t index = pool->unused;
  if (index != LAW_POOL_NONE) {
    pool->unused = pool->chunks[index].next;
  } else if (pool->fresh < pool->num) {
    index = pool->fresh++;
  } else {
    return LAW_POOL_NONE;
  }
  pool->num_used++;
  return index;
}

void law_queue_pop(law_pool *pool, law_queue *q) {
  uint32_t index = q->first;
  law_chunk *c = law_pool_at(pool, index);
  q->first = c->next;
  if (q->first == LAW_POOL_NONE) {
    q->last = LAW_POOL_NONE;
  }
  c->next = pool->unused;
  pool->unused = index;
  pool->num_used--;
}

void law_piece_trim(law_piece *piece, uint32_t len) {
  size_t bytes = len < piece->bytes.len ? len : piece->bytes.len;
  if (bytes > 0) {
    piece->bytes.data += bytes;
    piece->bytes.len -= bytes;
  }
  piece->place.at += len;
  piece->seq += len;
  piece->len -= len;
}

/* Puts the first |len| bytes of |piece| into one chunk behind |before|. */
static bool put(law_pool *pool, law_queue *q, uint32_t before, const law_piece *piece,
                uint32_t len) {
  uint32_t index = take(pool);
  if (index == LAW_POOL_NONE) {
    return false;
  }
  law_chunk *c = law_pool_at(pool, index);
  c->place = piece->place;
  c->seq = piece->seq;
  c->len = len < piece->bytes.len ? len : (uint32_t)piece->bytes.len;
  c->cut = len - c->len;
  if (c->len > 0) {
    memcpy(c->data, piece->bytes.data, c->len);
  }
  uint32_t *link = before == LAW_POOL_NONE ? &q->first : &pool->chunks[before].next;
  c->next = *link;
  *link = index;
  if (c->next == LAW_POOL_NONE) {
    q->last = index;
  }
  return true;
}

/* How much of |piece|, of whose stream |len| bytes may be taken, goes into one chunk: its captured
 * bytes as far as they fit; the cut ones behind the last of these. */
static uint32_t chunk_len(const law_piece *piece, uint32_t len) {
  if (piece->bytes.len > LAW_CHUNK_DATA && len > LAW_CHUNK_DATA) {
    return LAW_CHUNK_DATA;
  }
  return len;
}

/* Puts |len| bytes of |piece| behind |*before|, and takes them off it. */
static bool put_all(law_pool *pool, law_queue *q, uint32_t *before, law_piece *piece,
                    uint32_t len) {
  while (len > 0) {
    uint32_t now = chunk_len(piece, len);
    if (!put(pool, q, *before, piece, now)) {
      return false;
    }
    *before = *before == LAW_POOL_NONE ? q->first : pool->chunks[*before].next;
    law_piece_trim(piece, now);
    len -= now;
  }
  return true;
}

uint64_t law_chunk_differs(const law_chunk *c, const law_piece *piece) {
  int32_t ahead = law_seq_diff(piece->seq, c->seq); /* of the piece's start in the chunk */
  uint32_t in_chunk = ahead > 0 ? (uint32_t)ahead : 0;
  uint32_t in_piece = ahead < 0 ? 0u - (uint32_t)ahead : 0;
  if (in_chunk >= c->len || in_piece >= piece->bytes.len) {
    return 0;
  }
  size_t len = piece->bytes.len - in_piece;
  len = len < c->len - in_chunk ? len : c->len - in_chunk;
  const uint8_t *a = c->data + in_chunk, *b = piece->bytes.data + in_piece;
  uint64_t num = 0;
  for (size_t i = 0; i < len; i++) {
    num += a[i] != b[i];
  }
  return num;
}

bool law_queue_insert(law_pool *pool, law_queue *q, law_piece piece, uint64_t *out_differ) {
  uint32_t before = LAW_POOL_NONE, at = q->first;
  if (at != LAW_POOL_NONE &&
      law_seq_diff(piece.seq, law_chunk_end(law_pool_at(pool, q->last))) >= 0) {
    before = q->last; /* the usual case: behind all others */
    at = LAW_POOL_NONE;
  }
  while (piece.len > 0) {
    if (at == LAW_POOL_NONE) {
      return put_all(pool, q, &before, &piece, piece.len);
    }
    law_chunk *c = law_pool_at(pool, at);
    int32_t gap = law_seq_diff(c->seq, piece.seq);
    if (gap > 0) {
      uint32_t len = (uint32_t)gap < piece.len ? (uint32_t)gap : piece.len;
      if (!put_all(pool, q, &before, &piece, len)) {
        return false;
      }
    }
    int32_t covered = law_seq_diff(law_chunk_end(c), piece.seq);
    if (piece.len > 0 && covered > 0) {
      *out_differ += law_chunk_differs(c, &piece);
      law_piece_trim(&piece, (uint32_t)covered < piece.len ? (uint32_t)covered : piece.len);
    }
    before = at;
    at = c->next;
  }
  return true;
}
