/* print.h: what a check found, as text for people. */
#ifndef LAW_PCAP_PRINT_H
#define LAW_PCAP_PRINT_H

#include <stdio.h>

#include "pcap/check.h"

typedef struct law_print_text {
  FILE *out;
  const char *file;
  bool colour;
  bool messages;          /* print them all */
  const law_check *check; /* set once it is made */
} law_print_text;

law_check_output law_print_output(law_print_text *p);
/* The summary. |error|: NULL, or why the capture could not be read to its end. */
void law_print_summary(law_print_text *p, const char *error);

#endif
