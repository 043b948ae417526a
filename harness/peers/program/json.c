#include "peers/program/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"
#include "peers/base/memory.h"

typedef enum kind { U8, U16, U32, VARINT, STRING, BINARY, PAIR } kind;

typedef struct property {
  uint8_t id;
  const char *name;
  kind kind;
} property;

static const property properties[] = {
#define PROPERTY(ID, NAME, TEXT, KIND, ...) {ID, #TEXT, KIND},
#include "mqtt/properties.def"
};

enum { NUM_PROPERTIES = sizeof properties / sizeof properties[0], CAP = 65536 };

void law_json_free(law_json_memory *memory) {
  for (size_t i = 0; i < memory->num; i++) {
    free(memory->texts[i]);
  }
  memory->num = 0;
}

/* NULL when a command holds more than any does. */
static uint8_t *allocate(law_json_memory *memory, size_t size) {
  if (memory->num == LAW_JSON_TEXTS) {
    return NULL;
  }
  return memory->texts[memory->num++] = law_alloc(size);
}

static const cJSON *member(const cJSON *object, const char *name) {
  return cJSON_GetObjectItemCaseSensitive(object, name);
}

static law_bytes text_of(const cJSON *item) {
  const char *text = cJSON_GetStringValue(item);
  return text != NULL ? law_bytes_text(text) : law_bytes_of(NULL, 0);
}

law_bytes law_json_text(const cJSON *object, const char *name) {
  return text_of(member(object, name));
}

bool law_json_has(const cJSON *object, const char *name) {
  const cJSON *item = member(object, name);
  return item != NULL && !cJSON_IsNull(item);
}

static uint32_t number_of(const cJSON *item, uint32_t otherwise) {
  if (cJSON_IsBool(item)) {
    return cJSON_IsTrue(item) != 0;
  }
  if (!cJSON_IsNumber(item) || item->valuedouble < 0) {
    return otherwise;
  }
  return item->valuedouble >= UINT32_MAX ? UINT32_MAX : (uint32_t)item->valuedouble;
}

uint32_t law_json_number(const cJSON *object, const char *name, uint32_t otherwise) {
  return number_of(member(object, name), otherwise);
}

static law_bytes from_hex(const char *hex, law_json_memory *memory) {
  size_t len = strlen(hex) / 2;
  uint8_t *out = allocate(memory, len + 1);
  for (size_t i = 0; out != NULL && i < len; i++) {
    const char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
    out[i] = (uint8_t)strtoul(digits, NULL, 16);
  }
  return law_bytes_of(out, out != NULL ? len : 0);
}

law_bytes law_json_payload(const cJSON *object, law_json_memory *memory) {
  const char *hex = cJSON_GetStringValue(member(object, "payload_hex"));
  return hex != NULL ? from_hex(hex, memory) : law_json_text(object, "payload");
}

static const property *find(const char *name) {
  for (size_t i = 0; i < NUM_PROPERTIES; i++) {
    if (strcmp(properties[i].name, name) == 0) {
      return &properties[i];
    }
  }
  return NULL;
}

/* One value; a user property is a pair of texts. */
static void add(law_writer *w, law_list *list, const property *p, const cJSON *value,
                law_json_memory *memory) {
  const char *hex = cJSON_GetStringValue(member(value, "hex"));
  if (p->kind == PAIR) {
    law_mqtt_add_pair(w, list, text_of(cJSON_GetArrayItem(value, 0)),
                      text_of(cJSON_GetArrayItem(value, 1)));
  } else if (p->kind >= STRING) {
    law_mqtt_add_text(w, list, p->id, hex != NULL ? from_hex(hex, memory) : text_of(value));
  } else {
    law_mqtt_add_number(w, list, p->id, number_of(value, 0));
  }
}

bool law_json_properties(const cJSON *object, law_json_memory *memory, law_list *out,
                         const char **out_bad) {
  const cJSON *all = member(object, "properties"), *item, *value;
  uint8_t *bytes = all != NULL ? allocate(memory, CAP) : NULL;
  law_writer w = law_writer_of(bytes, bytes != NULL ? CAP : 0);
  *out = (law_list){bytes, 0, 0};
  cJSON_ArrayForEach(item, all) {
    const property *p = find(item->string);
    if (p == NULL) {
      *out_bad = item->string;
      return false;
    }
    if (cJSON_IsArray(item)) {
      cJSON_ArrayForEach(value, item) { add(&w, out, p, value, memory); }
    } else {
      add(&w, out, p, item, memory);
    }
  }
  *out_bad = "properties";
  return law_writer_ok(&w);
}

/* ---- Back ---- */

cJSON *law_json_hex(law_bytes bytes) {
  static const char digits[] = "0123456789abcdef";
  char *text = law_alloc(bytes.len * 2 + 1);
  for (size_t i = 0; i < bytes.len; i++) {
    text[2 * i] = digits[bytes.data[i] >> 4];
    text[2 * i + 1] = digits[bytes.data[i] & 15];
  }
  cJSON *made = cJSON_CreateString(text);
  free(text);
  return made;
}

cJSON *law_json_string(law_bytes bytes) {
  if (!law_utf8_valid(bytes)) {
    return law_json_hex(bytes);
  }
  uint8_t *text = law_copy(bytes.data, bytes.len);
  cJSON *made = cJSON_CreateString((const char *)text);
  free(text);
  return made;
}

static const property *property_of(uint8_t id) {
  for (size_t i = 0; i < NUM_PROPERTIES; i++) {
    if (properties[i].id == id) {
      return &properties[i];
    }
  }
  return NULL;
}

static cJSON *value_of(const property *p, const law_mqtt_property *found) {
  if (p->kind == PAIR) {
    cJSON *pair = cJSON_CreateArray();
    cJSON_AddItemToArray(pair, law_json_string(found->key));
    cJSON_AddItemToArray(pair, law_json_string(found->text));
    return pair;
  }
  if (p->kind == BINARY) {
    cJSON *object = cJSON_CreateObject();
    cJSON_AddItemToObject(object, "hex", law_json_hex(found->text));
    return object;
  }
  return p->kind == STRING ? law_json_string(found->text) : cJSON_CreateNumber(found->number);
}

/* What may stand several times is a list. */
static void add_value(cJSON *all, const property *p, cJSON *value) {
  bool repeats = p->kind == PAIR || p->id == LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER;
  if (!repeats) {
    cJSON_AddItemToObject(all, p->name, value);
    return;
  }
  cJSON *list = cJSON_GetObjectItemCaseSensitive(all, p->name);
  if (list == NULL) {
    list = cJSON_AddArrayToObject(all, p->name);
  }
  cJSON_AddItemToArray(list, value);
}

cJSON *law_json_from_properties(law_list list) {
  cJSON *all = cJSON_CreateObject();
  law_mqtt_property found;
  while (law_mqtt_next_property(&list, &found)) {
    const property *p = property_of(found.id);
    if (p != NULL) {
      add_value(all, p, value_of(p, &found));
    }
  }
  return all;
}
