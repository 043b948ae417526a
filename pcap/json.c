#include "pcap/json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pcap/words.h"

/* ---- Values ---- */

/* The bytes of one UTF-8 character at |p|, 0 when there is none. |p| ends with a NUL. */
static unsigned utf8_len(const unsigned char *p) {
  unsigned len = p[0] < 0x80 ? 1 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : 0;
  for (unsigned i = 1; i < len; i++) {
    if ((p[i] & 0xc0) != 0x80) {
      return 0;
    }
  }
  return len;
}

/* Bytes that are no text become U+FFFD. */
static void put_string(FILE *out, const char *text) {
  const unsigned char *p = (const unsigned char *)text;
  fputc('"', out);
  while (*p) {
    unsigned len = utf8_len(p);
    if (*p == '"' || *p == '\\') {
      fprintf(out, "\\%c", *p);
    } else if (*p < 0x20 || *p == 0x7f) {
      fprintf(out, "\\u%04x", *p);
    } else if (len == 0) {
      fputs("\\ufffd", out);
    } else {
      fwrite(p, 1, len, out);
    }
    p += len > 0 ? len : 1;
  }
  fputc('"', out);
}

static void put_key(FILE *out, const char *name) { fprintf(out, ", \"%s\": ", name); }

static void put_text(FILE *out, const char *name, const char *text) {
  put_key(out, name);
  if (text) {
    put_string(out, text);
  } else {
    fputs("null", out);
  }
}

static void put_number(FILE *out, const char *name, uint64_t number) {
  put_key(out, name);
  fprintf(out, "%" PRIu64, number);
}

/* Seconds, of nanoseconds. */
static void put_time(FILE *out, const char *name, uint64_t ns) {
  put_key(out, name);
  fprintf(out, "%" PRIu64 ".%09" PRIu64, ns / 1000000000, ns % 1000000000);
}

/* ---- Messages and violations ---- */

static void put_begin(law_print_json *p, const char *kind) {
  fputs(p->lines ? "{" : p->num > 0 ? ",\n  {" : "\n  {", p->out);
  if (p->lines) {
    fprintf(p->out, "\"record\": \"%s\", ", kind);
  }
  p->num++;
}

static void put_where(law_print_json *p, const law_flow *flow, const char *transport,
                      const law_told *told, const law_place *place) {
  char source[LAW_WORDS_ENDPOINT], to[LAW_WORDS_ENDPOINT];
  uint64_t first = law_check_total(p->check)->first_time;
  law_words_endpoint(&flow->end[told->from], source);
  law_words_endpoint(&flow->end[1 - told->from], to);
  fputs("\"frame\": ", p->out);
  if (place->frame > 0) {
    fprintf(p->out, "%" PRIu64, place->frame);
  } else {
    fputs("null", p->out);
  }
  put_time(p->out, "time", told->time > first ? told->time - first : 0);
  put_number(p->out, "flow", flow->number);
  put_text(p->out, "from", law_words_side(told->side));
  put_text(p->out, "source", source);
  put_text(p->out, "destination", to);
  put_text(p->out, "transport", transport);
  put_text(p->out, "protocol", told->name);
}

static void put_frame_offset(law_print_json *p, const law_place *place) {
  put_key(p->out, "frame_offset");
  if (place->at != LAW_AT_NOWHERE && place->frame > 0) {
    fprintf(p->out, "%" PRIu32, place->at);
  } else {
    fputs("null", p->out);
  }
}

static void put_type(law_print_json *p, const law_told *told) {
  char type[LAW_WORDS_TYPE];
  law_words_type(told->protocol, told->wire, told->type ? told->type->name : NULL, type);
  put_text(p->out, "message", told->wire.len > 0 ? type : NULL);
}

/* The decoded message; large ones are cut by a second try with room for all of it. */
static void put_decoded(law_print_json *p, const law_told *told) {
  char small[LAW_WORDS_MESSAGE];
  size_t len = law_words_json(told, small, sizeof small);
  put_key(p->out, "fields");
  if (len < sizeof small) {
    fputs(small, p->out);
    return;
  }
  char *large = malloc(len + 1);
  if (large) {
    (void)law_words_json(told, large, len + 1);
  }
  fputs(large ? large : "null", p->out);
  free(large);
}

static void put_message(void *user, const law_flow *flow, const char *transport,
                        const law_told *told) {
  law_print_json *p = user;
  put_begin(p, "message");
  put_where(p, flow, transport, told, &told->place);
  put_type(p, told);
  put_number(p->out, "length", told->wire.len);
  put_text(p->out, "status",
           told->kind == LAW_TOLD_CUT ? "cut short" : law_status_name(told->status));
  fprintf(p->out, ", \"judged\": %s", told->unsure ? "false" : "true");
  put_frame_offset(p, &told->place);
  put_number(p->out, "last_frame", told->last.frame);
  put_decoded(p, told);
  fputs("}\n", p->out);
}

static void put_item(void *user, const law_check_item *item, bool shown) {
  law_print_json *p = user;
  char text[LAW_WORDS_MESSAGE];
  bool wire = item->requirement != LAW_R_NONE;
  if (!shown) {
    return;
  }
  put_begin(p, "violation");
  put_where(p, item->flow, item->transport, item->told, &item->place);
  put_text(p->out, "requirement", wire ? law_requirements[item->requirement].id : NULL);
  put_text(p->out, "level", wire ? law_requirements[item->requirement].level : NULL);
  put_number(p->out, "offset", item->offset);
  put_text(p->out, "kind", wire ? "wire" : "cut short");
  put_frame_offset(p, &item->place);
  put_type(p, item->told);
  put_number(p->out, "length", item->told->wire.len);
  put_number(p->out, "message_frame", item->told->place.frame);
  put_number(p->out, "last_frame", item->told->last.frame);
  text[0] = 0;
  if (item->told->protocol && item->told->wire.len > 0) {
    law_words_message(item->told, text, sizeof text);
  }
  put_text(p->out, "text", text[0] ? text : NULL);
  fputs(p->lines ? "}\n" : "}", p->out);
}

law_check_output law_json_output(law_print_json *p) {
  return (law_check_output){.user = p, .message = p->lines ? put_message : NULL, .item = put_item};
}

/* ---- The document ---- */

static void put_counts(law_print_json *p, const law_check_totals *t) {
  char type[LAW_WORDS_TYPE];
  fputs(", \"messages\": {", p->out);
  for (size_t i = 0; i < t->num_protocols; i++) {
    const char *before = "";
    fprintf(p->out, "%s\"%s\": {", i > 0 ? ", " : "", t->protocols[i]->name);
    for (unsigned code = 0; code < LAW_CHECK_CODES; code++) {
      uint64_t num = t->messages[i][code];
      (void)snprintf(type, sizeof type, "RESERVED%u", code);
      if (num > 0) {
        const char *name = t->names[i][code];
        fprintf(p->out, "%s\"%s\": %" PRIu64, before, name ? name : type, num);
        before = ", ";
      }
    }
    fputs("}", p->out);
  }
  fputs("}", p->out);
}

static void put_variants(law_print_json *p, const law_check_totals *t) {
  fputs(", \"variants\": {", p->out);
  for (size_t i = 0; i < t->num_protocols; i++) {
    const char *before = "";
    const char *const *names = t->protocols[i]->variants;
    fprintf(p->out, "%s\"%s\": {", i > 0 ? ", " : "", t->protocols[i]->name);
    for (size_t v = 0; v < LAW_CHECK_VARIANTS; v++) {
      const char *name = v == LAW_CHECK_VARIANTS - 1 ? "unknown"
                         : names && *names           ? *names++
                                                     : NULL;
      if (name && t->variants[i][v] > 0) {
        fprintf(p->out, "%s\"%s\": %" PRIu64, before, name, t->variants[i][v]);
        before = ", ";
      }
    }
    fputs("}", p->out);
  }
  fputs("}", p->out);
}

static void put_rules(law_print_json *p, const law_check_totals *t) {
  const char *before = "";
  fputs(", \"requirements\": [", p->out);
  for (unsigned r = 0; r < LAW_R_COUNT; r++) {
    if (t->violations[r] == 0) {
      continue;
    }
    fprintf(p->out, "%s{\"id\": \"%s\"", before, law_requirements[r].id);
    put_text(p->out, "level", law_requirements[r].level);
    put_text(p->out, "statement", law_requirements[r].statement);
    put_number(p->out, "violations", t->violations[r]);
    put_number(p->out, "flows", t->flows_with[r]);
    put_number(p->out, "by_client", t->by_side[r][LAW_CLIENT]);
    put_number(p->out, "by_server", t->by_side[r][LAW_SERVER]);
    fputs("}", p->out);
    before = ",\n  ";
  }
  fputs("]", p->out);
}

static void put_reasons(law_print_json *p, const law_check_totals *t) {
  fputs(", \"not_judged\": [", p->out);
  for (size_t i = 0; i < t->num_reasons; i++) {
    const law_check_reason *r = &t->reasons[i];
    fprintf(p->out, "%s{\"reason\": ", i > 0 ? ",\n  " : "");
    put_string(p->out, r->what);
    put_number(p->out, "flows", r->flows);
    put_number(p->out, "packets", r->packets);
    put_number(p->out, "bytes", r->bytes);
    put_number(p->out, "first_frame", r->first_frame);
    fputs("}", p->out);
  }
  fputs("]", p->out);
}

static void put_capture(law_print_json *p, const law_check_totals *t, const char *error) {
  const law_reader_counts *c = law_check_counts(p->check);
  fprintf(p->out, ", \"capture\": {\"packets\": %" PRIu64, c->packets);
  put_number(p->out, "bytes", c->bytes);
  put_number(p->out, "flows", c->flows);
  put_number(p->out, "judged_flows", t->judged_flows);
  put_number(p->out, "lost_bytes", c->lost_bytes);
  put_number(p->out, "cut_bytes", c->cut_bytes);
  put_number(p->out, "out_of_order", c->out_of_order);
  put_number(p->out, "retransmitted", c->old);
  put_time(p->out, "began", t->first_time);
  put_time(p->out, "seconds", t->last_time > t->first_time ? t->last_time - t->first_time : 0);
  put_text(p->out, "error", error);
  fputs("}", p->out);
}

void law_json_begin(law_print_json *p) {
  if (!p->lines) {
    fputs("{\"file\": ", p->out);
    put_string(p->out, p->file);
    fputs(", \"violations\": [", p->out);
  }
}

void law_json_end(law_print_json *p, const char *error, int status) {
  const law_check_totals *t = law_check_total(p->check);
  if (p->lines) {
    fputs("{\"record\": \"summary\", \"file\": ", p->out);
    put_string(p->out, p->file);
  } else {
    fputs("]", p->out);
  }
  put_counts(p, t);
  put_variants(p, t);
  put_rules(p, t);
  put_reasons(p, t);
  fprintf(p->out, ", \"totals\": {\"must\": %" PRIu64, t->num_must);
  put_number(p->out, "other", t->num_other);
  put_number(p->out, "cut_short", t->num_cut);
  put_number(p->out, "messages", t->num_messages);
  put_number(p->out, "not_judged_messages", t->num_unsure);
  fputs("}", p->out);
  put_capture(p, t, error);
  put_number(p->out, "exit", (uint64_t)status);
  fputs("}\n", p->out);
}
