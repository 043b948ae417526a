#include "pcap/known.h"

#include <stdio.h>
#include <string.h>

static const char form[] = "wirelaw: protocol=%s transport=%s judged=%s world=%u";

void law_known_print(const law_known *known, char out[LAW_KNOWN_TEXT]) {
  const char *transport = known->ciphertext ? "tls" : known->websocket ? "ws" : "stream";
  (void)snprintf(out, LAW_KNOWN_TEXT, form, known->variant, transport,
                 known->judged == LAW_CLIENT ? "client" : "server", (unsigned)known->world);
}

bool law_known_parse(law_bytes text, law_known *out) {
  char copy[LAW_KNOWN_TEXT], variant[24], transport[8], judged[8];
  unsigned world;
  if (text.len >= sizeof copy) {
    return false;
  }
  memcpy(copy, text.data, text.len);
  copy[text.len] = 0;
  if (sscanf(copy, "wirelaw: protocol=%23s transport=%7s judged=%7s world=%u", variant, transport,
             judged, &world) != 4) {
    return false;
  }
  *out = (law_known){.judged = strcmp(judged, "client") == 0 ? LAW_CLIENT : LAW_SERVER,
                     .websocket = strcmp(transport, "ws") == 0,
                     .ciphertext = strcmp(transport, "tls") == 0,
                     .world = world};
  memcpy(out->variant, variant, sizeof variant);
  return true;
}
