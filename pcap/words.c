#include "pcap/words.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "core/dissect.h"
#include "core/print.h"

void law_words_endpoint(const law_endpoint *end, char out[LAW_WORDS_ENDPOINT]) {
  char text[INET6_ADDRSTRLEN] = "";
  bool six = end->address_len == 16;
  (void)inet_ntop(six ? AF_INET6 : AF_INET, end->address, text, sizeof text);
  (void)snprintf(out, LAW_WORDS_ENDPOINT, six ? "[%s]:%u" : "%s:%u", text, (unsigned)end->port);
}

void law_words_type(const law_protocol *protocol, law_bytes wire, const char *name,
                    char out[LAW_WORDS_TYPE]) {
  if (name) {
    (void)snprintf(out, LAW_WORDS_TYPE, "%s", name);
  } else if (protocol && wire.len > 0) {
    (void)snprintf(out, LAW_WORDS_TYPE, "RESERVED%u", (unsigned)protocol->code_of(wire));
  } else {
    (void)snprintf(out, LAW_WORDS_TYPE, "-");
  }
}

static size_t spans_of(const law_told *told, law_span *spans) {
  uint64_t message[LAW_MAX_MESSAGE_SIZE / 8] = {0};
  if (!told->type || told->wire.len == 0) {
    return 0;
  }
  told->protocol->prepare(told->context, told->type, message);
  return law_dissect(told->type, message, told->wire, spans, LAW_MAX_SPANS);
}

void law_words_message(const law_told *told, char *out, size_t cap) {
  static law_span spans[LAW_MAX_SPANS];
  size_t num = spans_of(told, spans);
  if (num > 0) {
    (void)law_print(told->type, spans, num, told->wire, out, cap);
  } else {
    char type[LAW_WORDS_TYPE];
    law_words_type(told->protocol, told->wire, NULL, type);
    (void)snprintf(out, cap, "%s", type);
  }
}

size_t law_words_json(const law_told *told, char *out, size_t cap) {
  static law_span spans[LAW_MAX_SPANS];
  size_t num = spans_of(told, spans);
  if (num > 0) {
    return law_json(told->type, spans, num, told->wire, out, cap);
  }
  char type[LAW_WORDS_TYPE];
  law_words_type(told->protocol, told->wire, NULL, type);
  return (size_t)snprintf(out, cap, "{\"type\": \"%s\"}", type);
}

const char *law_words_side(int side) {
  return side == LAW_CLIENT ? "client" : side == LAW_SERVER ? "server" : NULL;
}
