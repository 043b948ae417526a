/* codec.h: the codec's half of the protocol struct, for the two constants that begin with it. */
#ifndef LAW_MQTT_CODEC_H
#define LAW_MQTT_CODEC_H

#include "mqtt/mqtt.h"
#include "mqtt/names.h"

extern const char *const law_mqtt_schemes[];
extern const char *const law_mqtt_variants[];

/* See law_protocol. */
void law_mqtt_codec_begin(const char *variant, void *context);
const char *law_mqtt_codec_variant_of(const void *context);
int law_mqtt_codec_detect(law_bytes head, law_side from);
law_status law_mqtt_codec_frame(const void *context, law_bytes in, size_t *out_len,
                                law_violation *out);
law_status law_mqtt_codec_decode(void *context, law_side from, law_bytes bytes, void *message,
                                 law_violation *violation);
const law_type *law_mqtt_codec_type_of(const void *context, law_bytes bytes);
uint32_t law_mqtt_codec_code_of(law_bytes bytes);
unsigned law_mqtt_codec_senders(uint32_t code);
law_requirement law_mqtt_codec_in_text_frame(const void *context);
void law_mqtt_codec_prepare(const void *context, const law_type *type, void *message);

/* clang-format off */
#define LAW_MQTT_CODEC                             \
  .name = "mqtt",                                  \
  .schemes = law_mqtt_schemes,                     \
  .port = 1883,                                    \
  .secure_port = 8883,                             \
  .types = law_mqtt_types_by_code + 1,             \
  .num_types = 15,                                 \
  .message_size = sizeof(law_mqtt_message),        \
  .context_size = sizeof(law_mqtt_context),        \
  .variants = law_mqtt_variants,                   \
  .begin = law_mqtt_codec_begin,                   \
  .variant_of = law_mqtt_codec_variant_of,         \
  .detect = law_mqtt_codec_detect,                 \
  .frame = law_mqtt_codec_frame,                   \
  .decode = law_mqtt_codec_decode,                 \
  .type_of = law_mqtt_codec_type_of,               \
  .code_of = law_mqtt_codec_code_of,               \
  .senders = law_mqtt_codec_senders,               \
  .in_text_frame = law_mqtt_codec_in_text_frame,   \
  .prepare = law_mqtt_codec_prepare
/* clang-format on */

#endif
