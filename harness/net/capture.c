#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "net/internal.h"
#include "pcap/known.h"

enum { HTTP_PORT = 80 };

#define FLUSH_AFTER UINT64_C(250000000) /* ns */

static uint64_t epoch_of_monotonic(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec - law_net_now();
}

bool law_net_capture(law_net *net, const char *path) {
  char error[LAW_PCAP_TEXT];
  if (!law_net_capture_end(net)) {
    return false;
  }
  law_pcap_writer *writer = law_pcap_create(path, error);
  if (!writer) {
    law_net_fail(net, "%s", error);
    return false;
  }
  net->capture =
      (law_capture){.writer = writer, .id = net->capture.id + 1, .epoch = epoch_of_monotonic()};
  return true;
}

bool law_net_capture_end(law_net *net) {
  char error[LAW_PCAP_TEXT];
  law_pcap_writer *writer = net->capture.writer;
  net->capture.writer = NULL;
  net->capture.ciphertext = false;
  law_queue_free(&net->capture.pieces);
  if (writer && !law_pcap_finish(writer, error)) {
    law_net_fail(net, "%s", error);
    return false;
  }
  return true;
}

bool law_net_hide(law_net *net, law_bytes secret) {
  if (!law_secrets_add(&net->secrets, secret)) {
    law_net_fail(net, "too many secrets, or no memory for one");
    return false;
  }
  return true;
}

void law_capture_idle(law_net *net) {
  law_capture *capture = &net->capture;
  if (!capture->writer) {
    return;
  }
  uint64_t now = law_net_now();
  if (now - capture->flushed >= FLUSH_AFTER) {
    capture->flushed = now;
    (void)law_pcap_flush(capture->writer);
  }
}

/* What is told later is not told as earlier: our own answer to what was just read may have come
 * in between. */
uint64_t law_capture_time(law_capture *capture, uint64_t now) {
  if (now > capture->told) {
    capture->told = now;
  }
  return capture->epoch + capture->told;
}

/* Dissectors go by the port: the protocol's own, or HTTP's for a WebSocket; TLS is shown in the
 * clear. */
static uint16_t server_port(const law_conn *c) {
  const law_protocol *p = c->scope->protocol;
  if (c->ws) {
    return HTTP_PORT;
  }
  if (p && p->port != 0) {
    return p->port;
  }
  return c->side == LAW_CLIENT ? law_tcp_peer_port(c->fd) : law_tcp_port(c->fd);
}

/* Ports are used again and again in a long run, so each connection has a client address of its own;
 * the client's port is the real one, as it stands in the logs of the IUT. */
static void name_flow(law_conn *c) {
  bool we_connected = c->side == LAW_CLIENT;
  uint32_t n = ++c->net->capture.num_flows;
  c->flow = (law_pcap_flow){
      .address[LAW_CLIENT] = {10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
  law_tcp_ipv4(c->fd, we_connected, c->flow.address[LAW_SERVER]);
  c->flow.port[LAW_CLIENT] = we_connected ? law_tcp_port(c->fd) : law_tcp_peer_port(c->fd);
  c->flow.port[LAW_SERVER] = server_port(c);
}

/* Who judges the capture later is told what this run knows. */
static const char *note_of(const law_conn *c, char note[LAW_KNOWN_TEXT]) {
  const law_scope *scope = c->scope;
  if (!scope->monitor || !scope->variant) {
    return NULL;
  }
  law_known known = {.judged = scope->judged,
                     .websocket = c->ws != NULL,
                     .world = scope->world ? scope->object.handle : 0};
  (void)snprintf(known.variant, sizeof known.variant, "%s", scope->variant);
  law_known_print(&known, note);
  return note;
}

void law_capture_begin(law_conn *c, uint64_t now) {
  law_capture *capture = &c->net->capture;
  char note[LAW_KNOWN_TEXT];
  if (!capture->writer || c->capture == capture->id) {
    return;
  }
  c->capture = capture->id;
  name_flow(c);
  c->flow.note = note_of(c, note);
  (void)law_pcap_open(capture->writer, &c->flow, law_capture_time(capture, now), c->comment);
}

uint32_t law_capture_data(law_conn *c, law_side from, uint64_t now, law_bytes bytes) {
  law_capture *capture = &c->net->capture;
  if (LAW_LIKELY(!capture->writer)) {
    return 0;
  }
  law_capture_begin(c, now);
  bytes = law_secrets_hide(&c->net->secrets, bytes, c->ws != NULL);
  return law_pcap_data(capture->writer, &c->flow, from, law_capture_time(capture, now), bytes,
                       c->comment);
}

void law_capture_close(law_conn *c, law_side from, bool reset, uint64_t now) {
  law_capture *capture = &c->net->capture;
  if (capture->writer && c->capture == capture->id) {
    (void)law_pcap_close(capture->writer, &c->flow, from, reset, law_capture_time(capture, now),
                         c->comment);
  }
  law_ciphertext_close(c, from, reset, now);
}

void law_net_comment(law_net *net, law_handle handle, const char *comment) {
  law_conn *c = (law_conn *)law_net_object(net, handle, LAW_OBJECT_CONN);
  if (!c) {
    return;
  }
  free(c->comment);
  c->comment = comment ? strdup(comment) : NULL;
}
