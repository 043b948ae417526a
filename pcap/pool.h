/* pool.h: memory for segments that came too early: one pool of small chunks for all flows, and for
 * each direction a queue of chunks in the order of their sequence numbers.
 *
 * Where chunks would overlap, what came first stays. Sequence numbers wrap; those of one queue lie
 * within 2^31 of each other. */
#ifndef LAW_PCAP_POOL_H
#define LAW_PCAP_POOL_H

#include "core/types.h"
#include "pcap/reader.h"

#define LAW_POOL_NONE UINT32_MAX

enum { LAW_CHUNK = 512, LAW_CHUNK_DATA = LAW_CHUNK - 40 };

/* |len| bytes at |seq|, and |cut| behind them that the capture does not hold. */
typedef struct law_chunk {
  law_place place;
  uint32_t seq;
  uint32_t len, cut;
  uint32_t next; /* in the queue, or among the free ones */
  uint8_t data[LAW_CHUNK_DATA];
} law_chunk;

typedef struct law_pool {
  law_chunk *chunks;
  uint32_t num;    /* of all */
  uint32_t fresh;  /* from here on, never used: costs no memory yet */
  uint32_t unused; /* the first free one before |fresh| */
  uint32_t num_used;
} law_pool;

typedef struct law_queue {
  uint32_t first, last; /* LAW_POOL_NONE: empty */
} law_queue;

/* A piece of a stream as a segment brings it. */
typedef struct law_piece {
  law_place place;
  uint32_t seq;
  uint32_t len; /* of the stream; more than |bytes|.len when the rest was not captured */
  law_bytes bytes;
} law_piece;

bool law_pool_init(law_pool *pool, size_t len);
void law_pool_free(law_pool *pool);

LAW_INLINE void law_queue_init(law_queue *q) { q->first = q->last = LAW_POOL_NONE; }
LAW_INLINE bool law_queue_empty(const law_queue *q) { return q->first == LAW_POOL_NONE; }

/* a - b, of sequence numbers. */
LAW_INLINE int32_t law_seq_diff(uint32_t a, uint32_t b) { return (int32_t)(a - b); }

LAW_INLINE law_chunk *law_pool_at(const law_pool *pool, uint32_t index) {
  return &pool->chunks[index];
}

LAW_INLINE uint32_t law_chunk_end(const law_chunk *c) { return c->seq + c->len + c->cut; }

/* Keeps what |piece| has and the queue has not. |*out_differ| grows by the number of bytes that
 * both have and that are not the same. False: the pool is full; a part may have been kept, and the
 * same piece may be tried again. */
bool law_queue_insert(law_pool *pool, law_queue *q, law_piece piece, uint64_t *out_differ);

/* Bytes in |piece| that the chunk has too, but other ones. */
uint64_t law_chunk_differs(const law_chunk *c, const law_piece *piece);

/* Removes the first chunk. */
void law_queue_pop(law_pool *pool, law_queue *q);

/* Drops the first |len| bytes. */
void law_piece_trim(law_piece *piece, uint32_t len);

#endif
