/* tables.h: a protocol's tables as JSON, for the schema of cases and for Python's names. */
#ifndef LAW_BINDING_TABLES_H
#define LAW_BINDING_TABLES_H

#include "core/protocol.h"

/* {"protocol": "mqtt", "variants": [...], "types": [{"name", "code", "fields": [...]}]}.
 *
 * A field is {"name", "kind"} with, where it has them, "width" (bits), "secret", "volatile",
 * "announced", "carrier", "optional", "names": [[value, scope, name]...], "items": [fields], and
 * "tags": [{"name", "id", "kind", "min", "max", "repeatable", "allowed", "secret", "volatile",
 * "announced", "names"}], allowed where this list may hold it.
 * Always NUL-terminated; returns the length that was needed. */
size_t law_tables_json(const law_protocol *protocol, char *out, size_t cap);

#endif
