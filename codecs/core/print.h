/* print.h: the one printed form of a message, and its JSON. Both walk the span map. */
#ifndef LAW_CORE_PRINT_H
#define LAW_CORE_PRINT_H

#include "core/span.h"

/* One line: "PUBLISH qos=1 topic="a/b" packet_id=7 payload=5 bytes "hello"". Control characters and
 * bytes that are no UTF-8 are escaped (\x1b); secret fields show their length only. Always
 * NUL-terminated; returns the length that was needed, as snprintf does. */
size_t law_print(const law_type *type, const law_span *spans, size_t num, law_bytes wire, char *out,
                 size_t cap);

/* A JSON object: {"type": "PUBLISH", "qos": 1, "topic": "a/b", "properties": {"topic_alias": 3,
 * "user_property": [["k", "v"]]}, "payload": {"hex": "68656c6c6f", "text": "hello"}}. Numbers as
 * numbers; strings as strings when they are UTF-8, else {"hex": ...}; binary as {"hex": ...} with
 * "text" when it is printable UTF-8; secrets as {"secret": true, "len": n}; repeatable items as
 * arrays; unparsed bytes as "unparsed": {"hex": ...}. Lengths and tags are left out. Pure ASCII.
 * Always NUL-terminated; returns the length that was needed. */
size_t law_json(const law_type *type, const law_span *spans, size_t num, law_bytes wire, char *out,
                size_t cap);

/* The span map as a JSON array of {"path", "at", "len", "parent", "kind", "value"} (value as
 * above). */
size_t law_json_spans(const law_span *spans, size_t num, law_bytes wire, char *out, size_t cap);

#endif
