/* scopes.h: how a campaign's connections are judged: each by itself, or those of one lane as a
 * world of their own that begins anew with each input. */
#ifndef FUZZ_CAMPAIGN_SCOPES_H
#define FUZZ_CAMPAIGN_SCOPES_H

#include "net/net.h"

/* A scope whose connections know nothing of each other. 0: law_net_error says why. */
law_handle law_scope_alone(law_net *net, const law_protocol *protocol, const char *variant,
                           law_side judged);
/* A scope whose world the caller may begin anew by protocol->world_init(*out_world, judged) while
 * none of its connections is open. */
law_handle law_scope_world(law_net *net, const law_protocol *protocol, const char *variant,
                           law_side judged, void **out_world);

#endif
