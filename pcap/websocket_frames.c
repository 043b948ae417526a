/* Frames, RFC 6455 sections 5 and 7, as a bystander sees them. */
#include <stdlib.h>
#include <string.h>

#include "pcap/websocket_internal.h"

enum { STATUS_MISSING = 1005, STATUS_ABNORMAL = 1006, STATUS_TLS = 1015 };

static void blame(const law_websocket *w, unsigned from, law_requirement r, uint32_t offset) {
  const law_websocket_way *way = &w->way[from];
  law_place place = law_place_on(&way->header_at, offset);
  w->sink.broken(w->sink.user, from, r, offset, &place);
}

/* ---- Headers ---- */

static law_requirement requirement_of(law_ws_fault fault) {
  switch (fault) {
    case LAW_WS_RESERVED_BITS:
      return LAW_R_RFC6455_5_2_RESERVED_BITS;
    case LAW_WS_RESERVED_OPCODE:
      return LAW_R_RFC6455_5_2_OPCODE;
    case LAW_WS_FRAGMENTED_CONTROL:
      return LAW_R_RFC6455_5_5_CONTROL_FRAGMENTED;
    case LAW_WS_LONG_CONTROL:
      return LAW_R_RFC6455_5_5_CONTROL_LENGTH;
    case LAW_WS_LENGTH_NOT_MINIMAL:
      return LAW_R_RFC6455_5_2_LENGTH_MINIMAL;
    case LAW_WS_LENGTH_TOO_LARGE:
      return LAW_R_RFC6455_5_2_LENGTH_BIT;
    default:
      return LAW_R_NONE;
  }
}

static uint32_t offset_of(law_ws_fault fault) {
  return fault == LAW_WS_LONG_CONTROL                                             ? 1
         : fault == LAW_WS_LENGTH_NOT_MINIMAL || fault == LAW_WS_LENGTH_TOO_LARGE ? 2
                                                                                  : 0;
}

static void check_mask(law_websocket *w, unsigned from) {
  bool masked = w->way[from].frame.masked;
  if (w->client < 0) {
    w->client = masked ? (int)from : (int)(1 - from);
  }
  bool by_client = w->client == (int)from;
  if (masked != by_client) {
    blame(w, from, by_client ? LAW_R_RFC6455_5_1_CLIENT_MASK : LAW_R_RFC6455_5_1_SERVER_MASK, 1);
  }
}

/* 5.4. */
static void check_sequence(law_websocket *w, unsigned from) {
  const law_websocket_way *way = &w->way[from];
  bool continues = way->frame.opcode == LAW_WS_CONTINUATION;
  if (way->closed) {
    blame(w, from, LAW_R_RFC6455_5_5_1_AFTER_CLOSE, 0);
  } else if (continues && !way->in_message && !way->unsure) {
    blame(w, from, LAW_R_RFC6455_5_4_CONTINUATION, 0);
  } else if (!continues && way->in_message) {
    blame(w, from, LAW_R_RFC6455_5_4_INTERLEAVED, 0);
  }
}

static void begin_data(law_websocket *w, unsigned from) {
  law_websocket_way *way = &w->way[from];
  check_sequence(w, from);
  if (way->frame.opcode != LAW_WS_CONTINUATION) {
    way->message_opcode = way->frame.opcode;
    if (way->frame.opcode == LAW_WS_TEXT) {
      w->sink.text(w->sink.user, from, &way->header_at);
    }
  } else if (way->unsure && !way->in_message) {
    way->message_opcode = LAW_WS_BINARY;
  }
  way->in_message = !way->frame.fin;
  way->unsure = false;
}

static void begin_frame(law_websocket *w, unsigned from) {
  law_websocket_way *way = &w->way[from];
  way->in_frame = true;
  way->seen = 0;
  way->control[0] = way->control[1] = 0;
  check_mask(w, from);
  if (!law_ws_is_control(way->frame.opcode)) {
    begin_data(w, from);
  }
}

/* Reads a header, which may have begun in bytes that came before; returns how many of |in| are
 * its. */
static size_t take_header(law_websocket *w, unsigned from, const law_place *place, law_bytes in) {
  law_websocket_way *way = &w->way[from];
  law_ws_fault fault = LAW_WS_FINE;
  size_t kept = way->header_len, room = sizeof way->header - kept, len = 0;
  size_t more = in.len < room ? in.len : room;
  if (kept == 0) {
    way->header_at = *place;
  }
  memcpy(way->header + kept, in.data, more);
  law_status status =
      law_ws_decode(law_bytes_of(way->header, kept + more), &way->frame, &len, &fault);
  if (status == LAW_NEED_MORE) {
    way->header_len += more;
    return more;
  }
  way->header_len = 0;
  if (status != LAW_OK) {
    blame(w, from, requirement_of(fault), offset_of(fault));
    way->dead = true;
    return in.len;
  }
  begin_frame(w, from);
  return len - kept;
}

/* ---- Payloads ---- */

/* 5.5.1, 7.4.1. */
static void check_close(law_websocket *w, unsigned from) {
  law_websocket_way *way = &w->way[from];
  unsigned status = (unsigned)way->control[0] << 8 | way->control[1];
  uint32_t at = way->frame.masked ? 6 : 2;
  way->closed = true;
  if (way->frame.payload_len == 1) {
    blame(w, from, LAW_R_RFC6455_5_5_1_CLOSE_STATUS, 1);
  } else if (way->frame.payload_len >= 2 &&
             (status == STATUS_MISSING || status == STATUS_ABNORMAL || status == STATUS_TLS)) {
    blame(w, from, LAW_R_RFC6455_7_4_1_STATUS, at);
  }
}

static void end_frame(law_websocket *w, unsigned from) {
  law_websocket_way *way = &w->way[from];
  way->in_frame = false;
  if (way->frame.opcode == LAW_WS_CLOSE) {
    check_close(w, from);
  }
}

static uint8_t *room_for(law_websocket *w, size_t len) {
  if (len > w->scratch_len) {
    uint8_t *more = realloc(w->scratch, len);
    if (!more) {
      return NULL;
    }
    w->scratch = more;
    w->scratch_len = len;
  }
  return w->scratch;
}

static law_bytes unmask(law_websocket *w, const law_websocket_way *way, law_bytes bytes) {
  uint8_t *plain = way->frame.masked && bytes.len > 0 ? room_for(w, bytes.len) : NULL;
  if (!plain) {
    return way->frame.masked ? law_bytes_of(NULL, 0) : bytes;
  }
  memcpy(plain, bytes.data, bytes.len);
  law_ws_mask(plain, bytes.len, way->frame.mask, way->seen);
  return law_bytes_of(plain, bytes.len);
}

static void take_control(law_websocket_way *way, law_bytes plain) {
  for (size_t i = 0; i < plain.len && way->seen + i < sizeof way->control; i++) {
    way->control[way->seen + i] = plain.data[i];
  }
}

/* Takes payload of the frame at hand; returns how many bytes. */
static size_t take_payload(law_websocket *w, unsigned from, const law_place *place,
                           law_bytes bytes) {
  law_websocket_way *way = &w->way[from];
  uint64_t left = way->frame.payload_len - way->seen;
  size_t take = left < bytes.len ? (size_t)left : bytes.len;
  law_bytes plain = unmask(w, way, law_bytes_of(bytes.data, take));
  if (law_ws_is_control(way->frame.opcode)) {
    take_control(way, plain);
  } else if (way->message_opcode == LAW_WS_BINARY && plain.len > 0) {
    w->sink.data(w->sink.user, from, place, plain);
  }
  way->seen += take;
  if (way->seen == way->frame.payload_len) {
    end_frame(w, from);
  }
  return take;
}

/* ---- Bytes ---- */

static bool header_fits(law_bytes bytes, law_ws_header *out, size_t *out_len) {
  law_ws_fault fault;
  return law_ws_decode(bytes, out, out_len, &fault) == LAW_OK;
}

bool law_websocket_detect(law_bytes bytes, bool *out_masked) {
  law_ws_header h;
  size_t len;
  bool first = true;
  while (bytes.len > 0) {
    if (!header_fits(bytes, &h, &len) || h.payload_len > bytes.len - len ||
        (first ? h.opcode != LAW_WS_BINARY || h.payload_len < 2 : h.masked != *out_masked)) {
      return false;
    }
    *out_masked = h.masked;
    first = false;
    len += (size_t)h.payload_len;
    bytes = law_bytes_of(bytes.data + len, bytes.len - len);
  }
  return !first;
}

/* After a hole, frames begin again where a packet holds whole ones of the right side. */
static bool found_again(const law_websocket *w, unsigned from, law_bytes bytes) {
  bool masked = false;
  if (!law_websocket_detect(bytes, &masked)) {
    return false;
  }
  return w->client < 0 || masked == (w->client == (int)from);
}

void law_websocket_frames(law_websocket *w, unsigned from, const law_place *place,
                          law_bytes bytes) {
  law_websocket_way *way = &w->way[from];
  way->lost = false;
  if (way->seeking && found_again(w, from, bytes)) {
    way->seeking = false;
  }
  law_place at = *place;
  while (!way->dead && !way->seeking && (bytes.len > 0 || way->in_frame)) {
    if (way->in_frame && bytes.len == 0 && way->seen < way->frame.payload_len) {
      return;
    }
    size_t used =
        way->in_frame ? take_payload(w, from, &at, bytes) : take_header(w, from, &at, bytes);
    at = law_place_on(&at, used);
    bytes = law_bytes_of(bytes.data + used, bytes.len - used);
  }
}

/* What is missing of a frame whose length is known is counted; beyond it nothing is known. */
static bool loses_payload_only(const law_websocket_way *way, uint64_t num_bytes) {
  return way->in_frame && num_bytes > 0 && num_bytes <= way->frame.payload_len - way->seen;
}

static void lose_payload(law_websocket *w, unsigned from, const law_place *place,
                         uint64_t num_bytes) {
  law_websocket_way *way = &w->way[from];
  bool data = !law_ws_is_control(way->frame.opcode) && way->message_opcode == LAW_WS_BINARY;
  way->lost = true;
  way->seen += num_bytes;
  if (way->seen == way->frame.payload_len) {
    way->in_frame = false; /* a close frame's status may be what is missing */
    way->closed = way->closed || way->frame.opcode == LAW_WS_CLOSE;
  }
  if (data) {
    w->sink.missing(w->sink.user, from, place, num_bytes);
  }
}

void law_websocket_regain(law_websocket *w, unsigned from, uint64_t num_bytes) {
  law_websocket_way *way = &w->way[from];
  if (!way->lost || way->seeking || num_bytes > way->seen) {
    return;
  }
  way->in_frame = true;
  way->seen -= num_bytes;
  if (!law_ws_is_control(way->frame.opcode) && way->message_opcode == LAW_WS_BINARY) {
    w->sink.late(w->sink.user, from, num_bytes);
  }
}

void law_websocket_lose(law_websocket *w, unsigned from, const law_place *place,
                        uint64_t num_bytes) {
  law_websocket_way *way = &w->way[from];
  if (loses_payload_only(way, num_bytes)) {
    lose_payload(w, from, place, num_bytes);
    return;
  }
  way->in_frame = way->in_message = false;
  way->header_len = 0;
  way->seeking = way->unsure = true;
  w->sink.missing(w->sink.user, from, place, 0);
}
