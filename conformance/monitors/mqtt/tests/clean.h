/* clean.h: conversations in which neither side breaks a rule. */
#ifndef LAW_MONITORS_MQTT_CLEAN_H
#define LAW_MONITORS_MQTT_CLEAN_H

#include <stddef.h>

typedef struct clean_talk {
  const char *variant;
  const char *text;
} clean_talk;

extern const clean_talk clean_talks[];
extern const size_t num_clean_talks;

#endif
