#include "monitors/tests/tally.h"

#include <string.h>

size_t tally_put(uint8_t *out, uint8_t type, const void *data, size_t len) {
  out[0] = (uint8_t)((len + 1) >> 8);
  out[1] = (uint8_t)(len + 1);
  out[2] = type;
  if (len > 0) {
    memcpy(out + 3, data, len);
  }
  return len + 3;
}

static law_status complain(law_violation *out, law_requirement r, law_status status, uint32_t at) {
  *out = (law_violation){r, status, at};
  return status;
}

static law_status frame(const void *context, law_bytes in, size_t *out_len, law_violation *out) {
  (void)context;
  if (in.len < 2) {
    *out_len = 2;
    return LAW_NEED_MORE;
  }
  size_t len = law_load_u16(in.data);
  if (len == 0 || len > TALLY_MAX_LEN) {
    return complain(out, TALLY_R_LENGTH, LAW_MALFORMED, 0);
  }
  *out_len = len + 2;
  return in.len < *out_len ? LAW_NEED_MORE : LAW_OK;
}

/* The context is the byte that HELLO announced; 0 allows all. */
static law_status decode(void *context, law_side from, law_bytes wire, void *message,
                         law_violation *out) {
  uint8_t *announced = context;
  tally_message *m = message;
  (void)from;
  m->type = wire.data[2];
  m->data = law_bytes_of(wire.data + 3, wire.len - 3);
  if (m->type < TALLY_HELLO || m->type > TALLY_BYE) {
    return complain(out, TALLY_R_TYPE, LAW_MALFORMED, 2);
  }
  if (m->type == TALLY_HELLO && m->data.len > 0) {
    *announced = m->data.data[0];
  }
  for (size_t i = 0; m->type == TALLY_DATA && *announced != 0 && i < m->data.len; i++) {
    if (m->data.data[i] != *announced) {
      return complain(out, TALLY_R_CONTENT, LAW_PROTOCOL_ERROR, (uint32_t)(3 + i));
    }
  }
  return LAW_OK;
}

static const law_type hello = {.name = "HELLO", .code = TALLY_HELLO};
static const law_type data = {.name = "DATA", .code = TALLY_DATA};
static const law_type bye = {.name = "BYE", .code = TALLY_BYE};
static const law_type *const types[] = {&hello, &data, &bye};

static const law_type *type_of(const void *context, law_bytes wire) {
  (void)context;
  if (wire.len < 3 || wire.data[2] < TALLY_HELLO || wire.data[2] > TALLY_BYE) {
    return NULL;
  }
  return types[wire.data[2] - TALLY_HELLO];
}

static void world_init(void *world, law_side judged) {
  (void)judged;
  memset(world, 0, sizeof(tally_world));
}

static void connection_init(void *connection, void *world, law_side judged, bool from_start) {
  tally_connection *c = connection;
  memset(c, 0, sizeof *c);
  c->world = world;
  c->judged = judged;
  c->hello = !from_start;
}

static void observe(void *connection, const law_observed *seen, law_findings *out) {
  tally_connection *c = connection;
  const tally_message *m = seen->message;
  c->num_messages++;
  if (c->world) {
    c->world->num_messages++;
  }
  if (!m || seen->from != c->judged) {
    return;
  }
  if (!c->hello && m->type != TALLY_HELLO) {
    law_find(out, TALLY_R_FIRST, LAW_PROTOCOL_ERROR, 2);
  }
  c->hello = true;
  c->bye = m->type == TALLY_BYE;
}

static void closed(void *connection, law_side from, bool reset, uint64_t now, law_findings *out) {
  const tally_connection *c = connection;
  (void)now;
  if (from == c->judged && !reset && !c->bye) {
    law_find(out, TALLY_R_BYE, LAW_PROTOCOL_ERROR, 0);
  }
}

static void gap(void *connection, law_side from) {
  (void)from;
  ((tally_connection *)connection)->num_gaps++;
}

static uint64_t tick(void *connection, uint64_t now, law_findings *out) {
  tally_connection *c = connection;
  if (c->hello) {
    return UINT64_MAX;
  }
  if (c->deadline == 0) {
    c->deadline = now + TALLY_PATIENCE;
  }
  if (now < c->deadline) {
    return c->deadline;
  }
  c->hello = true;
  law_find(out, TALLY_R_LATE, LAW_PROTOCOL_ERROR, 0);
  return UINT64_MAX;
}

static uint32_t state(const void *connection) {
  return ((const tally_connection *)connection)->num_messages;
}

static const char *const schemes[] = {"tally", "tallies", NULL};

const law_protocol tally = {
    .name = "tally",
    .schemes = schemes,
    .port = 7,
    .types = types,
    .num_types = 3,
    .message_size = sizeof(tally_message),
    .context_size = 1,
    .frame = frame,
    .decode = decode,
    .type_of = type_of,
    .world_size = sizeof(tally_world),
    .connection_size = sizeof(tally_connection),
    .world_init = world_init,
    .connection_init = connection_init,
    .observe = observe,
    .closed = closed,
    .gap = gap,
    .tick = tick,
    .state = state,
};
