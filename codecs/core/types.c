#include "core/types.h"

#include "core/protocol.h"

const char *law_status_name(law_status status) {
  static const char *const names[] = {"ok", "need_more", "malformed", "protocol_error", "limit"};
  return names[status];
}

void law_find(law_findings *out, law_requirement requirement, law_status status, uint32_t offset) {
  if (out->num < LAW_MAX_VIOLATIONS) {
    out->found[out->num] = (law_violation){requirement, status, offset};
  }
  out->num++;
}
