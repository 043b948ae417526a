#include "peers/program/options.h"

#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: wirelaw-peer broker --listen URL... [options]   the reference broker\n"
    "       wirelaw-peer client [options]                   the reference client: JSON lines on\n"
    "                                                       standard input and output\n"
    "       wirelaw-peer null --kind KIND --listen URL...   silent, closes, echo or yes\n"
    "       wirelaw-peer matrix [--faults A,B,C] [--listen URL]\n"
    "                                                       one faulty broker for each fault\n"
    "       wirelaw-peer faults [--json]                    what can be switched on\n"
    "       wirelaw-peer --version\n"
    "\n"
    "  --listen URL          tcp://, tls://, ws:// or wss:// with address and port (0: any)\n"
    "  --cert F --key F      PEM files of the server, for tls and wss\n"
    "  --ca F                PEM file of the authority that signed the certificates\n"
    "  --verify-clients      refuse clients without a certificate of that authority\n"
    "  --user NAME:PASSWORD  an account; once there is one, given names must be right\n"
    "  --deny-anonymous      refuse clients that give no name\n"
    "  --fault NAME          switch on a fault; may be repeated\n"
    "  --state DIR           keep sessions and retained messages there\n"
    "  --receive-maximum N --topic-alias-maximum N --maximum-packet-size N --maximum-qos N\n"
    "  --server-keep-alive N --highest-keep-alive N\n"
    "                        what CONNACK tells\n"
    "  --no-retain --no-wildcards --no-shared --no-subscription-ids --no-aliases\n"
    "                        features not offered\n"
    "  --until-eof           end when standard input ends\n";

void law_options_usage(FILE *out) { fputs(usage, out); }

static bool complain(const char *what, const char *about) {
  fprintf(stderr, "wirelaw-peer: %s: %s\n", about, what);
  return false;
}

/* What an option takes and where it goes. */
typedef struct option {
  const char *name;
  bool (*take)(law_options *o, const char *name, char *value); /* NULL: a flag */
  size_t flag;                                                 /* offset of the bool */
} option;

static bool number_of(const char *name, const char *value, unsigned long long min,
                      unsigned long long max, unsigned long long *out) {
  char *end;
  *out = strtoull(value, &end, 10);
  bool good = *value != '\0' && *end == '\0' && *value != '-' && *out >= min && *out <= max;
  return good || complain("needs a number in range", name);
}

static bool take_listen(law_options *o, const char *name, char *value) {
  if (o->num_listen == LAW_MAX_LISTEN) {
    return complain("too many", name);
  }
  o->listen[o->num_listen++] = value;
  return true;
}

static bool take_cert(law_options *o, const char *name, char *value) {
  (void)name;
  o->cert = value;
  return true;
}

static bool take_key(law_options *o, const char *name, char *value) {
  (void)name;
  o->key = value;
  return true;
}

static bool take_ca(law_options *o, const char *name, char *value) {
  (void)name;
  o->ca = value;
  return true;
}

static bool take_state(law_options *o, const char *name, char *value) {
  (void)name;
  o->broker.state_dir = value;
  return true;
}

static bool take_user(law_options *o, const char *name, char *value) {
  char *colon = strchr(value, ':');
  if (colon == NULL || o->broker.num_users == LAW_MAX_USERS) {
    return complain("needs NAME:PASSWORD, at most 16 times", name);
  }
  *colon = '\0';
  o->users[o->broker.num_users++] = (law_user){value, colon + 1};
  return true;
}

static bool add_fault(law_options *o, const char *name, const char *fault) {
  if (o->num_faults == LAW_MAX_NAMES) {
    return complain("too many", name);
  }
  o->faults[o->num_faults++] = fault;
  o->faults_given = true;
  return true;
}

static bool take_fault(law_options *o, const char *name, char *value) {
  return add_fault(o, name, value);
}

static bool take_faults(law_options *o, const char *name, char *value) {
  o->faults_given = true;
  for (char *one = strtok(value, ","); one != NULL; one = strtok(NULL, ",")) {
    if (!add_fault(o, name, one)) {
      return false;
    }
  }
  return true;
}

static bool take_kind(law_options *o, const char *name, char *value) {
  return law_null_kind_of(value, &o->kind) || complain("is silent, closes, echo or yes", name);
}

static bool take_role(law_options *o, const char *name, char *value) {
  if (strcmp(value, "server") == 0) {
    o->role = LAW_SERVER;
  } else if (strcmp(value, "client") == 0) {
    o->role = LAW_CLIENT;
  } else {
    return complain("is server or client", name);
  }
  return true;
}

/* Numbers in the range that the protocol allows. */
#define TAKE_NUMBER(FUNCTION, MEMBER, TYPE, MIN, MAX)                   \
  static bool FUNCTION(law_options *o, const char *name, char *value) { \
    unsigned long long n;                                               \
    if (!number_of(name, value, MIN, MAX, &n)) {                        \
      return false;                                                     \
    }                                                                   \
    o->broker.MEMBER = (TYPE)n;                                         \
    return true;                                                        \
  }

TAKE_NUMBER(take_receive_maximum, receive_maximum, uint16_t, 1, UINT16_MAX)
TAKE_NUMBER(take_topic_alias_maximum, topic_alias_maximum, uint16_t, 0, UINT16_MAX)
TAKE_NUMBER(take_maximum_packet_size, maximum_packet_size, uint32_t, 1, UINT32_MAX)
TAKE_NUMBER(take_maximum_qos, maximum_qos, uint8_t, 0, 2)
TAKE_NUMBER(take_server_keep_alive, server_keep_alive, uint16_t, 0, UINT16_MAX)
TAKE_NUMBER(take_highest_keep_alive, highest_keep_alive, uint16_t, 0, UINT16_MAX)

#define FLAG(MEMBER) NULL, offsetof(law_options, MEMBER)

static const option options[] = {
    {"--listen", take_listen, 0},
    {"--cert", take_cert, 0},
    {"--key", take_key, 0},
    {"--ca", take_ca, 0},
    {"--verify-clients", FLAG(verify)},
    {"--user", take_user, 0},
    {"--deny-anonymous", FLAG(broker.deny_anonymous)},
    {"--fault", take_fault, 0},
    {"--faults", take_faults, 0},
    {"--role", take_role, 0},
    {"--state", take_state, 0},
    {"--kind", take_kind, 0},
    {"--receive-maximum", take_receive_maximum, 0},
    {"--topic-alias-maximum", take_topic_alias_maximum, 0},
    {"--maximum-packet-size", take_maximum_packet_size, 0},
    {"--maximum-qos", take_maximum_qos, 0},
    {"--server-keep-alive", take_server_keep_alive, 0},
    {"--highest-keep-alive", take_highest_keep_alive, 0},
    {"--no-retain", FLAG(broker.no_retain)},
    {"--no-wildcards", FLAG(broker.no_wildcards)},
    {"--no-shared", FLAG(broker.no_shared)},
    {"--no-subscription-ids", FLAG(broker.no_subscription_ids)},
    {"--no-aliases", FLAG(broker.no_aliases)},
    {"--json", FLAG(json)},
    {"--until-eof", FLAG(until_eof)},
};

static const option *find(const char *name) {
  for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
    if (strcmp(options[i].name, name) == 0) {
      return &options[i];
    }
  }
  return NULL;
}

bool law_options_read(law_options *o, int argc, char **argv) {
  memset(o, 0, sizeof *o);
  law_broker_config_default(&o->broker);
  o->broker.users = o->users;
  o->role = LAW_SERVER;
  o->verb = argc > 0 ? argv[0] : "--help";
  for (int i = 1; i < argc; i++) {
    const option *known = find(argv[i]);
    if (known == NULL) {
      return complain("no such option; see --help", argv[i]);
    }
    if (known->take == NULL) {
      *(bool *)(void *)((char *)o + known->flag) = true;
    } else if (i + 1 == argc) {
      return complain("needs a value", argv[i]);
    } else if (!known->take(o, argv[i], argv[i + 1])) {
      return false;
    } else {
      i++;
    }
  }
  return true;
}

static bool transport_of(const char *url, size_t len, law_transport *out) {
  static const struct {
    const char *scheme;
    law_transport transport;
  } schemes[] = {{"tcp", LAW_TCP},   {"mqtt", LAW_TCP}, {"tls", LAW_TLS},
                 {"mqtts", LAW_TLS}, {"ws", LAW_WS},    {"wss", LAW_WSS}};
  for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
    if (strlen(schemes[i].scheme) == len && strncmp(url, schemes[i].scheme, len) == 0) {
      *out = schemes[i].transport;
      return true;
    }
  }
  return false;
}

bool law_options_endpoint(const law_options *o, const char *url, law_endpoint *out, char *host,
                          size_t cap) {
  unsigned long long port;
  const char *rest = strstr(url, "://");
  const char *colon = rest != NULL ? strrchr(rest + 3, ':') : NULL;
  memset(out, 0, sizeof *out);
  if (colon == NULL || !transport_of(url, (size_t)(rest - url), &out->transport) ||
      (size_t)(colon - rest - 3) >= cap) {
    return complain("is no URL like tcp://127.0.0.1:1883", url);
  }
  snprintf(host, cap, "%.*s", (int)(colon - rest - 3), rest + 3);
  if (!number_of(url, colon + 1, 0, UINT16_MAX, &port)) {
    return false;
  }
  out->host = host;
  out->port = (uint16_t)port;
  out->cert_file = o->cert;
  out->key_file = o->key;
  out->ca_file = o->ca;
  out->verify = o->verify;
  bool secure = out->transport == LAW_TLS || out->transport == LAW_WSS;
  return !secure || (o->cert != NULL && o->key != NULL) || complain("needs --cert and --key", url);
}
