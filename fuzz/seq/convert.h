/* convert.h: sequences (seq.h) to and from captures. */
#ifndef FUZZ_SEQ_CONVERT_H
#define FUZZ_SEQ_CONVERT_H

#include "seq/seq.h"

enum { LAW_SEQ_TEXT = 600 }; /* bytes of an error's sentence */

/* Writes the pcapng file |path|: a TCP connection for each connection of |sequence|, a new one
 * after both sides have ended the last; a gap is a byte that was sent and not captured. False:
 * |error| (LAW_SEQ_TEXT bytes) says why. */
bool law_seq_to_capture(law_bytes sequence, const char *path, char *error);

/* Appends the TCP connections of the capture |path| to |out|. |filter|, libpcap's, may be NULL. The
 * side that opened a connection is its client. False: |error| says why; no more than
 * LAW_SEQ_CONNECTIONS may be open at once. |out| keeps counting when it is full. */
bool law_seq_from_capture(const char *path, const char *filter, law_writer *out, char *error);

#endif
