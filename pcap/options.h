/* options.h: the command line of `wirelaw-pcap check`. */
#ifndef LAW_PCAP_OPTIONS_H
#define LAW_PCAP_OPTIONS_H

#include "pcap/check.h"

enum { LAW_MAX_AS = 64, LAW_MAX_ONLY = 256 };

typedef struct law_check_command {
  const char *file; /* NULL: a live capture */
  const char *live;
  const char *filter;
  const char *json_file; /* where the JSON document goes beside what is printed; NULL: nowhere */
  bool json, messages, colour, help;
  law_check_options check; /* points at what is below */
  law_decode_as as[LAW_MAX_AS];
  law_requirement only[LAW_MAX_ONLY + 1];
  size_t num_only;
  law_pcap_secrets *secrets; /* the caller frees them */
} law_check_command;

/* Reads the words after the verb. Says what is wrong in one sentence on standard error, and returns
 * false. */
bool law_check_command_read(law_check_command *o, int argc, char **argv);
void law_check_command_usage(void);

#endif
