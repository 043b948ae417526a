/* Frames, RFC 6455 sections 5 and 7. */
#include "net/ws.h"

#include <stdio.h>
#include <string.h>

#include "net/internal.h"
#include "net/ws_internal.h"

/* ---- Sending ---- */

bool law_ws_send(law_conn *c, uint8_t opcode, bool fin, law_bytes payload, uint32_t *out_packet) {
  law_queue *scratch = &c->net->scratch;
  law_ws_header h = {
      .fin = fin, .masked = c->ws->client, .opcode = opcode, .payload_len = payload.len};
  uint8_t header[LAW_WS_HEADER_MAX];
  if (c->ws->close_sent && opcode != LAW_WS_CLOSE) {
    return false; /* 5.5.1 */
  }
  if (h.masked) {
    law_ws_random(h.mask, sizeof h.mask);
  }
  size_t header_len = law_ws_encode(&h, header);
  law_queue_drop(scratch, scratch->len);
  if (!law_queue_add(scratch, law_bytes_of(header, header_len)) ||
      !law_queue_add(scratch, payload)) {
    c->net->no_memory = true;
    return false;
  }
  if (h.masked) {
    law_ws_mask(scratch->data + scratch->head + header_len, payload.len, h.mask, 0);
  }
  return law_conn_write(c, law_queue_bytes(scratch), out_packet);
}

void law_ws_close(law_conn *c, uint16_t status) {
  uint8_t payload[2] = {(uint8_t)(status >> 8), (uint8_t)status};
  if (!c->ws->close_sent) {
    c->ws->close_sent = true;
    (void)law_ws_send(c, LAW_WS_CLOSE, true, law_bytes_of(payload, sizeof payload), NULL);
  }
}

/* ---- Receiving ---- */

static law_io broken(law_conn *c, const char *why) {
  law_ws_close(c, LAW_WS_WRONG);
  (void)snprintf(c->net->why, LAW_NET_TEXT, "a WebSocket frame is wrong: %s", why);
  return LAW_IO_ERROR;
}

/* How a frame may follow those before it, 5.1 and 5.4. */
static const char *sequence_fault(const law_ws *w) {
  const law_ws_header *f = &w->frame;
  if (f->masked == w->client) {
    return w->client ? "a server masked it" : "a client did not mask it";
  }
  if (law_ws_is_control(f->opcode)) {
    return NULL;
  }
  if (f->opcode == LAW_WS_CONTINUATION && !w->in_message) {
    return "it continues nothing";
  }
  if (f->opcode != LAW_WS_CONTINUATION && w->in_message) {
    return "a new message begins before the last one has ended";
  }
  return NULL;
}

static void begin_frame(law_ws *w) {
  w->in_frame = true;
  w->seen = 0;
  w->control_len = 0;
  if (!law_ws_is_control(w->frame.opcode)) {
    if (w->frame.opcode != LAW_WS_CONTINUATION) {
      w->message_opcode = w->frame.opcode;
    }
    w->in_message = !w->frame.fin;
    w->num_frames++;
  }
}

uint32_t law_ws_num_frames(const law_ws *w) { return w->num_frames; }

/* Reads a header, which may have begun in bytes that came before; |*used| of |in|. */
static law_io take_header(law_conn *c, law_bytes in, size_t *used) {
  law_ws *w = c->ws;
  law_ws_fault fault = LAW_WS_FINE;
  size_t kept = w->header_len, len = 0;
  size_t more = in.len < sizeof w->header - kept ? in.len : sizeof w->header - kept;
  memcpy(w->header + kept, in.data, more);
  law_status status = law_ws_decode(law_bytes_of(w->header, kept + more), &w->frame, &len, &fault);
  if (status == LAW_NEED_MORE) {
    w->header_len += more;
    *used = more;
    return LAW_IO_AGAIN;
  }
  if (status != LAW_OK) {
    return broken(c, law_ws_fault_text(fault));
  }
  *used = len - kept;
  w->header_len = 0;
  const char *why = sequence_fault(w);
  if (why) {
    return broken(c, why);
  }
  begin_frame(w);
  return LAW_IO_OK;
}

/* A close frame is answered by its own status, 5.5.1; one without status by a normal one. */
static law_io take_close(law_conn *c) {
  const law_ws *w = c->ws;
  if (w->control_len == 1) {
    return broken(c, "a close frame of one byte");
  }
  uint16_t status = LAW_WS_NORMAL;
  if (w->control_len >= 2) {
    status = (uint16_t)(w->control[0] << 8 | w->control[1]);
  }
  law_ws_close(c, status);
  return LAW_IO_FIN;
}

static law_io take_control(law_conn *c) {
  law_ws *w = c->ws;
  if (w->frame.opcode == LAW_WS_CLOSE) {
    return take_close(c);
  }
  if (w->frame.opcode == LAW_WS_PING && !w->close_sent) {
    (void)law_ws_send(c, LAW_WS_PONG, true, law_bytes_of(w->control, w->control_len), NULL);
  }
  return LAW_IO_OK;
}

static void take_data(law_conn *c, law_bytes payload) {
  if (c->ws->message_opcode == LAW_WS_TEXT && c->scope->protocol) {
    law_judging_refuse(c, payload, "a WebSocket text frame");
  } else if (payload.len > 0) {
    law_judging_input(c, payload);
  }
}

/* Takes payload of the frame at hand; returns how many bytes. */
static size_t take_payload(law_conn *c, uint8_t *data, size_t len) {
  law_ws *w = c->ws;
  uint64_t missing = w->frame.payload_len - w->seen;
  size_t take = missing < len ? (size_t)missing : len;
  if (take == 0 && missing > 0) {
    return 0;
  }
  if (w->frame.masked) {
    law_ws_mask(data, take, w->frame.mask, w->seen);
  }
  if (law_ws_is_control(w->frame.opcode)) {
    memcpy(w->control + w->control_len, data, take);
    w->control_len += take;
  } else {
    take_data(c, law_bytes_of(data, take));
  }
  w->seen += take;
  return take;
}

law_io law_ws_input(law_conn *c, uint8_t *data, size_t len) {
  law_ws *w = c->ws;
  law_io io = LAW_IO_OK;
  while (io == LAW_IO_OK && (len > 0 || w->in_frame)) {
    size_t used = 0;
    if (!w->in_frame) {
      io = take_header(c, law_bytes_of(data, len), &used);
    } else {
      used = take_payload(c, data, len);
      if (w->seen < w->frame.payload_len) {
        return LAW_IO_OK;
      }
      w->in_frame = false;
      io = law_ws_is_control(w->frame.opcode) ? take_control(c) : LAW_IO_OK;
    }
    data += used;
    len -= used;
  }
  return io == LAW_IO_AGAIN ? LAW_IO_OK : io;
}
