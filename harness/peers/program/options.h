/* options.h: the command line of wirelaw-peer. */
#ifndef LAW_PEERS_PROGRAM_OPTIONS_H
#define LAW_PEERS_PROGRAM_OPTIONS_H

#include "peers/broker.h"
#include "peers/null.h"

enum { LAW_MAX_LISTEN = 16, LAW_MAX_USERS = 16, LAW_MAX_NAMES = 1024 };

typedef struct law_options {
  const char *verb;
  const char *listen[LAW_MAX_LISTEN];
  size_t num_listen;
  const char *cert, *key, *ca;
  bool verify; /* ask clients for a certificate */
  law_user users[LAW_MAX_USERS];
  law_broker_config broker;
  const char *faults[LAW_MAX_NAMES];
  size_t num_faults;
  bool faults_given; /* --faults or --fault */
  law_side role;
  law_null_kind kind;
  bool json, until_eof;
} law_options;

/* Reads the command line after the program's name. On an error says so in one sentence on
 * standard error and returns false. Strings of |argv| are cut at ',' and ':' in place. */
bool law_options_read(law_options *o, int argc, char **argv);
void law_options_usage(FILE *out);

/* "tls://127.0.0.1:8883" -> endpoint with |o|'s certificate; |host| is scratch of |cap| bytes.
 * False when it is no such URL. */
bool law_options_endpoint(const law_options *o, const char *url, law_endpoint *out, char *host,
                          size_t cap);

#endif
