/* The opening handshake, RFC 6455 section 4. */
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/head.h"
#include "net/internal.h"
#include "net/ws_internal.h"

enum { KEY_BYTES = 16, HEAD_TEXT = 4096 };

void law_ws_random(uint8_t *out, size_t len) {
  if (RAND_bytes(out, (int)len) != 1) {
    memset(out, 0x5a, len);
  }
}

void law_ws_accept_key(const char *key, char *out) {
  static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  char text[128];
  unsigned char digest[SHA_DIGEST_LENGTH];
  int len = snprintf(text, sizeof text, "%s%s", key, guid);
  SHA1((const unsigned char *)text, (size_t)len, digest);
  (void)EVP_EncodeBlock((unsigned char *)out, digest, SHA_DIGEST_LENGTH);
}

/* ---- Beginning and end ---- */

law_ws *law_ws_new(const law_endpoint *e, bool client) {
  law_ws *w = calloc(1, sizeof *w);
  if (!w) {
    return NULL;
  }
  w->client = client;
  w->path = strdup(e->ws_path ? e->ws_path : "/mqtt");
  (void)snprintf(w->subprotocol, sizeof w->subprotocol, "%s",
                 e->ws_subprotocol ? e->ws_subprotocol : "mqtt");
  if (!w->path) {
    free(w);
    return NULL;
  }
  return w;
}

void law_ws_free(law_ws *w) {
  if (w) {
    free(w->path);
    free(w->head);
    free(w);
  }
}

const char *law_ws_subprotocol(const law_ws *w) { return w->agreed; }

/* ---- The client ---- */

bool law_ws_ask(law_conn *c) {
  law_ws *w = c->ws;
  uint8_t nonce[KEY_BYTES];
  char text[HEAD_TEXT];
  law_ws_random(nonce, sizeof nonce);
  (void)EVP_EncodeBlock((unsigned char *)w->key, nonce, sizeof nonce);
  int len = snprintf(text, sizeof text,
                     "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n%s%s%s\r\n",
                     w->path, c->peer, w->key, w->subprotocol[0] ? "Sec-WebSocket-Protocol: " : "",
                     w->subprotocol, w->subprotocol[0] ? "\r\n" : "");
  if (len >= (int)sizeof text) {
    return false;
  }
  return law_conn_write(c, law_bytes_of(text, (size_t)len), NULL);
}

static law_io refuse(law_conn *c, const char *why) {
  (void)snprintf(c->net->why, LAW_NET_TEXT, "%s", why);
  return LAW_IO_ERROR;
}

static void copy_text(char *out, size_t cap, law_bytes text) {
  size_t len = text.len < cap ? text.len : cap - 1;
  memcpy(out, text.data, len);
  out[len] = 0;
}

static bool switches(const law_http_head *head) {
  return law_http_lists(head, "Upgrade", "websocket", true) &&
         law_http_lists(head, "Connection", "Upgrade", true);
}

/* 4.1, what the client must check. */
static law_io check_answer(law_conn *c, const law_http_head *head) {
  law_ws *w = c->ws;
  char expected[LAW_WS_ACCEPT + 1];
  law_bytes value;
  if (head->request || head->status != 101) {
    (void)snprintf(c->net->why, LAW_NET_TEXT, "the answer is HTTP status %u, not 101",
                   (unsigned)head->status);
    return LAW_IO_ERROR;
  }
  if (!switches(head)) {
    return refuse(c, "the answer does not switch to websocket");
  }
  law_ws_accept_key(w->key, expected);
  if (!law_http_field(head, "Sec-WebSocket-Accept", &value) || value.len != LAW_WS_ACCEPT ||
      memcmp(value.data, expected, LAW_WS_ACCEPT) != 0) {
    return refuse(c, "Sec-WebSocket-Accept does not fit our key");
  }
  if (law_http_field(head, "Sec-WebSocket-Extensions", &value)) {
    return refuse(c, "the answer uses an extension that was not asked for");
  }
  if (law_http_field(head, "Sec-WebSocket-Protocol", &value)) {
    copy_text(w->agreed, sizeof w->agreed, value);
    if (strcmp(w->agreed, w->subprotocol) != 0) {
      return refuse(c, "the answer selects a subprotocol that was not asked for");
    }
  }
  return LAW_IO_OK;
}

/* ---- The server ---- */

/* Tells the client by an HTTP error, and the caller by |why|. */
static law_io reject(law_conn *c, const char *status, const char *why) {
  char text[HEAD_TEXT];
  int len = snprintf(text, sizeof text,
                     "HTTP/1.1 %s\r\nSec-WebSocket-Version: 13\r\nContent-Length: 0\r\n"
                     "Connection: close\r\n\r\n",
                     status);
  (void)law_conn_write(c, law_bytes_of(text, (size_t)len), NULL);
  return refuse(c, why);
}

static bool path_is(law_bytes target, const char *path) {
  const uint8_t *query = memchr(target.data, '?', target.len);
  size_t len = query ? (size_t)(query - target.data) : target.len;
  return strlen(path) == len && memcmp(target.data, path, len) == 0;
}

/* 4.2.1, what the server must check. |*status| is set when it says no. */
static const char *fault_of(const law_ws *w, const law_http_head *head, const char **status) {
  law_bytes value;
  *status = "400 Bad Request";
  if (!head->request || !law_http_same(head->method, "GET") || head->minor < 1) {
    return "the request is no GET of HTTP/1.1";
  }
  if (!path_is(head->target, w->path)) {
    *status = "404 Not Found";
    return "the request is for another path";
  }
  if (!law_http_field(head, "Host", &value)) {
    return "the request has no Host";
  }
  *status = "426 Upgrade Required";
  if (!switches(head)) {
    return "the request does not ask for an upgrade to websocket";
  }
  if (!law_http_field(head, "Sec-WebSocket-Version", &value) || !law_http_same(value, "13")) {
    return "the request is not for WebSocket version 13";
  }
  *status = "400 Bad Request";
  if (!law_http_field(head, "Sec-WebSocket-Key", &value) || value.len != LAW_WS_NONCE) {
    return "the request has no Sec-WebSocket-Key of 16 bytes";
  }
  if (w->subprotocol[0] && !law_http_lists(head, "Sec-WebSocket-Protocol", w->subprotocol, false)) {
    return "the request does not offer our subprotocol";
  }
  return NULL;
}

static law_io answer(law_conn *c, const law_http_head *head) {
  law_ws *w = c->ws;
  const char *status;
  const char *why = fault_of(w, head, &status);
  char accept[LAW_WS_ACCEPT + 1], text[HEAD_TEXT];
  law_bytes key;
  if (why) {
    return reject(c, status, why);
  }
  (void)law_http_field(head, "Sec-WebSocket-Key", &key);
  copy_text(w->key, sizeof w->key, key);
  law_ws_accept_key(w->key, accept);
  (void)snprintf(w->agreed, sizeof w->agreed, "%s", w->subprotocol);
  int len = snprintf(text, sizeof text,
                     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s%s%s\r\n",
                     accept, w->agreed[0] ? "Sec-WebSocket-Protocol: " : "", w->agreed,
                     w->agreed[0] ? "\r\n" : "");
  if (!law_conn_write(c, law_bytes_of(text, (size_t)len), NULL)) {
    return refuse(c, "the connection broke");
  }
  return LAW_IO_OK;
}

/* ---- Both ---- */

static bool keep_head(law_ws *w, law_bytes bytes) {
  uint8_t *head = realloc(w->head, w->head_len + bytes.len);
  if (!head) {
    return false;
  }
  memcpy(head + w->head_len, bytes.data, bytes.len);
  w->head = head;
  w->head_len += bytes.len;
  return true;
}

law_io law_ws_upgrade(law_conn *c, law_bytes bytes, uint32_t packet) {
  law_ws *w = c->ws;
  law_http_head head;
  size_t at;
  w->head_packet = packet;
  if (!keep_head(w, bytes)) {
    return refuse(c, "no memory left");
  }
  law_status status =
      law_http_decode(law_bytes_of(w->head, w->head_len), &head, &w->head_used, &at);
  if (status == LAW_NEED_MORE) {
    return w->head_len > LAW_WS_HEAD_MAX ? refuse(c, "its HTTP head is too long") : LAW_IO_AGAIN;
  }
  if (status != LAW_OK) {
    const char *why = "what came is no HTTP/1.1";
    return w->client ? refuse(c, why) : reject(c, "400 Bad Request", why);
  }
  return w->client ? check_answer(c, &head) : answer(c, &head);
}

bool law_ws_pending(const law_ws *w) { return w->head && w->head_len > w->head_used; }

law_bytes law_ws_left(law_ws *w, uint32_t *out_packet) {
  *out_packet = w->head_packet;
  if (!w->head) {
    return law_bytes_of(NULL, 0);
  }
  law_bytes left = law_bytes_of(w->head + w->head_used, w->head_len - w->head_used);
  w->head_used = w->head_len;
  return left;
}
