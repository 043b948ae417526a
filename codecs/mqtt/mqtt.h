/* mqtt.h: MQTT 3.1, 3.1.1 and 5.0 control packets. */
#ifndef LAW_MQTT_MQTT_H
#define LAW_MQTT_MQTT_H

#include "core/cursor.h"
#include "core/protocol.h"
#include "core/writer.h"

/* Control packet types, 5.0 section 2.1.2. AUTH exists in 5.0 only. */
enum law_mqtt_type {
  LAW_MQTT_CONNECT = 1,
  LAW_MQTT_CONNACK = 2,
  LAW_MQTT_PUBLISH = 3,
  LAW_MQTT_PUBACK = 4,
  LAW_MQTT_PUBREC = 5,
  LAW_MQTT_PUBREL = 6,
  LAW_MQTT_PUBCOMP = 7,
  LAW_MQTT_SUBSCRIBE = 8,
  LAW_MQTT_SUBACK = 9,
  LAW_MQTT_UNSUBSCRIBE = 10,
  LAW_MQTT_UNSUBACK = 11,
  LAW_MQTT_PINGREQ = 12,
  LAW_MQTT_PINGRESP = 13,
  LAW_MQTT_DISCONNECT = 14,
  LAW_MQTT_AUTH = 15,
};

/* Protocol levels as CONNECT sends them (3.1.2.2). */
enum { LAW_MQTT_31 = 3, LAW_MQTT_311 = 4, LAW_MQTT_5 = 5 };

/* law_mqtt_message.present: what a packet may end before: the optional tails of 5.0's
 * acknowledgements, and in 3.1 the user name and password that CONNECT's flags announce. Encoding
 * writes them only when these bits are set. */
enum {
  LAW_MQTT_HAS_REASON = 1,
  LAW_MQTT_HAS_PROPERTIES = 2,
  LAW_MQTT_HAS_USER_NAME = 4,
  LAW_MQTT_HAS_PASSWORD = 8,
};

/* CONNECT flags, 3.1.2.3. */
enum {
  LAW_MQTT_CLEAN_START = 0x02,
  LAW_MQTT_WILL = 0x04,
  LAW_MQTT_WILL_RETAIN = 0x20,
  LAW_MQTT_PASSWORD = 0x40,
  LAW_MQTT_USER_NAME = 0x80,
};

/* One decoded control packet. Views point into the frame it was decoded from. decode sets the
 * fields its type and version have, and no others. */
typedef struct law_mqtt_message {
  uint8_t first;   /* the first byte of the fixed header: type and flags */
  uint8_t version; /* LAW_MQTT_31, _311 or _5: how it was decoded, how it is encoded */
  uint8_t present; /* LAW_MQTT_HAS_... */
  uint8_t reason;  /* reason code, or 3.1.1's return code of CONNACK */
  uint16_t packet_id;
  uint8_t ack_flags;   /* CONNACK */
  law_list properties; /* 5.0 */
  union {
    struct {
      law_bytes topic;
      law_bytes payload;
    } publish;
    law_list filters; /* SUBSCRIBE: filter and options; UNSUBSCRIBE: filters */
    law_list reasons; /* SUBACK, UNSUBACK (5.0): a byte each */
    struct {
      law_bytes protocol_name;
      uint8_t level;
      uint8_t flags;
      uint16_t keep_alive; /* s */
      law_bytes client_id;
      law_list will_properties;
      law_bytes will_topic;
      law_bytes will_payload;
      law_bytes user_name;
      law_bytes password;
    } connect;
  } u;
} law_mqtt_message;

/* What decoding remembers of a connection: the version, from CONNECT. 0: not seen yet; packets
 * other than CONNECT are then read as |assumed|. */
typedef struct law_mqtt_context {
  uint8_t version;
  uint8_t assumed;
  bool unclear; /* a bad CONNECT: a server may answer in any version */
} law_mqtt_context;

/* An optional tail is there when bytes are left (decoding) or when |present| says so (encoding). */
LAW_INLINE bool law_mqtt_optional(law_mqtt_message *m, size_t left, uint8_t bit) {
  m->present = (uint8_t)(m->present | (left > 0 ? bit : 0));
  return (m->present & bit) != 0;
}

/* Has a CONNECT properties? Reading (bytes are left), the level that it says decides, so that it is
 * taken apart rightly whatever was assumed; writing, |version| does, whatever level is to be
 * written. */
LAW_INLINE bool law_mqtt_connect_is_5(const law_mqtt_message *m, size_t left) {
  uint8_t level = m->u.connect.level;
  bool known = level >= LAW_MQTT_31 && level <= LAW_MQTT_5;
  return left > 0 && known ? level == LAW_MQTT_5 : m->version == LAW_MQTT_5;
}

LAW_INLINE uint8_t law_mqtt_type_of(const law_mqtt_message *m) { return m->first >> 4; }
LAW_INLINE uint8_t law_mqtt_qos(const law_mqtt_message *m) { return (m->first >> 1) & 3; }
LAW_INLINE bool law_mqtt_dup(const law_mqtt_message *m) { return (m->first & 8) != 0; }
LAW_INLINE bool law_mqtt_retain(const law_mqtt_message *m) { return (m->first & 1) != 0; }
LAW_INLINE uint8_t law_mqtt_will_qos(const law_mqtt_message *m) {
  return (m->u.connect.flags >> 3) & 3;
}

/* Finds the end of the first packet; see law_protocol.frame. law_mqtt_frame_any is the same,
 * whatever the length of the length; most packets have one or two bytes of it. */
law_status law_mqtt_frame_any(law_bytes in, size_t *out_len, law_violation *out);

LAW_INLINE law_status law_mqtt_frame(law_bytes in, size_t *out_len, law_violation *out) {
  if (LAW_UNLIKELY(in.len < 3 || (in.data[1] & in.data[2] & 0x80) != 0)) {
    return law_mqtt_frame_any(in, out_len, out);
  }
  bool one = in.data[1] < 0x80;
  *out_len = one ? 2 + (size_t)in.data[1] : 3 + (in.data[1] & 0x7fu) + ((size_t)in.data[2] << 7);
  return in.len >= *out_len ? LAW_OK : LAW_NEED_MORE;
}

/* Decodes one whole packet (as framed) of |version|; CONNECT says its own. LAW_OK: |*out| is set.
 * Otherwise |*violation| is the first rule broken, and |*out| must not be used. */
law_status law_mqtt_decode(uint8_t version, law_bytes frame, law_mqtt_message *out,
                           law_violation *violation);

/* Writes the packet that |m| says (type in |m->first|), legal or not. Returns its size; when that
 * is more than |cap|, nothing useful was written. |m| is not changed. */
size_t law_mqtt_encode(law_mqtt_message *m, uint8_t *out, size_t cap);

/* ---- Properties (5.0 section 2.2.2) ---- */
enum law_mqtt_property_id {
#define PROPERTY(id, NAME, ...) LAW_MQTT_P_##NAME = id,
#include "mqtt/properties.def"
};

/* One property of a list. |number| for integers, |text| for strings, binary and a pair's value,
 * |key| for a pair's name. */
typedef struct law_mqtt_property {
  uint8_t id;
  uint32_t number;
  law_bytes key;
  law_bytes text;
} law_mqtt_property;

/* Iterates a validated list: `law_list it = m->properties; while (law_mqtt_next_property(&it,
 * &p))`. */
bool law_mqtt_next_property(law_list *it, law_mqtt_property *out);

/* Finds the first property |id|; false when there is none. */
bool law_mqtt_property_of(const law_list *list, uint8_t id, law_mqtt_property *out);

/* Number of property |id|, or |otherwise| when it is not there. */
uint32_t law_mqtt_property_number(const law_list *list, uint8_t id, uint32_t otherwise);

/* Builders: append one property to |w|, and count it in |list| (whose data is |w|'s). */
void law_mqtt_add_number(law_writer *w, law_list *list, uint8_t id, uint32_t number);
void law_mqtt_add_text(law_writer *w, law_list *list, uint8_t id, law_bytes text);
void law_mqtt_add_pair(law_writer *w, law_list *list, law_bytes key, law_bytes value);

/* ---- Subscriptions ---- */
typedef struct law_mqtt_filter {
  law_bytes filter;
  uint8_t options; /* 3.1.1: the QoS byte; UNSUBSCRIBE: 0 */
} law_mqtt_filter;

/* Iterates the filters of SUBSCRIBE (|with_options|) or UNSUBSCRIBE. */
bool law_mqtt_next_filter(law_list *it, bool with_options, law_mqtt_filter *out);

/* Topic names and filters, 5.0 section 4.7. True when they obey the rules for wildcards, length and
 * shared subscriptions; text itself is checked by law_utf8_valid. */
bool law_mqtt_topic_name_valid(law_bytes topic);
bool law_mqtt_filter_valid(law_bytes filter);
/* Does |topic| match |filter| ($share prefix taken off before)? |dollar| rule of 4.7.2 included. */
bool law_mqtt_topic_matches(law_bytes filter, law_bytes topic);
/* Splits "$share/group/filter"; false when it is no shared subscription. */
bool law_mqtt_shared(law_bytes filter, law_bytes *out_group, law_bytes *out_filter);

/* May a packet of this type carry this reason code (5.0 section 2.4)? */
bool law_mqtt_reason_allowed(uint8_t type, uint8_t reason);

/* Reason code and packet type as the specification names them ("Not authorized", "PUBLISH"). */
const char *law_mqtt_reason_name(uint8_t type, uint8_t version, uint8_t reason);
const char *law_mqtt_type_name(uint8_t type);

/* The codec's half of the protocol struct; the monitor's is added where the protocols are listed.
 * */
extern const law_protocol law_mqtt_codec;

#endif
