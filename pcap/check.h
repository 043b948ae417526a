/* check.h: a capture judged: what a reader tells goes through streams; what comes out is counted
 * and handed to an output, in the capture's order. The first few of each rule in each flow are
 * handed on, the rest is counted. Memory does not grow with the capture. */
#ifndef LAW_PCAP_CHECK_H
#define LAW_PCAP_CHECK_H

#include "pcap/reader.h"
#include "pcap/stream.h"

enum {
  LAW_CHECK_PROTOCOLS = 8,
  LAW_CHECK_CODES = 256,
  LAW_CHECK_VARIANTS = 8,
  LAW_CHECK_REASONS = 256, /* different ones; the rest goes by one name */
};

/* One violation, or one message that is cut short. Lives until the output returns. */
typedef struct law_check_item {
  const law_flow *flow;
  const law_told *told;
  const char *transport;
  law_requirement requirement; /* LAW_R_NONE: cut short */
  uint32_t offset;             /* in the message; of what is cut short: of the first missing byte */
  law_place place;             /* of that byte */
  bool message;                /* there is one; else nothing came where something had to */
  uint64_t nth;                /* of its flow and rule, from 1 */
} law_check_item;

typedef struct law_check_reason {
  char *what;
  uint64_t flows, packets, bytes, first_frame;
} law_check_reason;

/* What was found. */
typedef struct law_check_totals {
  const law_protocol *protocols[LAW_CHECK_PROTOCOLS];
  uint64_t messages[LAW_CHECK_PROTOCOLS][LAW_CHECK_CODES];
  const char *names[LAW_CHECK_PROTOCOLS][LAW_CHECK_CODES]; /* NULL: unassigned */
  uint64_t variants[LAW_CHECK_PROTOCOLS][LAW_CHECK_VARIANTS]; /* flows; the last: not known */
  size_t num_protocols;
  uint64_t violations[LAW_R_COUNT];
  uint64_t by_side[LAW_R_COUNT][3]; /* law_side; 2: not known */
  uint64_t flows_with[LAW_R_COUNT];
  uint64_t num_must, num_other; /* violations of MUST level, and of others */
  uint64_t num_cut, num_long;   /* messages: cut short, too long to be judged */
  uint64_t num_messages, num_unsure;
  uint64_t judged_flows;
  uint64_t first_time, last_time; /* ns since 1970 */
  law_check_reason reasons[LAW_CHECK_REASONS];
  size_t num_reasons;
} law_check_totals;

typedef struct law_check_output {
  void *user;
  /* NULL: not asked for. |shown|: whether it is one of the first of its flow and rule. */
  void (*message)(void *user, const law_flow *flow, const char *transport, const law_told *told);
  void (*item)(void *user, const law_check_item *item, bool shown);
  /* |from| sends nothing any more, as |frame| says. What it sent may still be told after that, when it
   * was held until it was known what it is. NULL: not asked for. */
  void (*ended)(void *user, const law_flow *flow, unsigned from, law_end how, uint64_t frame,
                uint64_t time);
  /* The capture lacks bytes of |from|, before what is told next; 0: nobody knows how many. NULL: not
   * asked for. */
  void (*lacks)(void *user, const law_flow *flow, unsigned from, const law_place *place,
                uint64_t num_bytes);
} law_check_output;

typedef struct law_check_options {
  const law_decode_as *as;
  size_t num_as;
  const char *variant;     /* see law_stream_env */
  bool complete;           /* every connection of its servers is in the capture, from the start */
  bool both;               /* judge both sides, also in the capture of a run of our own */
  uint64_t few;            /* of each flow and rule are shown; 0: all */
  const law_requirement *only; /* LAW_R_NONE at the end; NULL: all */
  unsigned least;          /* 0: all levels; 1: SHOULD and MUST; 2: MUST */
  law_reader_options reader;
} law_check_options;

typedef struct law_check law_check;

/* Both are copied, what they point at is borrowed. |secrets| are borrowed. NULL: no memory. */
law_check *law_check_new(const law_check_options *options, const law_pcap_secrets *secrets,
                         const law_check_output *output);
void law_check_free(law_check *c);

/* A comment of the packet that comes next, as a source tells it. */
void law_check_comment(law_check *c, uint64_t frame, law_bytes text);
/* What comes next, as law_reader_ready has it. */
void law_check_ready(law_check *c, const law_packet *packets, size_t num);
void law_check_packet(law_check *c, const law_packet *packet);
/* The capture is over. */
void law_check_end(law_check *c);

const law_check_totals *law_check_total(const law_check *c);
const law_reader_counts *law_check_counts(const law_check *c);

/* "MUST" ... of a requirement; whether it is a MUST or MUST NOT. */
bool law_check_is_must(law_requirement r);

#endif
