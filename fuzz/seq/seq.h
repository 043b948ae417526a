/* seq.h: a conversation of one or several connections as a fuzzer's input: records one after the
 * other, each an event of one connection.
 *
 *   byte 0     bit 0: who acts, 0 client, 1 server; bits 1 and 2: the event (law_seq_event);
 *              bits 3 and 4: which connection; bits 5 to 7 mean nothing
 *   bytes 1-4  delay in us since the event before, big-endian
 *   bytes 5-6  bytes of data, big-endian; what an event other than DATA carries means nothing
 *   ...        the data
 *
 * Any bytes are a sequence: a last record that is cut short has what is there of its data. */
#ifndef FUZZ_SEQ_SEQ_H
#define FUZZ_SEQ_SEQ_H

#include "core/types.h"
#include "core/writer.h"

enum { LAW_SEQ_HEADER = 7, LAW_SEQ_CONNECTIONS = 4, LAW_SEQ_MAX_DATA = UINT16_MAX };

typedef enum law_seq_event { LAW_SEQ_DATA, LAW_SEQ_END, LAW_SEQ_RESET, LAW_SEQ_GAP } law_seq_event;

typedef struct law_seq_record {
  law_side from;
  law_seq_event event;
  uint8_t connection;
  uint32_t delay; /* us */
  law_bytes data;
} law_seq_record;

/* Takes the first record out of |*rest|; false when less than a header is left. */
bool law_seq_next(law_bytes *rest, law_seq_record *out);

/* Appends one record. Data over LAW_SEQ_MAX_DATA goes on in further records. */
void law_seq_write(law_writer *w, const law_seq_record *record);

#endif
