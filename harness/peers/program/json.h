/* json.h: members of the upper tester's commands as bytes, numbers and property lists. */
#ifndef LAW_PEERS_PROGRAM_JSON_H
#define LAW_PEERS_PROGRAM_JSON_H

#include <cjson/cJSON.h>

#include "mqtt/mqtt.h"

/* Where what a command holds lives until it is done. */
enum { LAW_JSON_TEXTS = 32 };
typedef struct law_json_memory {
  uint8_t *texts[LAW_JSON_TEXTS];
  size_t num;
} law_json_memory;

void law_json_free(law_json_memory *memory);

/* Empty when the member is missing. */
law_bytes law_json_text(const cJSON *object, const char *name);
bool law_json_has(const cJSON *object, const char *name);
/* Numbers and booleans. */
uint32_t law_json_number(const cJSON *object, const char *name, uint32_t otherwise);
/* "payload" as text or "payload_hex" as hexadecimal digits. */
law_bytes law_json_payload(const cJSON *object, law_json_memory *memory);
/* The member "properties": names with underscores; "user_property" is a list of pairs; a list of
 * values makes a property stand several times. Binary data are text, or {"hex": digits}. False,
 * and |*out_bad| the name, when one is unknown. */
bool law_json_properties(const cJSON *object, law_json_memory *memory, law_list *out,
                         const char **out_bad);

/* The properties of a packet as an object of that form. */
cJSON *law_json_from_properties(law_list list);
/* Bytes as hexadecimal digits. */
cJSON *law_json_hex(law_bytes bytes);
/* Text that is UTF-8, else its hexadecimal digits. */
cJSON *law_json_string(law_bytes bytes);

#endif
