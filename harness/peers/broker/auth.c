#include "peers/broker/auth.h"

#include <string.h>
#include <sys/random.h>

#include "peers/broker/answer.h"
#include "peers/broker/connect.h"

#define METHOD "wirelaw-echo"

static law_bytes text_of(const law_mqtt_message *m, uint8_t property) {
  law_mqtt_property p;
  return law_mqtt_property_of(&m->properties, property, &p) ? p.text : law_bytes_of(NULL, 0);
}

static void send_challenge(law_link *c) {
  const law_broker *b = c->broker;
  if (getrandom(c->challenge, sizeof c->challenge, 0) != (ssize_t)sizeof c->challenge) {
    memcpy(c->challenge, &b->now, sizeof b->now);
  }
  law_bytes method = c->method;
  if (law_fault(b, FAULT_AUTH_WITH_OTHER_METHOD)) {
    method = law_bytes_text("other");
  }
  law_answer_auth(c, law_fault(b, FAULT_CHALLENGE_WITH_SUCCESS) ? 0x00 : 0x18, method,
                  law_bytes_of(c->challenge, sizeof c->challenge));
}

void law_auth_begin(law_link *c, const law_mqtt_message *m, law_bytes wire) {
  law_bytes method = text_of(m, LAW_MQTT_P_AUTHENTICATION_METHOD);
  if (!law_bytes_equal(method, law_bytes_text(METHOD))) {
    if (law_fault(c->broker, FAULT_ANY_METHOD_ACCEPTED)) {
      c->method = law_copy_bytes(method);
      law_connect_accept(c, m, law_bytes_of(NULL, 0));
    } else {
      law_link_reject(c, 0x8C, 0x05, "unknown authentication method");
    }
    return;
  }
  c->state = LAW_LINK_AUTH;
  c->method = law_copy_bytes(method);
  c->connect = law_copy_bytes(wire);
  send_challenge(c);
}

static bool is_answer(const law_link *c, const law_mqtt_message *m) {
  law_bytes expected = law_bytes_of(c->challenge, sizeof c->challenge);
  return law_bytes_equal(text_of(m, LAW_MQTT_P_AUTHENTICATION_DATA), expected) ||
         law_fault(c->broker, FAULT_ANY_ANSWER_ACCEPTED);
}

/* AUTH before CONNACK. */
static void go_on(law_link *c, const law_mqtt_message *m) {
  law_mqtt_message connect;
  law_violation v;
  const law_broker *b = c->broker;
  bool taken = m->reason == 0x18 ||
               (m->reason == 0x00 && law_fault(b, FAULT_AUTH_SUCCESS_ACCEPTED)) ||
               (m->reason == 0x19 && law_fault(b, FAULT_CLIENT_CONTINUE_UNCHECKED));
  if (!taken) {
    law_link_refuse(c, 0x82, "only Continue authentication may come here");
  } else if (!is_answer(c, m)) {
    law_link_refuse(c, 0x87, "the answer is not the challenge");
  } else if (law_mqtt_decode(LAW_MQTT_5, c->connect, &connect, &v) != LAW_OK) {
    law_link_refuse(c, 0x80, NULL);
  } else {
    law_connect_accept(c, &connect, law_bytes_of(NULL, 0));
    law_free_bytes(&c->connect);
  }
}

/* 4.12.1: the client may prove itself again at any time. */
static void again(law_link *c, const law_mqtt_message *m) {
  const law_broker *b = c->broker;
  if (m->reason == 0x19) {
    c->reauth = true;
    if (!law_fault(b, FAULT_REAUTH_UNANSWERED)) {
      send_challenge(c);
    }
  } else if (m->reason != 0x18 || !c->reauth) {
    law_link_refuse(c, 0x82, "no authentication is under way");
  } else if (!is_answer(c, m)) {
    if (law_fault(b, FAULT_REAUTH_FAILURE_SILENT)) {
      law_link_close(c, LAW_CLOSE_FIN);
    } else if (!law_fault(b, FAULT_REAUTH_FAILURE_IGNORED)) {
      law_link_refuse(c, 0x87, "the answer is not the challenge");
    }
  } else {
    c->reauth = false;
    law_answer_auth(c, 0x00, c->method, law_bytes_of(NULL, 0));
  }
}

void law_auth_in(law_link *c, const law_mqtt_message *m) {
  bool same = law_bytes_equal(text_of(m, LAW_MQTT_P_AUTHENTICATION_METHOD), c->method);
  bool other = c->method.len > 0 && !same;
  if (other && c->state == LAW_LINK_OPEN && law_fault(c->broker, FAULT_REAUTH_OTHER_METHOD)) {
    again(c, m);
  } else if ((c->method.len == 0 || other) && !law_fault(c->broker, FAULT_AUTH_METHOD_UNCHECKED)) {
    law_link_refuse(c, c->method.len == 0 ? 0x82 : 0x8C,
                    "not the authentication method of CONNECT");
  } else if (c->state == LAW_LINK_AUTH) {
    go_on(c, m);
  } else {
    again(c, m);
  }
}
