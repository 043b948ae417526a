/* json.h: what a check found, as JSON for machines: one document, or, with messages, JSON lines. */
#ifndef LAW_PCAP_JSON_H
#define LAW_PCAP_JSON_H

#include <stdio.h>

#include "pcap/check.h"

typedef struct law_print_json {
  FILE *out;
  const char *file;
  bool lines; /* a line for each message and violation, the summary last */
  uint64_t num;
  const law_check *check; /* set once it is made */
} law_print_json;

law_check_output law_json_output(law_print_json *p);
/* Before the first item. */
void law_json_begin(law_print_json *p);
/* |error|: NULL, or why the capture could not be read to its end; |status|: the exit status. */
void law_json_end(law_print_json *p, const char *error, int status);

#endif
