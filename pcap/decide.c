/* What a stream is, by its first bytes. */
#include <string.h>

#include "pcap/guess.h"
#include "pcap/quic.h"
#include "pcap/stream_internal.h"

enum {
  SURE = 100, /* what opens a conversation */
  WHOLE = 40, /* exactly one message, by what detect promises */
  SOME = 30,
};

static const law_decision undecided = {.layer = LAW_LAYER_UNDECIDED, .client = -1};

static law_decision none(const char *why) {
  return (law_decision){.layer = LAW_LAYER_NONE, .client = -1, .why = why};
}

static law_decision talk(const law_protocol *protocol, const char *variant, int client) {
  return (law_decision){
      .layer = LAW_LAYER_TALK, .protocol = protocol, .variant = variant, .client = client};
}

/* ---- Ports ---- */

static bool is_port_of(const law_stream_env *env, uint16_t port, const law_protocol *protocol) {
  if (port == protocol->port) {
    return true;
  }
  size_t num = env->num_learnt < LAW_STREAM_LEARNT ? env->num_learnt : LAW_STREAM_LEARNT;
  for (size_t i = 0; i < num; i++) {
    if (env->learnt[i].port == port && env->learnt[i].protocol == protocol) {
      return true;
    }
  }
  for (size_t i = 0; i < env->num_as; i++) {
    if (env->as[i].port == port && env->as[i].protocol == protocol) {
      return true;
    }
  }
  return false;
}

int law_stream_server_hint(const law_stream *s, const law_protocol *protocol) {
  bool first = is_port_of(s->env, s->flow->end[0].port, protocol);
  bool second = is_port_of(s->env, s->flow->end[1].port, protocol);
  return first == second ? -1 : second;
}

void law_stream_learn(law_stream *s, const law_protocol *protocol, int client) {
  law_stream_env *env = s->env;
  if (client < 0 || is_port_of(env, s->flow->end[1 - client].port, protocol)) {
    return;
  }
  size_t i = env->num_learnt++ % LAW_STREAM_LEARNT;
  env->learnt[i].port = s->flow->end[1 - client].port;
  env->learnt[i].protocol = protocol;
}

static const law_decode_as *named(const law_stream *s) {
  for (size_t i = 0; i < s->env->num_as; i++) {
    const law_decode_as *as = &s->env->as[i];
    if (as->port == s->flow->end[0].port || as->port == s->flow->end[1].port) {
      return as;
    }
  }
  return NULL;
}

/* ---- Protocols ---- */

static bool may_be_client(const law_stream *s, int end) {
  return s->client < 0 || s->client == end;
}

static int score(const law_stream *s, const law_protocol *p, law_bytes head, int end) {
  return head.len > 0 ? p->detect(head, may_be_client(s, end) ? LAW_CLIENT : LAW_SERVER) : 0;
}

/* At the protocol's own port: the client's first bytes are as long as they say. */
static bool fits_frame(const law_stream *s, const law_protocol *p, law_bytes head, bool final) {
  uint64_t context[LAW_MAX_CONTEXT_SIZE / 8] = {0};
  law_violation v;
  size_t len = 0;
  if (head.len == 0 || !s->whole) {
    return false;
  }
  law_status status = p->frame(context, head, &len, &v);
  return (status == LAW_OK && len == head.len) || (final && status == LAW_NEED_MORE);
}

static law_decision try_protocol(const law_stream *s, const law_protocol *p,
                                 const law_bytes heads[2], bool final) {
  int scores[2] = {score(s, p, heads[0], 0), score(s, p, heads[1], 1)};
  bool hint = law_stream_server_hint(s, p) >= 0;
  for (int end = 0; end < 2; end++) {
    if (scores[end] >= SURE && may_be_client(s, end)) {
      return talk(p, NULL, end);
    }
  }
  int client = s->client < 0 ? 0 : s->client;
  if ((scores[0] >= WHOLE && scores[1] >= WHOLE) ||
      (hint &&
       (scores[0] >= SOME || scores[1] >= SOME || fits_frame(s, p, heads[client], final)))) {
    return talk(p, NULL, -1);
  }
  law_decision guess = talk(p, NULL, -1);
  guess.guessed = true;
  return hint && !s->whole ? guess : undecided;
}

static law_decision try_protocols(const law_stream *s, const law_bytes heads[2], bool final) {
  for (size_t i = 0; law_protocols[i]; i++) {
    if (law_protocols[i]->datagrams) {
      continue;
    }
    law_decision d = try_protocol(s, law_protocols[i], heads, final);
    if (d.layer != LAW_LAYER_UNDECIDED) {
      return d;
    }
  }
  return undecided;
}

/* ---- Transports ---- */

static bool either(bool (*detect)(law_bytes), const law_bytes heads[2]) {
  return (heads[0].len > 0 && detect(heads[0])) || (heads[1].len > 0 && detect(heads[1]));
}

/* Frames of a WebSocket whose upgrade was not captured, with a protocol's messages in them, are
 * found by the client's mask. */
static law_decision try_frames(const law_stream *s, const law_bytes heads[2]) {
  bool masked[2] = {false, false};
  bool fits[2] = {false, false};
  if (s->whole || s->around) {
    return undecided;
  }
  for (int end = 0; end < 2; end++) {
    fits[end] = heads[end].len > 0 && law_websocket_detect(heads[end], &masked[end]);
  }
  if (!fits[0] || !fits[1] || masked[0] == masked[1]) {
    return undecided;
  }
  return (law_decision){
      .layer = LAW_LAYER_WEBSOCKET, .client = masked[0] ? 0 : 1, .upgraded = true};
}

static law_decision try_transports(const law_stream *s, const law_bytes heads[2]) {
  law_decision d = undecided;
  bool secure = s->around && s->around->layer == LAW_LAYER_TLS;
  bool framed = s->around && s->around->layer == LAW_LAYER_WEBSOCKET;
  if (!s->around && either(law_tls_detect, heads)) {
    d.layer = LAW_LAYER_TLS;
  } else if ((!s->around || secure) && either(law_http_detect, heads)) {
    d.layer = LAW_LAYER_WEBSOCKET;
  } else if (!framed) {
    d = try_frames(s, heads);
  }
  return d;
}

static law_decision decide_tcp(const law_stream *s, const law_bytes heads[2], bool final) {
  const law_decode_as *as = named(s);
  if (s->known.protocol && (!s->known.websocket || s->around)) {
    return talk(s->known.protocol, s->known.variant, s->client);
  }
  law_decision d = try_transports(s, heads);
  if (d.layer != LAW_LAYER_UNDECIDED) {
    return d;
  }
  if (as) {
    return talk(as->protocol, as->variant, -1);
  }
  return try_protocols(s, heads, final);
}

/* At the protocol's port one message says it, elsewhere one of each side. */
static law_decision try_datagrams(const law_stream *s, const law_bytes heads[2]) {
  for (size_t i = 0; law_protocols[i]; i++) {
    const law_protocol *p = law_protocols[i];
    bool fits[2] = {false, false};
    for (unsigned end = 0; end < 2 && p->datagrams; end++) {
      fits[end] = score(s, p, heads[end], (int)end) >= WHOLE;
    }
    int hint = law_stream_server_hint(s, p);
    if ((fits[0] && fits[1]) || ((hint >= 0 || s->around) && (fits[0] || fits[1]))) {
      return talk(p, NULL, s->client >= 0 ? s->client : hint >= 0 ? 1 - hint : -1);
    }
  }
  return undecided;
}

static law_decision decide_udp(const law_stream *s, const law_bytes heads[2], bool final) {
  const law_decode_as *as = named(s);
  if (s->known.protocol) {
    return talk(s->known.protocol, s->known.variant, s->client);
  }
  if (!s->around && either(law_dtls_detect, heads)) {
    return (law_decision){.layer = LAW_LAYER_DTLS, .client = -1};
  }
  if (as && as->protocol->datagrams) {
    return talk(as->protocol, as->variant, -1);
  }
  law_decision d = try_datagrams(s, heads);
  if (d.layer != LAW_LAYER_UNDECIDED) {
    return d;
  }
  const char *what = law_guess(s->flow, heads[0].len > 0 ? heads[0] : heads[1]);
  return final ? none(what ? what : "unknown: no protocol was recognised") : undecided;
}

law_decision law_stream_decide(const law_stream *s, const law_bytes heads[2], bool final) {
  if (s->flow->kind == LAW_FLOW_UDP) {
    return decide_udp(s, heads, final);
  }
  law_decision d = decide_tcp(s, heads, final);
  if (d.layer != LAW_LAYER_UNDECIDED) {
    return d;
  }
  const char *what = law_guess(s->flow, heads[0].len > 0 ? heads[0] : heads[1]);
  if (what || final) {
    return none(what ? what : "unknown: no protocol was recognised");
  }
  return undecided;
}
