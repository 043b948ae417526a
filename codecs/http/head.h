/* head.h: RFC 9112: the head of an HTTP/1.1 message: its first line and its fields. Strict:
 * lines end with CRLF, and folded lines are refused (5.2). */
#ifndef LAW_HTTP_HEAD_H
#define LAW_HTTP_HEAD_H

#include "core/types.h"

/* Views point into the bytes it was read from. */
typedef struct law_http_head {
  bool request;
  uint8_t minor;            /* HTTP/1.|minor| */
  uint16_t status;          /* of a response */
  law_bytes method, target; /* of a request */
  law_bytes reason;         /* of a response */
  law_bytes fields;         /* all lines of fields, each with its CRLF */
} law_http_head;

/* Reads the head that |in| begins with. LAW_OK: |*out_len| is its length, with the empty line.
 * LAW_NEED_MORE while the empty line has not come. LAW_MALFORMED: |*out_at| is where. */
law_status law_http_decode(law_bytes in, law_http_head *out, size_t *out_len, size_t *out_at);

/* Takes the next field out of |*fields|; false when there is none. */
bool law_http_next(law_bytes *fields, law_bytes *out_name, law_bytes *out_value);

/* The first field of that name, whatever its case. */
bool law_http_field(const law_http_head *head, const char *name, law_bytes *out_value);

/* Is |token| in one of the comma-separated lists of the fields of that name (RFC 9110 section
 * 5.6.1)? */
bool law_http_lists(const law_http_head *head, const char *name, const char *token,
                    bool ignore_case);

/* ASCII, whatever the case. */
bool law_http_same(law_bytes a, const char *b);

#endif
