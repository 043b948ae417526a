#include "mqtt/properties.h"

#include "mqtt/text.h"

/* ---- tables ---- */

const law_mqtt_property_row law_mqtt_property_rows[LAW_MQTT_MAX_PROPERTY + 1] = {
#define PROPERTY(ID, NAME, name, KIND, MIN, MAX, TYPES, FLAGS) \
  [ID] = {LAW_KIND_##KIND, (uint16_t)(TYPES), MIN, MAX},
#include "mqtt/properties.def"
};

/* A pair is two strings; its second is its value. */
#define VALUE_KIND(kind) ((kind) == LAW_KIND_PAIR ? LAW_KIND_STRING : (kind))
static const law_field value_fields[] = {
#define PROPERTY(ID, NAME, name_, KIND, MIN, MAX, TYPES, FLAGS) \
  {.name = "value", .kind = VALUE_KIND(LAW_KIND_##KIND), .flags = (FLAGS)},
#include "mqtt/properties.def"
};

enum property_index {
#define PROPERTY(ID, NAME, ...) INDEX_##NAME,
#include "mqtt/properties.def"
};

const law_item law_mqtt_property_items[LAW_MQTT_NUM_PROPERTIES] = {
#define PROPERTY(ID, NAME, name_, KIND, MIN, MAX, TYPES, FLAGS)                \
  {ID,                                                                         \
   #name_,                                                                     \
   LAW_KIND_##KIND,                                                            \
   TYPES,                                                                      \
   MIN,                                                                        \
   MAX,                                                                        \
   ID == LAW_MQTT_P_USER_PROPERTY || ID == LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER, \
   &value_fields[INDEX_##NAME]},
#include "mqtt/properties.def"
};

/* ---- decoding ---- */

/* The requirement that a property may not be here: by packet type where it is one of the 27. */
static law_rule not_allowed(uint8_t scope) {
  static const law_rule rules[] = {
      [0] = LAW_MQTT_RULE_ALLOWED_WILL,
      [LAW_MQTT_CONNECT] = LAW_MQTT_RULE_ALLOWED_CONNECT,
      [LAW_MQTT_CONNACK] = LAW_MQTT_RULE_ALLOWED_CONNACK,
      [LAW_MQTT_PUBLISH] = LAW_MQTT_RULE_ALLOWED_PUBLISH,
      [LAW_MQTT_PUBACK] = LAW_MQTT_RULE_ALLOWED_PUBACK,
      [LAW_MQTT_PUBREC] = LAW_MQTT_RULE_ALLOWED_PUBREC,
      [LAW_MQTT_PUBREL] = LAW_MQTT_RULE_ALLOWED_PUBREL,
      [LAW_MQTT_PUBCOMP] = LAW_MQTT_RULE_ALLOWED_PUBCOMP,
      [LAW_MQTT_SUBSCRIBE] = LAW_MQTT_RULE_ALLOWED_SUBSCRIBE,
      [LAW_MQTT_SUBACK] = LAW_MQTT_RULE_ALLOWED_SUBACK,
      [LAW_MQTT_UNSUBSCRIBE] = LAW_MQTT_RULE_ALLOWED_UNSUBSCRIBE,
      [LAW_MQTT_UNSUBACK] = LAW_MQTT_RULE_ALLOWED_UNSUBACK,
      [LAW_MQTT_DISCONNECT] = LAW_MQTT_RULE_ALLOWED_DISCONNECT,
      [LAW_MQTT_AUTH] = LAW_MQTT_RULE_ALLOWED_AUTH,
  };
  return rules[scope];
}

static bool is_known(uint32_t id) {
  return id <= LAW_MQTT_MAX_PROPERTY && law_mqtt_property_rows[id].types != 0;
}

/* The property at |at| stands where it may not. An identifier is a variable byte integer, though
 * all known ones have one byte. */
static LAW_COLD law_breach refuse(law_bytes list, const uint8_t *at, uint8_t scope) {
  law_cursor c = law_cursor_of(list);
  c.at = at;
  uint32_t id = law_mqtt_read_varint(&c, LAW_MQTT_RULE_NONE, LAW_MQTT_RULE_PROPERTY_OVERRUN);
  law_cursor_fail_at(&c, at, is_known(id) ? not_allowed(scope) : LAW_MQTT_RULE_PROPERTY_UNKNOWN);
  return law_cursor_breach(&c);
}

/* Within a list: what runs past it breaks the Property Length (2.2.2.1). */
LAW_INLINE law_bytes read_binary(law_cursor *c) {
  return law_cursor_bytes16(c, LAW_MQTT_RULE_PROPERTY_OVERRUN, LAW_MQTT_RULE_PROPERTY_OVERRUN);
}

LAW_INLINE law_bytes read_string(law_cursor *c, law_rule wildcard) {
  law_bytes text = read_binary(c);
  if (LAW_UNLIKELY(!law_utf8_plain(text, wildcard != 0))) {
    law_cursor_note(c, law_mqtt_check_text(text, wildcard, LAW_MQTT_5));
  }
  return text;
}

/* A Topic Name, so 4.7 holds for it; about wildcards PUBLISH says it again (3.3.2-14). */
LAW_INLINE void read_response_topic(law_cursor *c, uint8_t scope) {
  law_rule wildcard =
      scope == LAW_MQTT_PUBLISH ? LAW_MQTT_RULE_RESPONSE_WILDCARD : LAW_MQTT_RULE_TOPIC_WILDCARD;
  law_bytes topic = read_string(c, wildcard);
  if (LAW_UNLIKELY(topic.len == 0)) {
    law_cursor_fail_at(c, topic.data, LAW_MQTT_RULE_TOPIC_EMPTY);
  }
}

LAW_INLINE void read_value(law_cursor *c, uint8_t id, uint8_t scope,
                           const law_mqtt_property_row *row) {
  const law_rule overrun = LAW_MQTT_RULE_PROPERTY_OVERRUN;
  const uint8_t *at = c->at;
  uint32_t number = row->min;
  switch (row->kind) {
    case LAW_KIND_U8:
      number = law_cursor_u8(c, overrun);
      break;
    case LAW_KIND_U16:
      number = law_cursor_u16(c, overrun);
      break;
    case LAW_KIND_U32:
      number = law_cursor_u32(c, overrun);
      break;
    case LAW_KIND_VARINT:
      number = law_mqtt_read_varint(c, overrun, overrun);
      break;
    case LAW_KIND_BINARY:
      (void)read_binary(c);
      break;
    case LAW_KIND_PAIR:
      (void)read_string(c, LAW_MQTT_RULE_NONE);
      (void)read_string(c, LAW_MQTT_RULE_NONE);
      break;
    default:
      if (id == LAW_MQTT_P_RESPONSE_TOPIC) {
        read_response_topic(c, scope);
      } else {
        (void)read_string(c, LAW_MQTT_RULE_NONE);
      }
      break;
  }
  if (LAW_UNLIKELY(number < row->min || number > row->max) && row->max != 0) {
    law_cursor_note(c, law_breach_at(at, law_mqtt_value_rule(id, scope)));
  }
}

LAW_INLINE bool may_carry(uint8_t id, uint8_t scope) {
  return id <= LAW_MQTT_MAX_PROPERTY && ((law_mqtt_property_rows[id].types >> scope) & 1) != 0;
}

law_breach law_mqtt_check_properties(law_bytes list, uint32_t *out_count, uint8_t scope) {
  law_cursor c = law_cursor_of(list);
  uint64_t seen = 0;
  uint32_t count = 0;
  while (c.at < c.end) {
    const uint8_t *at = c.at;
    uint8_t id = *c.at++;
    if (LAW_UNLIKELY(!may_carry(id, scope))) {
      return refuse(list, at, scope);
    }
    if (LAW_UNLIKELY((seen >> id & 1) != 0)) { /* some may stand there again */
      law_cursor_note(&c, law_breach_at(at, law_mqtt_dup_rule(id, scope)));
    }
    seen |= UINT64_C(1) << id;
    read_value(&c, id, scope, &law_mqtt_property_rows[id]);
    count++;
  }
  *out_count = count;
  return law_cursor_breach(&c);
}

/* ---- iterating a validated list ---- */

static law_bytes take16(const uint8_t **at) {
  uint16_t len = law_load_u16(*at);
  law_bytes b = law_bytes_of(*at + 2, len);
  *at += 2 + len;
  return b;
}

static uint32_t take_varint(const uint8_t **at) {
  uint32_t value = 0;
  unsigned shift = 0;
  uint8_t byte;
  do {
    byte = *(*at)++;
    value |= (uint32_t)(byte & 0x7f) << shift;
    shift += 7;
  } while ((byte & 0x80) != 0);
  return value;
}

bool law_mqtt_next_property(law_list *it, law_mqtt_property *out) {
  if (it->count == 0 || it->len == 0) {
    return false;
  }
  const uint8_t *at = it->data;
  *out = (law_mqtt_property){.id = *at++};
  switch (law_mqtt_property_rows[out->id].kind) {
    case LAW_KIND_U8:
      out->number = *at++;
      break;
    case LAW_KIND_U16:
      out->number = law_load_u16(at);
      at += 2;
      break;
    case LAW_KIND_U32:
      out->number = law_load_u32(at);
      at += 4;
      break;
    case LAW_KIND_VARINT:
      out->number = take_varint(&at);
      break;
    case LAW_KIND_PAIR:
      out->key = take16(&at);
      out->text = take16(&at);
      break;
    default:
      out->text = take16(&at);
      break;
  }
  it->len -= (uint32_t)(at - it->data);
  it->data = at;
  it->count--;
  return true;
}

bool law_mqtt_property_of(const law_list *list, uint8_t id, law_mqtt_property *out) {
  law_list it = *list;
  while (law_mqtt_next_property(&it, out)) {
    if (out->id == id) {
      return true;
    }
  }
  return false;
}

const uint8_t *law_mqtt_find_property(const law_list *list, uint8_t id) {
  law_list it = *list;
  law_mqtt_property p;
  const uint8_t *at = it.data;
  while (law_mqtt_next_property(&it, &p)) {
    if (p.id == id) {
      return at;
    }
    at = it.data;
  }
  return NULL;
}

uint32_t law_mqtt_property_number(const law_list *list, uint8_t id, uint32_t otherwise) {
  law_mqtt_property p;
  return law_mqtt_property_of(list, id, &p) ? p.number : otherwise;
}

/* ---- building ---- */

static size_t begin(law_writer *w, law_list *list, uint8_t id) {
  if (list->count == 0) {
    list->data = w->data + w->len;
  }
  size_t at = w->len;
  law_write_u8(w, id);
  return at;
}

static void end(const law_writer *w, law_list *list, size_t at) {
  list->len += (uint32_t)(w->len - at);
  list->count++;
}

void law_mqtt_add_number(law_writer *w, law_list *list, uint8_t id, uint32_t number) {
  size_t at = begin(w, list, id);
  law_kind kind = id <= LAW_MQTT_MAX_PROPERTY ? law_mqtt_property_rows[id].kind : LAW_KIND_U8;
  if (kind == LAW_KIND_U32) {
    law_write_u32(w, number);
  } else if (kind == LAW_KIND_U16) {
    law_write_u16(w, (uint16_t)number);
  } else if (kind == LAW_KIND_VARINT) {
    law_write_varint(w, number);
  } else {
    law_write_u8(w, (uint8_t)number);
  }
  end(w, list, at);
}

void law_mqtt_add_text(law_writer *w, law_list *list, uint8_t id, law_bytes text) {
  size_t at = begin(w, list, id);
  law_write_bytes16(w, text);
  end(w, list, at);
}

void law_mqtt_add_pair(law_writer *w, law_list *list, law_bytes key, law_bytes value) {
  size_t at = begin(w, list, LAW_MQTT_P_USER_PROPERTY);
  law_write_bytes16(w, key);
  law_write_bytes16(w, value);
  end(w, list, at);
}
