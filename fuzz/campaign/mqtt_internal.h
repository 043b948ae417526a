/* mqtt_internal.h: MQTT as a campaign speaks it. */
#ifndef FUZZ_CAMPAIGN_MQTT_INTERNAL_H
#define FUZZ_CAMPAIGN_MQTT_INTERNAL_H

#include "campaign/speaker.h"
#include "mqtt/mqtt.h"

uint8_t law_mqtt_version_of(const char *variant);

/* How a CONNECT of ours differs from the plainest one. */
typedef struct law_mqtt_opening {
  law_bytes id;
  bool dirty;      /* clean start 0 */
  uint32_t expiry; /* s, 5.0 */
  bool will;
  uint8_t will_qos;
  bool will_retain;
  bool will_properties;
  uint16_t receive_maximum; /* 5.0; 0: not said */
} law_mqtt_opening;

size_t law_mqtt_write_connect(const law_persona *p, const law_mqtt_opening *o, uint8_t *out,
                              size_t cap);
/* |extras|: with properties, in 5.0. */
size_t law_mqtt_write_publish(uint8_t version, law_bytes topic, law_bytes payload, uint8_t flags,
                              uint16_t id, bool extras, uint8_t *out, size_t cap);
size_t law_mqtt_write_subscribe(uint8_t version, law_bytes filter, uint8_t options, uint16_t id,
                                uint32_t identifier, uint8_t *out, size_t cap);
size_t law_mqtt_write_unsubscribe(uint8_t version, law_bytes filter, uint16_t id, uint8_t *out,
                                  size_t cap);
/* PUBACK, PUBREC, PUBREL, PUBCOMP; also SUBACK and UNSUBACK of |num| codes |reason|. */
size_t law_mqtt_write_ack(uint8_t version, uint8_t type, uint16_t id, uint8_t reason, uint32_t num,
                          uint8_t *out, size_t cap);
size_t law_mqtt_write_connack(uint8_t version, uint8_t flags, uint8_t reason, uint8_t *out,
                              size_t cap);
size_t law_mqtt_write_plain(uint8_t version, uint8_t type, uint8_t *out, size_t cap);

void law_mqtt_walk(const law_persona *p, uint64_t *random, bool several, law_writer *out);

#endif
