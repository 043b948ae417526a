/* run.h: what all verbs share: running until told to end, saying "ready". */
#ifndef LAW_PEERS_PROGRAM_RUN_H
#define LAW_PEERS_PROGRAM_RUN_H

#include "peers/program/options.h"

/* Listens at all URLs of |o| by calling |listen|, and prints the ready line with the real ports.
 * False after a complaint. */
typedef bool (*law_listen)(void *peer, const law_endpoint *at, uint16_t *out_port);
bool law_run_listen(const law_options *o, law_net *net, law_listen listen, void *peer);

/* Runs the loop until SIGTERM, SIGINT or (with |until_eof|) the end of standard input. */
void law_run(law_net *net, bool until_eof);

/* Switches on |names|; false after a complaint about one that does not exist. */
bool law_run_faults(law_faults *f, law_side role, const char *const *names, size_t num);

#endif
