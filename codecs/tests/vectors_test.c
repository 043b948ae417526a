/* Every vector gives what it says: framed, decoded, and as JSON. */
#include "support.h"

static unsigned failures;

static void complain(const law_vector *v, law_side side, const char *what, const char *have,
                     const char *want) {
  failures++;
  print_error("%s (%s, from the %s): %s is %s, expected %s\n  %s\n", v->name, v->variant,
              side == LAW_CLIENT ? "client" : "server", what, have, want,
              to_hex(law_vector_wire(v)));
}

static const char *number(size_t n) {
  static char text[4][24];
  static size_t turn;
  char *out = text[turn++ % 4];
  (void)snprintf(out, sizeof text[0], "%zu", n);
  return out;
}

/* The framer comes first; true when there is a whole packet to decode. */
static bool check_frame(const law_vector *v, law_side side, law_bytes wire) {
  uint64_t context[LAW_MAX_CONTEXT_SIZE / 8] = {0};
  law_violation violation = {0};
  size_t len = 0;
  const law_protocol *protocol = protocol_for(v->variant);
  protocol->begin(v->variant, context);
  law_status status = protocol->frame(context, wire, &len, &violation);
  if (status == LAW_OK) {
    if (len != wire.len || v->status == LAW_NEED_MORE) {
      complain(v, side, "the frame", number(len), number(v->need));
    }
    return len == wire.len && v->status != LAW_NEED_MORE;
  }
  if (status != v->status) {
    complain(v, side, "the framer's status", law_status_name(status), law_status_name(v->status));
  } else if (status == LAW_NEED_MORE && len != v->need) {
    complain(v, side, "the length asked for", number(len), number(v->need));
  } else if (status != LAW_NEED_MORE && violation.requirement != v->requirement) {
    complain(v, side, "the framer's requirement", law_requirement_name(violation.requirement),
             law_requirement_name(v->requirement));
  } else if (status != LAW_NEED_MORE && violation.offset != v->offset) {
    complain(v, side, "the framer's offset", number(violation.offset), number(v->offset));
  }
  return false;
}

static void check_violation(const law_vector *v, law_side side, const subject *s) {
  if (s->violation.requirement != v->requirement) {
    complain(v, side, "the requirement", law_requirement_name(s->violation.requirement),
             law_requirement_name(v->requirement));
  }
  if (s->violation.offset != v->offset) {
    complain(v, side, "the offset", number(s->violation.offset), number(v->offset));
  }
  if (s->violation.status != v->status) {
    complain(v, side, "the violation's status", law_status_name(s->violation.status),
             law_status_name(v->status));
  }
}

static void check_one(const law_vector *v, law_side side) {
  static subject s;
  law_bytes wire = law_bytes_of(exact_copy(law_vector_wire(v)), v->len);
  if (check_frame(v, side, wire)) {
    examine(&s, v->variant, side, wire);
    if (s.status != v->status) {
      complain(v, side, "the status", law_status_name(s.status), law_status_name(v->status));
      if (s.status != LAW_OK) {
        print_error("  by %s at %u\n", law_requirement_name(s.violation.requirement),
                    s.violation.offset);
      }
    } else if (s.status != LAW_OK) {
      check_violation(v, side, &s);
    } else if (strcmp(json_of(&s), v->message) != 0) {
      complain(v, side, "the message", json_of(&s), v->message);
    }
  }
  free((void *)(uintptr_t)wire.data);
}

static void every_vector(void **state) {
  (void)state;
  for (size_t i = 0; i < law_num_vectors; i++) {
    const law_vector *v = &law_vectors[i];
    for (int side = LAW_CLIENT; v->num_packets == 0 && side <= LAW_SERVER; side++) {
      if ((v->sides >> side & 1) != 0) {
        check_one(v, (law_side)side);
      }
    }
  }
  assert_int_equal(failures, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_vector)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
