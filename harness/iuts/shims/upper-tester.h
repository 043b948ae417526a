/* What an upper-tester shim in C needs: members of a command, and events as JSON lines (docs/iut.md). */
#ifndef WIRELAW_UPPER_TESTER_H
#define WIRELAW_UPPER_TESTER_H

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  char *data;
  int len;
} bytes;

static inline const char *text(const cJSON *command, const char *name) {
  return cJSON_GetStringValue(cJSON_GetObjectItem(command, name)); /* NULL: not there */
}

static inline int number(const cJSON *command, const char *name, int otherwise) {
  const cJSON *item = cJSON_GetObjectItem(command, name);
  return cJSON_IsBool(item) ? cJSON_IsTrue(item) : cJSON_IsNumber(item) ? item->valueint : otherwise;
}

/* The payload of a publish or a will, in memory that lives as long as the program. */
static inline bytes payload(const cJSON *command) {
  const char *hex = text(command, "payload_hex"), *plain = text(command, "payload");
  if (!hex) return (bytes){strdup(plain ? plain : ""), plain ? (int)strlen(plain) : 0};
  bytes out = {malloc(strlen(hex) / 2 + 1), (int)(strlen(hex) / 2)};
  for (int i = 0; i < out.len; i++) {
    char digits[3] = {hex[2 * i], hex[2 * i + 1], 0};
    out.data[i] = (char)strtol(digits, NULL, 16);
  }
  return out;
}

/* Prints and frees `event`: one call, so that lines of several threads never mix. */
static inline void tell(cJSON *event) {
  char *line = cJSON_PrintUnformatted(event);
  printf("%s\n", line);
  fflush(stdout);
  free(line);
  cJSON_Delete(event);
}

static inline cJSON *event(const char *kind, const char *verb, const char *detail) {
  cJSON *made = cJSON_CreateObject();
  cJSON_AddStringToObject(made, "event", kind);
  if (verb) cJSON_AddStringToObject(made, "do", verb);
  if (detail) cJSON_AddStringToObject(made, "detail", detail);
  return made;
}

static inline void tell_message(const char *topic, const void *data, int len, int qos, int retain) {
  char *hex = malloc((size_t)len * 2 + 1);
  for (int i = 0; i < len; i++) sprintf(hex + 2 * i, "%02x", ((const unsigned char *)data)[i]);
  hex[2 * len] = 0;
  cJSON *made = event("message", NULL, NULL);
  cJSON_AddStringToObject(made, "topic", topic);
  cJSON_AddStringToObject(made, "payload_hex", hex);
  cJSON_AddNumberToObject(made, "qos", qos);
  cJSON_AddBoolToObject(made, "retain", retain);
  free(hex);
  tell(made);
}

#endif
