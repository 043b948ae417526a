#include "pcap/messages.h"

#include <inttypes.h>

#include "pcap/words.h"

static void put_number(FILE *out, const char *name, uint64_t number) {
  fprintf(out, ", \"%s\": %" PRIu64, name, number);
}

/* |text| is a word of ours, or NULL. */
static void put_word(FILE *out, const char *name, const char *text) {
  if (text) {
    fprintf(out, ", \"%s\": \"%s\"", name, text);
  } else {
    fprintf(out, ", \"%s\": null", name);
  }
}

static void put_endpoint(FILE *out, const char *name, const law_endpoint *end) {
  char text[LAW_WORDS_ENDPOINT];
  law_words_endpoint(end, text);
  put_word(out, name, text);
}

static void put_ends(FILE *out, const law_flow *flow, const law_told *told) {
  put_endpoint(out, "source", &flow->end[told->from]);
  put_endpoint(out, "destination", &flow->end[1 - told->from]);
  put_word(out, "from", law_words_side(told->side));
  if (told->side >= 0) {
    unsigned client = told->side == LAW_CLIENT ? told->from : 1 - told->from;
    put_endpoint(out, "client", &flow->end[client]);
    put_endpoint(out, "server", &flow->end[1 - client]);
  } else {
    fputs(", \"client\": null, \"server\": null", out);
  }
}

static void put_wire(FILE *out, law_bytes wire) {
  static const char digits[] = "0123456789abcdef";
  fputs(", \"wire\": \"", out);
  for (size_t i = 0; i < wire.len; i++) {
    putc(digits[wire.data[i] >> 4], out);
    putc(digits[wire.data[i] & 15], out);
  }
  putc('"', out);
}

static void put_violations(FILE *out, const law_told *told) {
  const char *before = "";
  fputs(", \"violations\": [", out);
  for (size_t i = 0; i < told->num_violations; i++) {
    const law_violation *v = &told->violations[i];
    if (v->requirement != LAW_R_NONE) {
      fprintf(out, "%s{\"requirement\": \"%s\", \"offset\": %" PRIu32 "}", before,
              law_requirements[v->requirement].id, v->offset);
      before = ", ";
    }
  }
  putc(']', out);
}

static const char *kind_of(const law_told *told) {
  static const char *const names[] = {"whole", "none", "cut", "long"};
  return names[told->kind];
}

static void put_told(FILE *out, const law_flow *flow, const char *transport, const law_told *told) {
  char type[LAW_WORDS_TYPE];
  fprintf(out, "{\"record\": \"message\", \"flow\": %" PRIu64, flow->number);
  put_number(out, "frame", told->place.frame);
  put_number(out, "last", told->last.frame);
  put_number(out, "time", told->time);
  put_ends(out, flow, told);
  fprintf(out, ", \"from_start\": %s", flow->from_start ? "true" : "false");
  put_word(out, "transport", transport);
  put_word(out, "protocol", told->name);
  put_word(out, "kind", kind_of(told));
  if (told->protocol && told->wire.len > 0) {
    law_words_type(told->protocol, told->wire, told->type ? told->type->name : NULL, type);
    put_word(out, "type", type);
  } else {
    put_word(out, "type", NULL);
  }
  put_word(out, "status", law_status_name(told->status));
  fprintf(out, ", \"judged\": %s", told->unsure ? "false" : "true");
  put_wire(out, told->wire);
  put_violations(out, told);
  fputs("}\n", out);
}

static void put_message(void *user, const law_flow *flow, const char *transport,
                        const law_told *told) {
  put_told(user, flow, transport, told);
}

/* A rule that was broken without a message comes as an item only. */
static void put_item(void *user, const law_check_item *item, bool shown) {
  (void)shown;
  if (item->told->kind == LAW_TOLD_FOUND) {
    put_told(user, item->flow, item->transport, item->told);
  }
}

static void put_end(void *user, const law_flow *flow, unsigned from, law_end how, uint64_t frame,
                    uint64_t time) {
  FILE *out = user;
  fprintf(out, "{\"record\": \"end\", \"flow\": %" PRIu64, flow->number);
  put_number(out, "frame", frame);
  put_number(out, "time", time);
  put_endpoint(out, "end", &flow->end[from]);
  put_word(out, "how", how == LAW_END_RST ? "rst" : "fin");
  fputs("}\n", out);
}

static void put_gap(void *user, const law_flow *flow, unsigned from, const law_place *place,
                    uint64_t num_bytes) {
  FILE *out = user;
  fprintf(out, "{\"record\": \"gap\", \"flow\": %" PRIu64, flow->number);
  put_number(out, "frame", place->frame);
  put_number(out, "time", place->time);
  put_endpoint(out, "end", &flow->end[from]);
  put_number(out, "bytes", num_bytes);
  fputs("}\n", out);
}

law_check_output law_messages_output(FILE *out) {
  return (law_check_output){
      .user = out, .message = put_message, .item = put_item, .ended = put_end, .lacks = put_gap};
}
