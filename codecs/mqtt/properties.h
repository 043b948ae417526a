/* properties.h: the decoding of property lists, and the table of all properties. */
#ifndef LAW_MQTT_PROPERTIES_H
#define LAW_MQTT_PROPERTIES_H

#include "core/cursor.h"
#include "mqtt/mqtt.h"

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

/* Reads the Property Length and the properties after it, of packet type |scope| (0: the will). Returns the
 * cursor behind them. |missing| is the rule for a packet that ends before them. */
law_cursor law_mqtt_read_properties(law_cursor c, law_list *out, uint8_t scope, law_rule missing);

/* Where the first property |id| of a validated list stands (its identifier); NULL when there is none. */
const uint8_t *law_mqtt_find_property(const law_list *list, uint8_t id);

#endif
