/* journal.h: what a campaign did to its IUT, as a ring in a shared file. A record is in the file
 * before its bytes are sent, so that a fuzzer that is killed loses nothing. Replays read the same
 * format; a file with all of its records in order is a journal that never wrapped.
 *
 *   byte 0   "wirelaw journal\n"
 *   byte 16  u64 size of the ring, u64 head, u64 tail: counts of bytes ever written, so that
 *            head - tail is what is there; then zeros to byte 4096, where the ring begins
 *   record   u32 size of all of it (a multiple of 8), u32 group, u32 connection, u16 event,
 *            u16 0, u32 messages received before, u32 bytes of data, the data
 *
 * Numbers are little-endian. A record never wraps: event SKIP fills the end of the ring. */
#ifndef FUZZ_CAMPAIGN_JOURNAL_H
#define FUZZ_CAMPAIGN_JOURNAL_H

#include "core/types.h"

enum { LAW_JOURNAL_RING_AT = 4096, LAW_JOURNAL_HEADER = 24, LAW_JOURNAL_TEXT = 512 };

typedef enum law_journal_event {
  LAW_JOURNAL_DATA,  /* bytes to the IUT */
  LAW_JOURNAL_END,   /* our side is closed */
  LAW_JOURNAL_RESET, /* the connection is aborted */
  LAW_JOURNAL_SKIP,
} law_journal_event;

typedef struct law_journal_record {
  uint32_t group;      /* one input: what is played and judged together */
  uint32_t connection; /* numbered through the campaign, from 1 */
  law_journal_event event;
  uint32_t received; /* messages of the IUT on this connection before it */
  law_bytes data;
} law_journal_record;

typedef struct law_journal {
  uint8_t *map;
  size_t size; /* of the ring */
} law_journal;

/* Makes the file at |path|, with all its space taken at once: a full disk is noticed here, and by
 * no write. False: |error| (LAW_JOURNAL_TEXT bytes) says why. */
bool law_journal_create(law_journal *j, const char *path, size_t size, char *error);
/* Opens one for reading. */
bool law_journal_open(law_journal *j, const char *path, char *error);
void law_journal_close(law_journal *j);

/* Data that is longer than a quarter of the ring is cut. */
void law_journal_write(law_journal *j, const law_journal_record *record);
/* Forgets all records. */
void law_journal_clear(law_journal *j);
uint64_t law_journal_head(const law_journal *j);

/* The record at |*at|, which then is the next one's place. Begin with law_journal_tail. False at
 * the end, and where the file is damaged. */
uint64_t law_journal_tail(const law_journal *j);
bool law_journal_next(const law_journal *j, uint64_t *at, law_journal_record *out);

#endif
