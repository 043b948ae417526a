#include "campaign/scopes.h"

static const law_protocol *real; /* one protocol a process */
static law_protocol lonely, worldly;
static void *made; /* the last world */

static void connection_init(void *connection, void *world, law_side judged, bool from_start) {
  (void)world;
  real->connection_init(connection, NULL, judged, from_start);
}

static void world_init(void *world, law_side judged) {
  made = world;
  real->world_init(world, judged);
}

static law_handle scope_of(law_net *net, const law_protocol *p, const char *variant,
                           law_side judged) {
  law_handle scope = law_net_scope(net, p, judged, true);
  return scope != 0 && law_net_assume(net, scope, variant) ? scope : 0;
}

law_handle law_scope_alone(law_net *net, const law_protocol *protocol, const char *variant,
                           law_side judged) {
  real = protocol;
  lonely = *protocol;
  lonely.world_size = 0;
  lonely.world_init = NULL;
  lonely.connection_init = connection_init;
  return scope_of(net, &lonely, variant, judged);
}

law_handle law_scope_world(law_net *net, const law_protocol *protocol, const char *variant,
                           law_side judged, void **out_world) {
  real = protocol;
  worldly = *protocol;
  worldly.world_init = world_init;
  law_handle scope = scope_of(net, &worldly, variant, judged);
  *out_world = made;
  return scope;
}
