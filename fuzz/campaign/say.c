#include "campaign/say.h"

#include <inttypes.h>
#include <stdio.h>

void law_say_begin(const char *event) { (void)printf("{\"event\": \"%s\"", event); }

void law_say_number(const char *name, uint64_t value) {
  (void)printf(", \"%s\": %" PRIu64, name, value);
}

void law_say_text(const char *name, const char *value) {
  if (value == NULL) {
    return;
  }
  (void)printf(", \"%s\": \"", name);
  for (; *value != '\0'; value++) {
    unsigned char ch = (unsigned char)*value;
    if (ch < 0x20 || ch == '"' || ch == '\\') {
      (void)printf("\\u%04x", ch);
    } else {
      (void)putchar(ch);
    }
  }
  (void)putchar('"');
}

void law_say_hex(const char *name, law_bytes bytes) {
  (void)printf(", \"%s\": \"", name);
  for (size_t i = 0; i < bytes.len; i++) {
    (void)printf("%02x", bytes.data[i]);
  }
  (void)putchar('"');
}

void law_say_end(void) {
  (void)puts("}");
  (void)fflush(stdout);
}
