#include "support.h"

uint8_t *exact_copy(law_bytes b) {
  uint8_t *copy = malloc(b.len > 0 ? b.len : 1);
  assert_non_null(copy);
  if (b.len > 0) {
    memcpy(copy, b.data, b.len);
  }
  return copy;
}

static unsigned digit_of(char c) {
  return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

law_bytes hex(const char *digits) {
  static uint8_t rooms[2][1024];
  static size_t turn;
  uint8_t *out = rooms[turn++ % 2];
  size_t len = 0;
  while (*digits != '\0') {
    if (*digits == ' ') {
      digits++;
      continue;
    }
    assert_true(len < sizeof rooms[0]);
    out[len++] = (uint8_t)(digit_of(digits[0]) << 4 | digit_of(digits[1]));
    digits += 2;
  }
  return law_bytes_of(out, len);
}

const char *to_hex(law_bytes b) {
  static char text[4096];
  size_t len = b.len < sizeof text / 2 - 1 ? b.len : sizeof text / 2 - 1;
  for (size_t i = 0; i < len; i++) {
    (void)snprintf(text + 2 * i, 3, "%02x", b.data[i]);
  }
  text[2 * len] = '\0';
  return text;
}

const law_protocol *protocol_for(const char *variant) {
  return strcmp(variant, "coap") == 0 ? &law_coap : &law_mqtt_codec;
}

void dissect_again(subject *s, law_bytes wire) {
  s->wire = wire;
  memset(&s->walked, 0, sizeof s->walked);
  if (s->protocol != &law_coap) {
    s->walked.version = s->context.version != 0 ? s->context.version : s->context.assumed;
  }
  s->num = s->type == NULL ? 0 : law_dissect(s->type, &s->walked, wire, s->spans, LAW_MAX_SPANS);
}

void examine(subject *s, const char *variant, law_side from, law_bytes wire) {
  memset(&s->violation, 0, sizeof s->violation);
  s->protocol = protocol_for(variant);
  s->protocol->begin(variant, &s->context);
  s->status = s->protocol->decode(&s->context, from, wire, &s->message, &s->violation);
  s->type = s->protocol->type_of(&s->context, wire);
  dissect_again(s, wire);
}

const char *json_of(const subject *s) {
  static char text[1 << 16];
  size_t len = law_json(s->type, s->spans, s->num, s->wire, text, sizeof text);
  assert_true(len < sizeof text);
  return text;
}
