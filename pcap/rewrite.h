/* rewrite.h: one message with other names in it (alias.h), of the same length and with the same
 * fields, right or wrong: what a decoder objects to stays what it was, where it was. */
#ifndef LAW_PCAP_REWRITE_H
#define LAW_PCAP_REWRITE_H

#include "core/protocol.h"
#include "pcap/alias.h"

/* Writes |wire|.len bytes to |out|. |context| is the decoder's, |from| who sent it. False: what a
 * decoder says of |out| is not what it says of |wire|; |out| holds no original text all the same.
 * */
bool law_rewrite(law_alias *a, const law_protocol *protocol, const void *context, law_side from,
                 law_bytes wire, uint8_t *out);

#endif
