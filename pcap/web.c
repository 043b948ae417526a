#include "pcap/web.h"

#include <stdlib.h>
#include <string.h>

#include "http/head.h"

enum { CHUNK = 4096 };

void law_web_free(law_web *w) {
  free(w->head);
  w->head = NULL;
}

void law_web_upgraded(law_web *w) { w->state = LAW_WEB_FRAMES; }

void law_web_lost(law_web *w) {
  w->state = w->state == LAW_WEB_START ? LAW_WEB_START : LAW_WEB_NONE;
}

/* ---- HTTP ---- */

static bool is_http(law_bytes bytes) {
  return (bytes.len >= 4 && memcmp(bytes.data, "GET ", 4) == 0) ||
         (bytes.len >= 5 && memcmp(bytes.data, "HTTP/", 5) == 0);
}

/* Fields that a WebSocket is made by; all others are somebody's. */
static bool stays(law_bytes name) {
  static const char *const names[] = {"Upgrade",
                                      "Connection",
                                      "Sec-WebSocket-Key",
                                      "Sec-WebSocket-Accept",
                                      "Sec-WebSocket-Version",
                                      "Sec-WebSocket-Protocol",
                                      "Sec-WebSocket-Extensions",
                                      "Content-Length",
                                      "Transfer-Encoding"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (law_http_same(name, names[i])) {
      return true;
    }
  }
  return false;
}

static void change_head(law_alias *a, const law_http_head *head, const uint8_t *from,
                        uint8_t *out) {
  law_bytes fields = head->fields, name, value;
  if (head->request) {
    law_alias_topic(a, out + (head->target.data - from), head->target.len);
  }
  while (law_http_next(&fields, &name, &value)) {
    if (!stays(name) && value.len > 0) {
      law_alias_topic(a, out + (value.data - from), value.len);
    }
  }
}

static void finish_head(law_web *w, law_alias *a, law_cover *cover, size_t len,
                        const law_http_head *head) {
  uint8_t *out = malloc(len);
  if (out) {
    memcpy(out, w->head, len);
    change_head(a, head, w->head, out);
    (void)law_cover_set(cover, w->place, w->head, out, len);
    free(out);
  }
  bool goes_on = head->request || head->status == 101;
  w->state = goes_on ? LAW_WEB_FRAMES : LAW_WEB_NONE;
}

/* Returns how many of |bytes| belong to the head. */
static size_t take_head(law_web *w, law_alias *a, law_cover *cover, law_bytes bytes) {
  law_http_head head;
  size_t before = w->head_len, len, at;
  if (!w->head) {
    w->head = malloc(LAW_WEB_HEAD);
  }
  if (!w->head || before + bytes.len > LAW_WEB_HEAD) {
    w->state = LAW_WEB_NONE;
    return bytes.len;
  }
  memcpy(w->head + before, bytes.data, bytes.len);
  w->head_len += bytes.len;
  law_status status = law_http_decode(law_bytes_of(w->head, w->head_len), &head, &len, &at);
  if (status == LAW_NEED_MORE) {
    return bytes.len;
  }
  if (status != LAW_OK) {
    w->state = LAW_WEB_NONE;
    return bytes.len;
  }
  finish_head(w, a, cover, len, &head);
  return len - before;
}

/* ---- Frames ---- */

static void keep(law_cover *cover, int64_t place, const uint8_t *bytes, size_t len) {
  (void)law_cover_set(cover, place, bytes, bytes, len);
}

static void end_control(law_web *w, law_alias *a, law_cover *cover) {
  uint8_t after[LAW_WS_CONTROL_MAX];
  size_t len = (size_t)w->frame.payload_len;
  size_t code = w->frame.opcode == LAW_WS_CLOSE && len >= 2 ? 2 : 0;
  memcpy(after, w->control, len);
  law_alias_payload(a, after + code, len - code);
  (void)law_cover_set(cover, w->place, w->control, after, len);
}

static size_t take_header(law_web *w, law_alias *a, law_cover *cover, int64_t place,
                          law_bytes bytes) {
  law_ws_fault fault;
  size_t before = w->header_len, room = LAW_WS_HEADER_MAX - before, len = 0;
  size_t more = bytes.len < room ? bytes.len : room;
  memcpy(w->header + before, bytes.data, more);
  law_status status =
      law_ws_decode(law_bytes_of(w->header, before + more), &w->frame, &len, &fault);
  if (status == LAW_NEED_MORE) {
    w->header_len += more;
    keep(cover, place, bytes.data, more);
    return more;
  }
  if (status != LAW_OK) {
    keep(cover, place, bytes.data, bytes.len < 2 ? bytes.len : 2); /* what is wrong with it */
    w->state = LAW_WEB_NONE;
    return bytes.len;
  }
  keep(cover, place, bytes.data, len - before);
  w->header_len = 0;
  w->seen = 0;
  w->in_frame = w->frame.payload_len > 0;
  w->place = place + (int64_t)(len - before);
  (void)a;
  return len - before;
}

static bool is_short_control(const law_web *w) {
  return law_ws_is_control(w->frame.opcode) && w->frame.payload_len <= LAW_WS_CONTROL_MAX;
}

static void scrub(law_web *w, law_alias *a, law_cover *cover, int64_t place, law_bytes bytes) {
  uint8_t plain[CHUNK], after[CHUNK];
  memcpy(plain, bytes.data, bytes.len);
  if (w->frame.masked) {
    law_ws_mask(plain, bytes.len, w->frame.mask, w->seen);
  }
  if (is_short_control(w)) {
    memcpy(w->control + w->seen, plain, bytes.len);
  }
  memcpy(after, plain, bytes.len);
  law_alias_scrub(a, (uint64_t)place, after, bytes.len);
  (void)law_cover_set(cover, place, plain, after, bytes.len);
}

static size_t take_payload(law_web *w, law_alias *a, law_cover *cover, int64_t place,
                           law_bytes bytes) {
  uint64_t left = w->frame.payload_len - w->seen;
  size_t len = bytes.len < left ? bytes.len : (size_t)left;
  len = len < CHUNK ? len : CHUNK;
  scrub(w, a, cover, place, law_bytes_of(bytes.data, len));
  w->seen += len;
  if (w->seen == w->frame.payload_len) {
    w->in_frame = false;
    if (is_short_control(w)) {
      end_control(w, a, cover);
    }
  }
  return len;
}

void law_web_push(law_web *w, law_alias *a, law_cover *cover, int64_t place, law_bytes bytes) {
  if (w->state == LAW_WEB_START) {
    w->state = is_http(bytes) ? LAW_WEB_HEADING : LAW_WEB_NONE;
    w->place = place;
  }
  while (bytes.len > 0 && (w->state == LAW_WEB_HEADING || w->state == LAW_WEB_FRAMES)) {
    size_t used = w->state == LAW_WEB_HEADING ? take_head(w, a, cover, bytes)
                  : w->in_frame               ? take_payload(w, a, cover, place, bytes)
                                              : take_header(w, a, cover, place, bytes);
    bytes = law_bytes_of(bytes.data + used, bytes.len - used);
    place += (int64_t)used;
  }
}
