#include "pcap/websocket.h"

#include <stdlib.h>
#include <string.h>

#include "http/head.h"
#include "pcap/websocket_internal.h"

/* ---- HTTP ---- */

bool law_http_detect(law_bytes head) {
  static const char *const starts[] = {"GET ",    "POST ",    "PUT ",   "HEAD ",
                                       "DELETE ", "OPTIONS ", "PATCH ", "HTTP/1."};
  for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
    size_t len = strlen(starts[i]);
    if (head.len >= len && memcmp(head.data, starts[i], len) == 0) {
      return true;
    }
  }
  return false;
}

static void give_up(law_websocket *w, const char *why) {
  w->unreadable = why;
  w->state = LAW_WEBSOCKET_OVER;
}

static bool asks_for_upgrade(const law_http_head *head) {
  return head->request && law_http_lists(head, "Upgrade", "websocket", true);
}

/* 4.1 and 4.2. Values that a server checks are the server's affair. */
static void take_request(law_websocket *w, unsigned from, const law_http_head *head) {
  if (!asks_for_upgrade(head)) {
    give_up(w, "http without an upgrade to WebSocket");
    return;
  }
  w->client = (int)from;
}

static void take_response(law_websocket *w, unsigned from, const law_http_head *head) {
  law_bytes value;
  if (head->status != 101) {
    give_up(w, "the server refused the upgrade to WebSocket");
  } else if (law_http_field(head, "Sec-WebSocket-Extensions", &value) && value.len > 0) {
    give_up(w, "WebSocket frames of an extension (compression), which is not read here");
  } else {
    w->client = (int)(1 - from);
    w->state = LAW_WEBSOCKET_FRAMES;
  }
}

static bool keep_head(law_websocket_way *way, law_bytes bytes) {
  if (way->head_len + bytes.len > LAW_WEBSOCKET_HEAD) {
    return false;
  }
  uint8_t *head = realloc(way->head, way->head_len + bytes.len);
  if (!head) {
    return false;
  }
  memcpy(head + way->head_len, bytes.data, bytes.len);
  way->head = head;
  way->head_len += bytes.len;
  return true;
}

static void drop_head(law_websocket_way *way) {
  free(way->head);
  way->head = NULL;
  way->head_len = 0;
}

/* Takes what belongs to the head of this direction; returns how many of |bytes| do. */
static size_t take_head(law_websocket *w, unsigned from, law_bytes bytes) {
  law_websocket_way *way = &w->way[from];
  law_http_head head;
  size_t before = way->head_len, used, at;
  if (!keep_head(way, bytes)) {
    give_up(w, "an HTTP head that is too long");
    return bytes.len;
  }
  law_status status = law_http_decode(law_bytes_of(way->head, way->head_len), &head, &used, &at);
  if (status == LAW_NEED_MORE) {
    return bytes.len;
  }
  if (status != LAW_OK) {
    give_up(w, "what came is no HTTP/1.1");
    return bytes.len;
  }
  if (head.request) {
    take_request(w, from, &head);
  } else {
    take_response(w, from, &head);
  }
  way->headed = true;
  drop_head(way);
  return used - before;
}

/* ---- All ---- */

law_websocket *law_websocket_new(const law_websocket_sink *sink, bool upgraded) {
  law_websocket *w = calloc(1, sizeof *w);
  if (w) {
    w->sink = *sink;
    w->client = -1;
    w->state = upgraded ? LAW_WEBSOCKET_FRAMES : LAW_WEBSOCKET_HTTP;
    w->way[0].seeking = w->way[1].seeking = upgraded;
    w->way[0].unsure = w->way[1].unsure = upgraded;
  }
  return w;
}

void law_websocket_free(law_websocket *w) {
  if (w) {
    drop_head(&w->way[0]);
    drop_head(&w->way[1]);
    free(w->scratch);
    free(w);
  }
}

void law_websocket_push(law_websocket *w, unsigned from, const law_place *place, law_bytes bytes) {
  size_t used = 0;
  if (w->state == LAW_WEBSOCKET_HTTP && !w->way[from].headed) {
    used = take_head(w, from, bytes);
  }
  law_bytes rest = law_bytes_of(bytes.data + used, bytes.len - used);
  if (w->state == LAW_WEBSOCKET_FRAMES && rest.len > 0) {
    law_place at = law_place_on(place, used);
    law_websocket_frames(w, from, &at, rest);
  } else if (w->state == LAW_WEBSOCKET_HTTP && rest.len > 0) {
    give_up(w, "http without an upgrade to WebSocket");
  }
}

void law_websocket_missing(law_websocket *w, unsigned from, const law_place *place,
                           uint64_t num_bytes) {
  if (w->state == LAW_WEBSOCKET_FRAMES) {
    law_websocket_lose(w, from, place, num_bytes);
  } else if (w->state == LAW_WEBSOCKET_HTTP) {
    give_up(w, "http of which the capture lacks a part");
  }
}

void law_websocket_late(law_websocket *w, unsigned from, uint64_t num_bytes) {
  if (w->state == LAW_WEBSOCKET_FRAMES) {
    law_websocket_regain(w, from, num_bytes);
  }
}

bool law_websocket_open(const law_websocket *w) { return w->state == LAW_WEBSOCKET_FRAMES; }
int law_websocket_client(const law_websocket *w) { return w->client; }
const char *law_websocket_unreadable(const law_websocket *w) { return w->unreadable; }
