/* properties.h: the decoding of property lists, and the table of all properties. */
#ifndef LAW_MQTT_PROPERTIES_H
#define LAW_MQTT_PROPERTIES_H

#include "core/cursor.h"
#include "mqtt/rules.h"

enum { LAW_MQTT_MAX_PROPERTY = 0x2a, LAW_MQTT_NUM_PROPERTIES = 27 };

/* What the decoder must know of one property. */
typedef struct law_mqtt_property_row {
  uint8_t kind;      /* law_kind */
  uint16_t types;    /* bit per packet type that may carry it; bit 0: the will */
  uint32_t min, max; /* of a number; both 0 for others */
} law_mqtt_property_row;

/* By identifier; rows of unassigned ones have no types. */
extern const law_mqtt_property_row law_mqtt_property_rows[LAW_MQTT_MAX_PROPERTY + 1];

/* The descriptors, for everything but the hot path. */
extern const law_item law_mqtt_property_items[LAW_MQTT_NUM_PROPERTIES];

/* A variable byte integer (5.0 section 1.5.5): at most four bytes, no more than needed. |missing|:
 * it is not there; |overrun|: it is cut short. */
LAW_INLINE uint32_t law_mqtt_read_varint(law_cursor *c, law_rule missing, law_rule overrun) {
  const uint8_t *start = c->at;
  uint32_t value = 0;
  for (unsigned shift = 0; shift < 28; shift += 7) {
    uint8_t byte = law_cursor_u8(c, shift == 0 ? missing : overrun);
    value |= (uint32_t)(byte & 0x7f) << shift;
    if (LAW_LIKELY((byte & 0x80) == 0)) {
      if (LAW_UNLIKELY(byte == 0 && shift > 0)) {
        law_cursor_fail_at(c, start, LAW_MQTT_RULE_VARINT_SHORTEST);
      }
      return value;
    }
  }
  law_cursor_fail_at(c, start, LAW_MQTT_RULE_VARINT_LENGTH);
  return 0;
}

/* Checks the properties in |list|, which is not empty, of packet type |scope| (0: the will), and
 * counts them. */
law_breach law_mqtt_check_properties(law_bytes list, uint32_t *out_count, uint8_t scope);

/* Reads the Property Length and the properties after it. |missing|: the rule for a length that is
 * not there. */
LAW_INLINE law_list law_mqtt_read_properties(law_cursor *c, uint8_t scope, law_rule missing) {
  uint32_t len = law_mqtt_read_varint(c, missing, LAW_MQTT_RULE_OVERRUN);
  law_bytes bytes = law_cursor_bytes(c, len, LAW_MQTT_RULE_PROPERTY_OVERRUN);
  law_list list = {bytes.data, (uint32_t)bytes.len, 0};
  if (list.len > 0) {
    law_cursor_note(c, law_mqtt_check_properties(bytes, &list.count, scope));
  }
  return list;
}

/* Where the first property |id| of a validated list stands (its identifier); NULL when there is
 * none. */
const uint8_t *law_mqtt_find_property(const law_list *list, uint8_t id);

#endif
