#include <string.h>

#include "coap/coap.h"
#include "monitors/judge.h"
#include "monitors/mqtt/mqtt.h"

const law_protocol *const law_protocols[] = {&law_mqtt, &law_coap, NULL};

static bool goes_by(const law_protocol *protocol, const char *name) {
  if (strcmp(protocol->name, name) == 0) {
    return true;
  }
  for (const char *const *scheme = protocol->schemes; scheme && *scheme; scheme++) {
    if (strcmp(*scheme, name) == 0) {
      return true;
    }
  }
  return false;
}

const law_protocol *law_protocol_find(const char *name) {
  for (const law_protocol *const *p = law_protocols; *p; p++) {
    if (goes_by(*p, name)) {
      return *p;
    }
  }
  return NULL;
}
