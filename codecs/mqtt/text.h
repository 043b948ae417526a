/* text.h: strings of MQTT packets read from a cursor: length, UTF-8, topic rules. */
#ifndef LAW_MQTT_TEXT_H
#define LAW_MQTT_TEXT_H

#include "core/cursor.h"
#include "core/utf8.h"
#include "mqtt/rules.h"

/* What is wrong with |text|. |wildcard| is the rule for '#' and '+', or 0. */
LAW_NOINLINE law_breach law_mqtt_check_text(law_bytes text, law_rule wildcard, uint8_t version);

/* The same for a topic filter: its text, and its syntax (4.7.1; 5.0: 4.8.2). */
law_breach law_mqtt_check_filter(law_bytes filter, uint8_t version);

/* A UTF-8 Encoded String (5.0 section 1.5.4, 3.1.1 section 1.5.3). With |wildcard| not 0, a topic
 * name. |missing| is the rule for a string that is not there. */
LAW_INLINE law_bytes law_mqtt_read_text(law_cursor *c, law_rule missing, law_rule wildcard,
                                        uint8_t version) {
  law_bytes text = law_cursor_bytes16(c, missing, LAW_MQTT_RULE_STRING_OVERRUN);
  if (LAW_UNLIKELY(!law_utf8_plain(text, wildcard != 0))) {
    law_cursor_note(c, law_mqtt_check_text(text, wildcard, version));
  }
  return text;
}

/* A Topic Filter. Without wildcards and '$' it cannot be wrong. */
LAW_INLINE law_bytes law_mqtt_read_filter(law_cursor *c, uint8_t version) {
  law_bytes filter = law_cursor_bytes16(c, LAW_MQTT_RULE_OVERRUN, LAW_MQTT_RULE_STRING_OVERRUN);
  if (filter.len == 0 || filter.data[0] == '$' || !law_utf8_plain(filter, true)) {
    law_cursor_note(c, law_mqtt_check_filter(filter, version));
  }
  return filter;
}

#endif
