/* null.h: peers that implement nothing. No case may pass on them by accident. */
#ifndef LAW_PEERS_NULL_H
#define LAW_PEERS_NULL_H

#include "peers/peer.h"

typedef enum law_null_kind {
  LAW_NULL_SILENT, /* reads, and says nothing */
  LAW_NULL_CLOSES, /* closes every connection at once */
  LAW_NULL_ECHO,   /* sends back what it gets */
  LAW_NULL_YES,    /* acknowledges everything with success, right or wrong, and never closes */
} law_null_kind;

typedef struct law_null law_null;

/* |name| as on the command line; false when there is no such kind. */
bool law_null_kind_of(const char *name, law_null_kind *out);
law_null *law_null_new(law_net *net, law_null_kind kind);
/* As law_broker_listen. */
bool law_null_listen(law_null *n, const law_endpoint *at, uint16_t *out_port);
void law_null_free(law_null *n);

#endif
