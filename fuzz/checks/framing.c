#include "checks/checks.h"
#include "checks/require.h"

enum { EVERY_CUT = 64, LAST_CUTS = 8 };

/* What |stream|.len bytes of the first message say must go with what all of it says. */
static void check_cut(const law_protocol *protocol, const void *context, law_bytes part,
                      law_status whole, size_t whole_len) {
  law_violation v;
  size_t len = 0;
  law_status status = protocol->frame(context, part, &len, &v);
  if (status == LAW_NEED_MORE) {
    FUZZ_REQUIRE(len > part.len);
    FUZZ_REQUIRE(whole != LAW_OK || len <= whole_len);
  } else {
    FUZZ_REQUIRE(status == whole);
    FUZZ_REQUIRE(status != LAW_OK || (len == whole_len && len <= part.len));
  }
}

/* Each length at which a framer may change its mind: all short ones, and those around the end. */
static void check_cuts(const law_protocol *protocol, const void *context, law_bytes stream,
                       law_status whole, size_t whole_len) {
  for (size_t i = 0; i <= stream.len; i++) {
    if (i > EVERY_CUT && i + LAST_CUTS < whole_len) {
      i = whole_len - LAST_CUTS < stream.len ? whole_len - LAST_CUTS : stream.len;
    }
    check_cut(protocol, context, law_bytes_of(stream.data, i), whole, whole_len);
    if (i > EVERY_CUT && i > whole_len) {
      return;
    }
  }
}

static void check_detection(const law_protocol *protocol, law_bytes stream) {
  for (int side = LAW_CLIENT; side <= LAW_SERVER; side++) {
    int sure = protocol->detect(stream, (law_side)side);
    FUZZ_REQUIRE(sure >= 0 && sure <= 100);
  }
}

void fuzz_check_framing(const law_protocol *protocol, const char *variant, law_bytes stream) {
  uint64_t context[LAW_MAX_CONTEXT_SIZE / 8];
  law_violation v;
  check_detection(protocol, stream);
  protocol->begin(variant, context);
  while (stream.len > 0) {
    size_t len = 0;
    law_status status = protocol->frame(context, stream, &len, &v);
    check_cuts(protocol, context, stream, status, len);
    if (status != LAW_OK) {
      return;
    }
    FUZZ_REQUIRE(len > 0 && len <= stream.len);
    stream = law_bytes_of(stream.data + len, stream.len - len);
  }
}
