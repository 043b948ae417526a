/* messages.h: every message of a capture with its bytes, and how the sides ended, as JSON lines:
 * what programs read that work on conversations (replay, cases).
 *
 *   {"record": "message", "flow": 1, "frame": 4, "last": 4, "time": ns since 1970, "from":
 * "client",
 *    "client": "10.0.0.1:40000", "server": "10.0.0.2:1883", "from_start": true, "transport": "tcp",
 *    "protocol": "mqtt", "kind": "whole", "type": "CONNECT", "status": "ok", "judged": true,
 *    "wire": "101000044d515454...", "violations": [{"requirement": "MQTT5-...", "offset": 0}]}
 *   {"record": "end", "flow": 1, "frame": 9, "time": ns, "end": "10.0.0.1:40000", "how": "fin"}
 *   {"record": "gap", "flow": 1, "frame": 7, "time": ns, "end": "10.0.0.1:40000", "bytes": 12}
 *
 * |from_start|: the flow's SYNs are in the capture. |kind|: "whole"; "cut", the capture lacks a
 * part of it; "long", longer than is judged; "none", a rule was broken without a message. A gap is
 * what the capture lacks, before what comes next; its bytes are 0 where nobody knows how many.
 * |from|, |client|, |server| are null while nobody knows who is who: then "source" and
 * "destination" tell. Bytes are shown as they are, secrets too. */
#ifndef LAW_PCAP_MESSAGES_H
#define LAW_PCAP_MESSAGES_H

#include <stdio.h>

#include "pcap/check.h"

/* Writes to |out|, which must live as long as the check does. */
law_check_output law_messages_output(FILE *out);

#endif
