/* verbs.h: what wirelaw-peer can do, a function for each verb. Each returns the exit status. */
#ifndef LAW_PEERS_PROGRAM_VERBS_H
#define LAW_PEERS_PROGRAM_VERBS_H

#include "peers/program/options.h"

int law_verb_broker(const law_options *o);
int law_verb_null(const law_options *o);
int law_verb_matrix(const law_options *o);
int law_verb_faults(const law_options *o);
int law_verb_client(const law_options *o);

#endif
