#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#include "peers/program/verbs.h"

static void add_json(void *user, const law_fault_info *info) {
  cJSON *row = cJSON_CreateObject(), *ids = cJSON_CreateArray();
  cJSON_AddStringToObject(row, "name", info->name);
  cJSON_AddStringToObject(row, "role", info->role == LAW_SERVER ? "server" : "client");
  if (info->mqtt5 != NULL) {
    cJSON_AddItemToArray(ids, cJSON_CreateString(info->mqtt5));
  }
  if (info->mqtt311 != NULL) {
    cJSON_AddItemToArray(ids, cJSON_CreateString(info->mqtt311));
  }
  cJSON_AddItemToObject(row, "requirements", ids);
  cJSON_AddStringToObject(row, "text", info->text);
  cJSON_AddItemToArray(user, row);
}

static void print_line(void *user, const law_fault_info *info) {
  (void)user;
  printf("%-44s %-6s %-28s %-28s %s\n", info->name, info->role == LAW_SERVER ? "server" : "client",
         info->mqtt5 != NULL ? info->mqtt5 : "-", info->mqtt311 != NULL ? info->mqtt311 : "-",
         info->text);
}

static void print_json(void) {
  cJSON *all = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(all, "faults");
  law_faults_each(add_json, list);
  char *text = cJSON_Print(all);
  if (text != NULL) {
    puts(text);
  }
  free(text);
  cJSON_Delete(all);
}

int law_verb_faults(const law_options *o) {
  if (o->json) {
    print_json();
  } else {
    law_faults_each(print_line, NULL);
  }
  return 0;
}
