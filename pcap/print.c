#include "pcap/print.h"

#include <inttypes.h>
#include <string.h>

#include "pcap/words.h"

#define SECOND UINT64_C(1000000000)

typedef struct style {
  const char *red, *yellow, *dim, *bold, *off;
} style;

static const style *style_of(const law_print_text *p) {
  static const style plain = {"", "", "", "", ""};
  static const style coloured = {"\x1b[31m", "\x1b[33m", "\x1b[2m", "\x1b[1m", "\x1b[0m"};
  return p->colour ? &coloured : &plain;
}

/* ---- Lines ---- */

static void print_where(const law_print_text *p, const law_flow *flow, unsigned from,
                        const law_place *place, uint64_t time) {
  char source[LAW_WORDS_ENDPOINT], to[LAW_WORDS_ENDPOINT];
  uint64_t first = law_check_total(p->check)->first_time;
  uint64_t since = time > first ? time - first : 0;
  law_words_endpoint(&flow->end[from], source);
  law_words_endpoint(&flow->end[1 - from], to);
  if (place->frame > 0) {
    fprintf(p->out, "frame %" PRIu64 "  ", place->frame);
  } else {
    fprintf(p->out, "at the end  ");
  }
  fprintf(p->out, "%" PRIu64 ".%06" PRIu64 " s  flow %" PRIu64 "  %s > %s  ", since / SECOND,
          since % SECOND / 1000, flow->number, source, to);
}

static void print_message(void *user, const law_flow *flow, const char *transport,
                          const law_told *told) {
  law_print_text *p = user;
  char text[LAW_WORDS_MESSAGE];
  (void)transport;
  law_words_message(told, text, sizeof text);
  print_where(p, flow, told->from, &told->place, told->time);
  fprintf(p->out, "%s%s\n", text,
          told->kind == LAW_TOLD_CUT    ? "  (cut short)"
          : told->kind == LAW_TOLD_LONG ? "  (too long to be judged)"
          : told->unsure                ? "  (not judged: what came before is missing)"
                                        : "");
}

/* "PUBLISH from the client, byte 1" */
static void print_what(const law_print_text *p, const law_check_item *item) {
  char type[LAW_WORDS_TYPE];
  const law_told *told = item->told;
  const char *side = law_words_side(told->side);
  if (item->message && told->protocol) {
    law_words_type(told->protocol, told->wire, told->type ? told->type->name : NULL, type);
    fprintf(p->out, "%s", type);
  } else {
    fprintf(p->out, "%s", item->message ? "a frame" : "nothing came in time");
  }
  if (side) {
    fprintf(p->out, " from the %s", side);
  }
  if (item->message) {
    fprintf(p->out, ", byte %u", (unsigned)item->offset);
  }
}

static void print_violation(law_print_text *p, const law_check_item *item) {
  const style *s = style_of(p);
  const law_requirement_info *info = &law_requirements[item->requirement];
  bool must = law_check_is_must(item->requirement);
  print_where(p, item->flow, item->told->from, &item->place, item->told->time);
  fprintf(p->out, "%s%s%s  ", must ? s->red : s->yellow, info->id, s->off);
  print_what(p, item);
  fprintf(p->out, "\n    %s%s: %s%s\n", s->dim, info->level, info->statement, s->off);
}

static void print_cut(law_print_text *p, const law_check_item *item) {
  const style *s = style_of(p);
  const law_told *told = item->told;
  char type[LAW_WORDS_TYPE];
  law_words_type(told->protocol, told->wire, told->type ? told->type->name : NULL, type);
  print_where(p, item->flow, told->from, &item->place, told->time);
  fprintf(p->out, "%scut short%s  %s, of which the capture has the first %u bytes\n", s->yellow,
          s->off, type, (unsigned)item->offset);
}

static void print_item(void *user, const law_check_item *item, bool shown) {
  law_print_text *p = user;
  if (!shown) {
    return;
  }
  if (item->requirement == LAW_R_NONE) {
    print_cut(p, item);
  } else {
    print_violation(p, item);
  }
}

law_check_output law_print_output(law_print_text *p) {
  return (law_check_output){
      .user = p, .message = p->messages ? print_message : NULL, .item = print_item};
}

/* ---- The summary ---- */

static void print_counts(const law_print_text *p, const law_check_totals *t, size_t protocol) {
  const char *before = "  ";
  char type[LAW_WORDS_TYPE];
  fprintf(p->out, "messages    %s", t->protocols[protocol]->name);
  for (unsigned code = 0; code < LAW_CHECK_CODES; code++) {
    uint64_t num = t->messages[protocol][code];
    if (num > 0) {
      const char *name = t->names[protocol][code];
      (void)snprintf(type, sizeof type, "RESERVED%u", code);
      fprintf(p->out, "%s%s %" PRIu64, before, name ? name : type, num);
      before = ", ";
    }
  }
  fprintf(p->out, "\n");
}

static void print_rule(const law_print_text *p, const law_check_totals *t, unsigned r) {
  const law_requirement_info *info = &law_requirements[r];
  const style *s = style_of(p);
  bool must = law_check_is_must((law_requirement)r);
  fprintf(p->out, "  %s%-26s%s %-10s %" PRIu64 " in %" PRIu64 " flow%s", must ? s->red : s->yellow,
          info->id, s->off, info->level, t->violations[r], t->flows_with[r],
          t->flows_with[r] == 1 ? "" : "s");
  for (int side = LAW_CLIENT; side <= LAW_SERVER; side++) {
    if (t->by_side[r][side] > 0) {
      fprintf(p->out, ", %" PRIu64 " by the %s", t->by_side[r][side], law_words_side(side));
    }
  }
  fprintf(p->out, "\n");
}

static void print_rules(const law_print_text *p, const law_check_totals *t) {
  if (t->num_must + t->num_other > 0) {
    fprintf(p->out, "violations  %" PRIu64 " of MUST level, %" PRIu64 " of others\n", t->num_must,
            t->num_other);
  }
  for (unsigned r = 0; r < LAW_R_COUNT; r++) {
    if (t->violations[r] > 0) {
      print_rule(p, t, r);
    }
  }
}

static void print_reason(const law_print_text *p, const law_check_reason *r) {
  fprintf(p->out, "  %s (", r->what);
  if (r->flows > 0) {
    fprintf(p->out, "%" PRIu64 " flow%s, ", r->flows, r->flows == 1 ? "" : "s");
  }
  if (r->packets > 0 && r->flows == 0) {
    fprintf(p->out, "%" PRIu64 " packet%s, ", r->packets, r->packets == 1 ? "" : "s");
  }
  fprintf(p->out, "%" PRIu64 " bytes, first at frame %" PRIu64 ")\n", r->bytes, r->first_frame);
}

static void print_unjudged(const law_print_text *p, const law_check_totals *t) {
  if (t->num_reasons > 0) {
    fprintf(p->out, "not judged\n");
  }
  for (size_t i = 0; i < t->num_reasons; i++) {
    print_reason(p, &t->reasons[i]);
  }
}

static void print_verdict(const law_print_text *p, const law_check_totals *t) {
  const style *s = style_of(p);
  if (t->num_must + t->num_other > 0) {
    fprintf(p->out, "%s%" PRIu64 " violation%s%s\n", t->num_must > 0 ? s->red : s->yellow,
            t->num_must + t->num_other, t->num_must + t->num_other == 1 ? "" : "s", s->off);
  } else if (t->num_messages == 0) {
    fprintf(p->out, "%snothing could be judged%s\n", s->yellow, s->off);
  } else {
    fprintf(p->out, "no violation in %" PRIu64 " message%s%s\n", t->num_messages,
            t->num_messages == 1 ? "" : "s",
            t->num_reasons > 0 ? ", as far as they could be judged" : "");
  }
}

void law_print_summary(law_print_text *p, const char *error) {
  const law_check_totals *t = law_check_total(p->check);
  const law_reader_counts *counts = law_check_counts(p->check);
  const style *s = style_of(p);
  uint64_t lasted = t->last_time > t->first_time ? t->last_time - t->first_time : 0;
  fprintf(p->out,
          "%s%s%s  %" PRIu64 " frames, %" PRIu64 " of %" PRIu64 " flows judged, %" PRIu64
          ".%03" PRIu64 " s\n",
          s->bold, p->file, s->off, counts->packets, t->judged_flows, counts->flows,
          lasted / SECOND, lasted % SECOND / 1000000);
  for (size_t i = 0; i < t->num_protocols; i++) {
    print_counts(p, t, i);
  }
  print_rules(p, t);
  if (t->num_cut > 0) {
    fprintf(p->out, "cut short   %" PRIu64 " message%s, by the capture and not by who sent them\n",
            t->num_cut, t->num_cut == 1 ? "" : "s");
  }
  print_unjudged(p, t);
  if (error) {
    fprintf(p->out, "the capture itself: %s\n", error);
  }
  print_verdict(p, t);
}
