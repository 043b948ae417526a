/* checks.h: what must be true of any input. Each aborts when it is not, see require.h. */
#ifndef FUZZ_CHECKS_CHECKS_H
#define FUZZ_CHECKS_CHECKS_H

#include "checks/packet.h"

/* ---- any protocol ---- */

/* verdict.c: a refusal names a requirement, a status and a byte of the message; what is accepted is
 * framed as whole, and refused without its last byte. */
void fuzz_check_verdict(const fuzz_packet *p);
/* spans.c: children lie inside their parent and in order; leaves leave no byte out; paths find the
 * span that they name. */
void fuzz_check_spans(const fuzz_packet *p);
/* spans.c: an accepted message has no unparsed bytes, and both readers read the same values. */
void fuzz_check_same_values(const fuzz_packet *p);
/* encoding.c: an accepted message is encoded as it came, but for lengths longer than needed. */
void fuzz_check_encoding(const fuzz_packet *p);
/* printing.c: JSON is JSON, lines are printable, and a small buffer gives the beginning of both. */
void fuzz_check_printing(const fuzz_packet *p);
/* edits.c: any edits, drawn by |seed|, keep the map inside the bytes and change nothing where they
 * say so. */
void fuzz_check_edits(const fuzz_packet *p, uint64_t seed);
/* framing.c: a framer says the same of a stream whatever part of it is there. */
void fuzz_check_framing(const law_protocol *protocol, const char *variant, law_bytes stream);
/* judging.c: a judge says the same of a stream in any pieces (drawn by |seed|). */
void fuzz_check_pieces(const law_protocol *protocol, const char *variant, law_bytes stream,
                       uint64_t seed);
/* judging.c: a conversation (seq/seq.h) judged twice, whole and in pieces, for both sides. */
void fuzz_check_sequence(const law_protocol *protocol, const char *variant, law_bytes sequence,
                         uint64_t seed);

/* building.c: builds an accepted message again from the names and values in its span map, into
 * memory of the protocol's message size. False: it is no accepted message, or too long. */
bool fuzz_build_again(const fuzz_packet *p, void *out_message);

/* ---- CoAP ---- */

/* coap.c: options are in order, and added one by one give the same list; built again from names and
 * values, it is the same message. */
void fuzz_check_coap_message(const fuzz_packet *p);

/* ---- MQTT ---- */

/* mqtt.c: lists hold what they count, text is text, values are those that the text allows. */
void fuzz_check_mqtt_message(const fuzz_packet *p);
/* mqtt.c: built again from the names and values in its span map, it is the same message. */
void fuzz_check_mqtt_build(const fuzz_packet *p);
/* topics.c: filters and topics, against the sentences of section 4.7 written down once more. */
void fuzz_check_topics(law_bytes filter, law_bytes topic);

/* ---- text, WebSocket, HTTP ---- */

void fuzz_check_utf8(law_bytes text);       /* utf8.c: against table 3-7 of the Unicode standard */
void fuzz_check_websocket(law_bytes frame); /* websocket.c: any cut, encoded again, masked twice */
void fuzz_check_http(law_bytes head);       /* http.c: any cut; fields are those of the lines */

/* A number that depends on nothing but |bytes|. */
uint64_t fuzz_seed_of(law_bytes bytes);

#endif
