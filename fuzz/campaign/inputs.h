/* inputs.h: inputs that showed something new, and seeds: conversations as seq/seq.h has them. */
#ifndef FUZZ_CAMPAIGN_INPUTS_H
#define FUZZ_CAMPAIGN_INPUTS_H

#include "core/types.h"

enum { LAW_INPUT_CAP = 8192, LAW_INPUTS_MAX = 8192 };

typedef struct law_input_seq {
  uint8_t *data;
  size_t len;
  bool several; /* connections */
} law_input_seq;

typedef struct law_inputs {
  size_t num, num_several;
  law_input_seq at[LAW_INPUTS_MAX];
  char folder[4096]; /* where new ones are written; "" nowhere */
  bool full;         /* the disk refused one */
  const char *password; /* that no file holds; see mask.h */
} law_inputs;

/* |password|, NULL for none, lives as long. */
law_inputs *law_inputs_new(const char *folder, const char *password);
void law_inputs_free(law_inputs *q);
/* All files of a folder; how many. -1: it cannot be read. */
int law_inputs_load(law_inputs *q, const char *folder);
/* Copies |input|; |save|: also into the folder, under a name made of its bytes. */
void law_inputs_add(law_inputs *q, law_bytes input, bool save);
/* One of them, the younger the likelier; NULL when there is none of that kind. */
const law_input_seq *law_inputs_any(const law_inputs *q, uint64_t *random, bool several);

#endif
