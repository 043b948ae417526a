#include "checks/packet.h"

#include <string.h>

void fuzz_decode(fuzz_packet *p, const law_protocol *protocol, const char *variant, law_side from,
                 law_bytes wire) {
  p->protocol = protocol;
  p->variant = variant;
  p->from = from;
  p->wire = wire;
  p->num = 0;
  p->violation = (law_violation){LAW_R_NONE, LAW_OK, 0};
  protocol->begin(variant, p->context);
  memcpy(p->start, p->context, sizeof p->start);
  p->status = protocol->decode(p->context, from, wire, p->message, &p->violation);
  p->type = protocol->type_of(p->context, wire);
}

void fuzz_dissect(fuzz_packet *p) {
  p->num = 0;
  if (p->type == NULL) {
    return;
  }
  memset(p->walked, 0, sizeof p->walked);
  p->protocol->prepare(p->context, p->type, p->walked);
  p->num = law_dissect(p->type, p->walked, p->wire, p->spans, FUZZ_MAX_SPANS);
}
