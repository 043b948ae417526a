/* text.h: strings of MQTT packets read from a cursor: length, UTF-8, topic rules. */
#ifndef LAW_MQTT_TEXT_H
#define LAW_MQTT_TEXT_H

#include "core/cursor.h"
#include "core/utf8.h"
#include "mqtt/rules.h"

/* Says what is wrong with |text|, which lies under |c|. |wildcard| is the rule for '#' and '+', or 0. */
LAW_COLD void law_mqtt_check_text_slowly(law_cursor *c, law_bytes text, law_rule wildcard);

/* A UTF-8 Encoded String (5.0 section 1.5.4, 3.1.1 section 1.5.3). With |wildcard| not 0, a topic name. */
LAW_INLINE law_bytes law_mqtt_read_text(law_cursor *c, law_rule wildcard) {
  law_bytes text = law_cursor_bytes16(c, LAW_MQTT_RULE_STRING_OVERRUN);
  if (LAW_UNLIKELY(!law_utf8_plain(text, wildcard != 0))) {
    law_mqtt_check_text_slowly(c, text, wildcard);
  }
  return text;
}

/* Checks a topic filter's syntax (4.7.1, 4.8.2); its text was checked before. |shared|: $share means something. */
void law_mqtt_check_filter(law_cursor *c, law_bytes filter, bool shared);

#endif
