/* faults.h: deliberate defects of the reference peers, switched on by name. Each breaks one
 * requirement by one small condition at the place where the right behaviour is implemented. */
#ifndef LAW_PEERS_FAULTS_H
#define LAW_PEERS_FAULTS_H

#include <stdio.h>

#include "core/types.h"

typedef enum law_fault_id {
#define FAULT(NAME, ...) FAULT_##NAME,
#include "peers/faults.def"
#undef FAULT
  LAW_NUM_FAULTS
} law_fault_id;

/* Which faults one peer has. None when zeroed. */
typedef struct law_faults {
  uint64_t bits[(LAW_NUM_FAULTS + 63) / 64];
  /* Requirements whose violation, found by the decoder, the peer lets pass ("accept:<id>"). */
  uint64_t accept[(LAW_R_COUNT + 63) / 64];
  /* Requirements whose violation it reports, and then does not close ("stays-open:<id>"). */
  uint64_t stay[(LAW_R_COUNT + 63) / 64];
  /* Requirements for properties that it breaks itself: of CONNACK, SUBACK and UNSUBACK
   * ("send:<id>"), of CONNECT, its will, SUBSCRIBE and UNSUBSCRIBE ("client-send:<id>"). */
  uint64_t send[(LAW_R_COUNT + 63) / 64];
  bool sends; /* any of them */
} law_faults;

LAW_INLINE bool law_faults_has(const law_faults *f, law_fault_id id) {
  return LAW_UNLIKELY((f->bits[id / 64] >> (id % 64)) & 1);
}

LAW_INLINE bool law_faults_accepts(const law_faults *f, law_requirement r) {
  return LAW_UNLIKELY((f->accept[r / 64] >> (r % 64)) & 1);
}

LAW_INLINE bool law_faults_stays(const law_faults *f, law_requirement r) {
  return LAW_UNLIKELY((f->stay[r / 64] >> (r % 64)) & 1);
}

/* One fault as the tables tell it. Ids are NULL where the protocol has no such statement. */
typedef struct law_fault_info {
  const char *name;
  law_side role;
  const char *mqtt5, *mqtt311;
  const char *text;
} law_fault_info;

/* Switches on the fault |name|; false when |role| has none of that name. */
bool law_faults_add(law_faults *f, law_side role, const char *name);

enum { LAW_FAULT_WILL = 16 }; /* stands for the will properties where packet types are meant */

/* The property that a "send:" fault adds to a packet: |times| times. */
typedef struct law_bad_property {
  uint8_t id;
  bool is_text;
  uint32_t number, times;
} law_bad_property;

/* False when nothing is to be added to packets of |type|. */
bool law_faults_bad_property(const law_faults *f, uint8_t type, law_bad_property *out);

/* Calls |each| for every fault of the tables, the generated ones too. */
typedef void (*law_fault_sink)(void *user, const law_fault_info *info);
void law_faults_each(law_fault_sink each, void *user);

#endif
