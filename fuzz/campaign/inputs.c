#include "campaign/inputs.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/keys.h"
#include "campaign/mask.h"
#include "mutators/random.h"
#include "seq/seq.h"

law_inputs *law_inputs_new(const char *folder, const char *password) {
  law_inputs *q = calloc(1, sizeof *q);
  if (q != NULL) {
    q->password = password;
  }
  if (q != NULL && folder != NULL) {
    (void)snprintf(q->folder, sizeof q->folder, "%s", folder);
  }
  return q;
}

void law_inputs_free(law_inputs *q) {
  for (size_t i = 0; q != NULL && i < q->num; i++) {
    free(q->at[i].data);
  }
  free(q);
}

static bool has_several(law_bytes sequence) {
  law_seq_record r;
  bool several = false;
  while (law_seq_next(&sequence, &r)) {
    several = several || r.connection > 0;
  }
  return several;
}

static void save_input(law_inputs *q, law_bytes plain) {
  uint8_t hidden[LAW_INPUT_CAP];
  law_bytes input = law_bytes_of(hidden, plain.len);
  memcpy(hidden, plain.data, plain.len);
  law_mask(hidden, plain.len, q->password);
  char path[sizeof q->folder + 32];
  uint64_t h = 0;
  for (size_t i = 0; i < input.len; i++) {
    h = law_key_mix(h, input.data[i] + UINT64_C(1));
  }
  (void)snprintf(path, sizeof path, "%s/%016llx.seq", q->folder, (unsigned long long)h);
  FILE *f = fopen(path, "wbe");
  bool written = f != NULL && fwrite(input.data, 1, input.len, f) == input.len;
  q->full = (f == NULL || fclose(f) != 0 || !written) || q->full;
}

void law_inputs_add(law_inputs *q, law_bytes input, bool save) {
  uint8_t *copy = q->num < LAW_INPUTS_MAX && input.len > 0 ? malloc(input.len) : NULL;
  if (copy == NULL || input.len > LAW_INPUT_CAP) {
    free(copy);
    return;
  }
  memcpy(copy, input.data, input.len);
  bool several = has_several(input);
  q->at[q->num++] = (law_input_seq){copy, input.len, several};
  q->num_several += several;
  if (save && q->folder[0] != '\0') {
    save_input(q, input);
  }
}

static void load_file(law_inputs *q, const char *path) {
  static uint8_t data[LAW_INPUT_CAP];
  FILE *f = fopen(path, "rbe");
  if (f != NULL) {
    size_t len = fread(data, 1, sizeof data, f);
    law_unmask(data, len, q->password);
    law_inputs_add(q, law_bytes_of(data, len), false);
    (void)fclose(f);
  }
}

static int visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }

int law_inputs_load(law_inputs *q, const char *folder) {
  struct dirent **entries;
  int num = scandir(folder, &entries, visible, alphasort);
  for (int i = 0; i < num; i++) {
    char path[8192];
    (void)snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
    load_file(q, path);
    free(entries[i]);
  }
  if (num >= 0) {
    free(entries);
  }
  return num;
}

const law_input_seq *law_inputs_any(const law_inputs *q, uint64_t *random, bool several) {
  size_t there = several ? q->num_several : q->num - q->num_several;
  if (there == 0) {
    return NULL;
  }
  for (;;) {
    uint32_t num = (uint32_t)q->num;
    uint32_t a = law_random_below(random, num), b = law_random_below(random, num);
    const law_input_seq *input = &q->at[a > b ? a : b];
    if (input->several == several) {
      return input;
    }
  }
}
