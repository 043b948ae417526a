/* run.h: what the programs of one campaign share: options and commands. */
#ifndef FUZZ_CAMPAIGN_RUN_H
#define FUZZ_CAMPAIGN_RUN_H

#include "campaign/campaign.h"

enum { LAW_COMMAND = 4096 };

/* Lines from a descriptor, without waiting. */
typedef struct law_commands {
  int fd;
  size_t len;
  char line[LAW_COMMAND];
} law_commands;

/* Calls |each| for every whole line that is there. False at the end of the input. */
bool law_commands_poll(law_commands *in, void (*each)(void *user, const char *line), void *user);

/* Where the IUT is, but for its port. */
law_endpoint law_options_endpoint(const law_options *o);

/* The verbs of wirelaw-fuzz; each gives the exit status. */
int law_campaign_run(const law_options *o);
int law_replay_run(const law_options *o);
int law_hostile_run(const law_options *o, char **argv);
int law_hostile_replay_run(const law_options *o, char **argv);
int law_bench_run(const law_options *o, uint16_t port, unsigned seconds);

#endif
