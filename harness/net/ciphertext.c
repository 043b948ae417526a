/* What TLS has on the wire, as a second copy of its connections in the capture, and the secrets to
 * read it. */
#include <stdio.h>
#include <string.h>

#include "net/internal.h"
#include "pcap/known.h"

enum { HTTPS_PORT = 443, LINE = 512 };

/* Before the bytes of each piece that is held. */
typedef struct piece {
  size_t len;
  law_side from;
} piece;

bool law_net_capture_ciphertext(law_net *net) {
  if (!net->capture.writer) {
    law_net_fail(net, "no capture is being written");
    return false;
  }
  if (!net->capture.ciphertext) {
    law_pcap_add_ciphertext(net->capture.writer);
    net->capture.ciphertext = true;
  }
  return true;
}

void law_ciphertext_secret(law_net *net, const char *line) {
  char text[LINE];
  int len = snprintf(text, sizeof text, "%s\n", line);
  if (net->capture.ciphertext && len > 0 && (size_t)len < sizeof text) {
    law_pcap_add_secrets(net->capture.writer, law_bytes_of(text, (size_t)len));
  }
  memset(text, 0, sizeof text);
}

void law_ciphertext_data(law_conn *c, law_side from, law_bytes bytes) {
  law_capture *capture = &c->net->capture;
  piece p = {bytes.len, from};
  if (LAW_LIKELY(!capture->ciphertext)) {
    return;
  }
  if (!law_queue_add(&capture->pieces, law_bytes_of(&p, sizeof p)) ||
      !law_queue_add(&capture->pieces, bytes)) {
    law_queue_free(&capture->pieces);
    c->net->no_memory = true;
  }
}

static uint16_t server_port(const law_conn *c) {
  const law_protocol *p = c->scope->protocol;
  if (c->ws) {
    return HTTPS_PORT;
  }
  return p && p->secure_port != 0 ? p->secure_port : c->flow.port[LAW_SERVER];
}

/* As the copy in the clear, but for the server's port. Of a connection that was secured before, the
 * capture has no secrets. */
static bool begin(law_conn *c) {
  law_capture *capture = &c->net->capture;
  law_known known = {.variant = "-", .judged = c->scope->judged, .ciphertext = true};
  char note[LAW_KNOWN_TEXT];
  if (c->ciphertext_capture == capture->id) {
    return true;
  }
  if (c->opened) {
    return false;
  }
  law_capture_begin(c, law_net_now());
  c->ciphertext_capture = capture->id;
  law_known_print(&known, note);
  c->ciphertext = (law_pcap_flow){.ciphertext = true, .note = note};
  memcpy(c->ciphertext.address, c->flow.address, sizeof c->flow.address);
  c->ciphertext.port[LAW_CLIENT] = c->flow.port[LAW_CLIENT];
  c->ciphertext.port[LAW_SERVER] = server_port(c);
  (void)law_pcap_open(capture->writer, &c->ciphertext, law_capture_time(capture, law_net_now()),
                      c->comment);
  return true;
}

void law_ciphertext_flush(law_conn *c) {
  law_capture *capture = &c->net->capture;
  while (capture->pieces.len > 0) {
    law_bytes held = law_queue_bytes(&capture->pieces);
    piece p;
    memcpy(&p, held.data, sizeof p);
    if (capture->writer && begin(c) && !c->ciphertext.closed[p.from]) {
      (void)law_pcap_data(capture->writer, &c->ciphertext, p.from,
                          law_capture_time(capture, law_net_now()),
                          law_bytes_of(held.data + sizeof p, p.len), c->comment);
    }
    law_queue_drop(&capture->pieces, sizeof p + p.len);
  }
}

void law_ciphertext_close(law_conn *c, law_side from, bool reset, uint64_t now) {
  law_capture *capture = &c->net->capture;
  if (capture->ciphertext && c->ciphertext_capture == capture->id) {
    (void)law_pcap_close(capture->writer, &c->ciphertext, from, reset,
                         law_capture_time(capture, now), c->comment);
  }
}
