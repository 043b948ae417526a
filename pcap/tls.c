#include "pcap/tls.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cursor.h"
#include "pcap/tls_internal.h"

enum {
  SLACK_MAX = 4096,
  TRIES_MAX = 1 << 16, /* records opened in vain in a row: it will not become better */
  RECORD_MIN = 22,     /* bytes of the shortest protected record there is */
};

/* ---- Beginning and end ---- */

law_pcap_tls *law_pcap_tls_new(const law_pcap_secrets *secrets, const law_tls_sink *sink) {
  law_pcap_tls *t = calloc(1, sizeof *t);
  if (t) {
    t->secrets = secrets;
    t->sink = *sink;
    t->client = -1;
  }
  return t;
}

static void clear_side(law_tls_side *s) {
  law_tls_framer_clear(&s->framer);
  law_tls_messages_clear(&s->messages);
  law_tls_cipher_free(s->cipher);
  s->cipher = NULL;
}

void law_pcap_tls_free(law_pcap_tls *t) {
  if (!t) {
    return;
  }
  clear_side(&t->sides[0]);
  clear_side(&t->sides[1]);
  law_tls_transcript_free(t->transcript);
  law_tls13_psk_free(t->psk);
  free(t->held_early);
  OPENSSL_cleanse(t, sizeof *t);
  free(t);
}

/* ---- What is known ---- */

int law_pcap_tls_client(const law_pcap_tls *t) { return t->client; }

void law_pcap_tls_mark(law_pcap_tls *t, law_tls_mark mark) {
  t->mark = mark;
  t->marked = mark;
}

law_tls_mark law_pcap_tls_marked(const law_pcap_tls *t) { return t->marked; }

bool law_tls_is_client(const law_pcap_tls *t, unsigned from) { return t->client == (int)from; }

const char *law_pcap_tls_version(const law_pcap_tls *t) {
  return t->version == LAW_TLS_1_3 ? "TLS 1.3" : t->version == LAW_TLS_1_2 ? "TLS 1.2" : "TLS";
}

law_bytes law_pcap_tls_alpn(const law_pcap_tls *t) { return law_bytes_of(t->alpn, t->alpn_len); }

const char *law_pcap_tls_unreadable(const law_pcap_tls *t, unsigned from) {
  return t->sides[from].why[0] != 0 ? t->sides[from].why : NULL;
}

void law_tls_explain(const law_pcap_tls *t, law_tls_side *s, const char *reason, ...) {
  int len = snprintf(s->why, sizeof s->why,
                     "this %s connection cannot be read: ", law_pcap_tls_version(t));
  va_list args;
  va_start(args, reason);
  (void)vsnprintf(s->why + len, sizeof s->why - (size_t)len, reason, args);
  va_end(args);
}

void law_tls_give_up(law_pcap_tls *t, unsigned from) {
  law_tls_side *s = &t->sides[from];
  s->broken = true;
  clear_side(s);
  law_tls_hole(t, from);
}

void law_tls_keep_alpn(law_pcap_tls *t, law_bytes alpn) {
  if (alpn.len > 0 && alpn.len <= sizeof t->alpn) {
    memcpy(t->alpn, alpn.data, alpn.len);
    t->alpn_len = (uint8_t)alpn.len;
  }
}

/* ---- To the sink ---- */

void law_tls_hole(law_pcap_tls *t, unsigned from) {
  t->sides[from].may_lack = false;
  if (!t->sides[from].holed && t->sink.gap) {
    t->sink.gap(t->sink.user, from);
  }
  t->sides[from].holed = true;
}

void law_tls_deliver(law_pcap_tls *t, unsigned from, law_bytes plain) {
  /* An answer to something that nobody read. */
  if (t->sides[1 - from].may_lack) {
    law_tls_hole(t, 1 - from);
  }
  if (plain.len > 0 && !t->sides[from].ended) {
    t->sides[from].holed = false;
    t->sink.data(t->sink.user, from, plain);
  }
}

void law_tls_alert(law_pcap_tls *t, unsigned from, law_bytes bytes) {
  static const uint8_t close_notify = 0;
  law_tls_side *s = &t->sides[from];
  if (bytes.len == 2 && bytes.data[1] == close_notify && !s->ended) {
    s->ended = true;
    if (t->sink.end) {
      t->sink.end(t->sink.user, from);
    }
  }
}

/* ---- Records ---- */

void law_tls_install(law_tls_side *s, law_tls_phase phase, law_tls_cipher *cipher) {
  law_tls_cipher_free(s->cipher);
  s->cipher = cipher;
  s->phase = phase;
  s->seq = 0;
  s->slack = 0;
  s->secret_len = 0;
}

static bool opens(law_tls_side *s, law_tls_cipher *cipher, law_tls_text *out,
                  law_tls_record *record, uint64_t seq) {
  record->seq = seq;
  s->num_tries++;
  if (!law_tls_cipher_open(cipher, out->data, &out->len, record)) {
    return false;
  }
  s->num_tries = 0;
  s->seq = seq + 1;
  s->slack = 0;
  return true;
}

bool law_tls_try(law_tls_side *s, law_tls_cipher *cipher, law_tls_text *out, law_tls_record record,
                 uint64_t first, uint64_t slack) {
  uint64_t guess;
  if (slack > 0 && law_tls_cipher_guess(cipher, &guess, record.fragment) && guess >= first &&
      guess - first <= slack && opens(s, cipher, out, &record, guess)) {
    return true;
  }
  for (uint64_t i = 0; i <= slack && s->num_tries < TRIES_MAX; i++) {
    if (opens(s, cipher, out, &record, first + i)) {
      return true;
    }
  }
  return false;
}

static bool is_protected(const law_pcap_tls *t, const law_tls_side *s, const law_tls_frame *frame) {
  return frame->type == LAW_TLS_APPLICATION_DATA ||
         (t->version == LAW_TLS_1_2 && s->phase == LAW_TLS_PROTECTED);
}

static void on_plain(law_pcap_tls *t, unsigned from, const law_tls_frame *frame) {
  if (frame->type == LAW_TLS_HANDSHAKE) {
    law_tls_handshake_bytes(t, from, frame->fragment);
  } else if (frame->type == LAW_TLS_ALERT) {
    law_tls_alert(t, from, frame->fragment);
  } else if (frame->type == LAW_TLS_CHANGE_CIPHER_SPEC && t->version == LAW_TLS_1_2) {
    law_tls12_change_cipher(t, from);
  }
}

static law_tls_opened open_record(law_pcap_tls *t, unsigned from, law_tls_text *text,
                                  const law_tls_frame *frame) {
  law_tls_side *s = &t->sides[from];
  if (t->version == LAW_TLS_1_2) {
    return law_tls12_open(t, from, text, frame);
  }
  /* 0-RTT data comes before anybody knows that this is TLS 1.3. */
  if (s->phase == LAW_TLS_PLAIN && law_tls_is_client(t, from) && t->early != LAW_TLS_EARLY_NONE) {
    law_tls_install(s, LAW_TLS_EARLY, NULL);
  }
  return law_tls13_open(t, from, text, frame);
}

static void on_content(law_pcap_tls *t, unsigned from, const law_tls_text *text) {
  t->sides[from].why[0] = 0;
  if (t->version == LAW_TLS_1_2) {
    law_tls12_content(t, from, text);
  } else {
    law_tls13_content(t, from, text);
  }
}

static void on_unread(law_pcap_tls *t, unsigned from, const law_tls_frame *frame) {
  law_tls_side *s = &t->sides[from];
  if (t->version != LAW_TLS_1_2 && s->slack < SLACK_MAX) {
    s->slack++;
  }
  /* Refused, or not yet taken, 0-RTT data leaves no hole. */
  if (frame->type == LAW_TLS_APPLICATION_DATA && s->phase != LAW_TLS_EARLY) {
    law_tls_hole(t, from);
  }
}

static void on_protected(law_pcap_tls *t, unsigned from, const law_tls_frame *frame) {
  uint8_t room[LAW_TLS_FRAGMENT_MAX];
  law_tls_text text = {.data = room};
  law_tls_side *s = &t->sides[from];
  switch (open_record(t, from, &text, frame)) {
    case LAW_TLS_OPENED:
      on_content(t, from, &text);
      OPENSSL_cleanse(room, text.len);
      break;
    case LAW_TLS_UNREAD:
      on_unread(t, from, frame);
      break;
    case LAW_TLS_WRONG:
      law_tls_explain(
          t, s,
          "record %llu of the %s does not authenticate: the secrets are not its own, or "
          "its bytes were changed",
          (unsigned long long)s->seq, law_tls_is_client(t, from) ? "client" : "server");
      law_tls_give_up(t, from);
      break;
  }
}

static void on_frame(law_pcap_tls *t, unsigned from, const law_tls_frame *frame) {
  if (is_protected(t, &t->sides[from], frame)) {
    on_protected(t, from, frame);
  } else {
    on_plain(t, from, frame);
  }
}

/* ---- After missing bytes ---- */

/* A hello in a record of its own. */
static bool is_hello(const law_tls_frame *frame) {
  law_bytes b = frame->fragment;
  return frame->type == LAW_TLS_HANDSHAKE && b.len > 42 &&
         (b.data[0] == LAW_TLS_CLIENT_HELLO || b.data[0] == LAW_TLS_SERVER_HELLO) &&
         b.data[1] == 0 && (size_t)law_load_u16(b.data + 2) + 4 <= b.len && b.data[4] == 3 &&
         b.data[5] <= 3;
}

/* The record that was read is the first, or right behind the Finished, of its phase: no application
 * data was before it. */
static bool is_first(const law_pcap_tls *t, const law_tls_side *s) {
  return t->version == LAW_TLS_1_2 ? s->seq <= 2 : s->phase == LAW_TLS_SHAKING || s->seq == 1;
}

/* True when |frame| really is the next record; it has been read then. */
static bool found_again(law_pcap_tls *t, unsigned from, const law_tls_frame *frame) {
  uint8_t room[LAW_TLS_FRAGMENT_MAX];
  law_tls_text text = {.data = room};
  if (t->sides[from].phase == LAW_TLS_PLAIN && is_hello(frame)) {
    t->sides[from].why[0] = 0;
    t->sides[from].may_lack = false;
    on_plain(t, from, frame);
    return true;
  }
  if (t->version == 0 || (t->version == LAW_TLS_1_3 && frame->type != LAW_TLS_APPLICATION_DATA) ||
      open_record(t, from, &text, frame) != LAW_TLS_OPENED) {
    return false;
  }
  if (t->sides[from].may_lack && !is_first(t, &t->sides[from])) {
    law_tls_hole(t, from);
  }
  t->sides[from].may_lack = false;
  on_content(t, from, &text);
  OPENSSL_cleanse(room, text.len);
  return true;
}

static void add_slack(law_tls_side *s, uint64_t num_bytes) {
  uint64_t num = num_bytes / RECORD_MIN + 2;
  s->slack = num > SLACK_MAX - s->slack ? SLACK_MAX : s->slack + num;
}

/* Looks through what is held for a record. */
static bool resync(law_pcap_tls *t, unsigned from) {
  law_tls_side *s = &t->sides[from];
  law_tls_frame frame;
  uint64_t num_skipped = 0;
  while (!s->broken && law_tls_resync_next(&s->framer, &frame, &num_skipped)) {
    if (found_again(t, from, &frame)) {
      return true;
    }
    if (s->num_tries >= TRIES_MAX) {
      law_tls_give_up(t, from);
      return false;
    }
    law_tls_resync_reject(&s->framer);
    num_skipped++;
  }
  if (num_skipped > 0) {
    add_slack(s, num_skipped);
  }
  return false;
}

static void push_framed(law_pcap_tls *t, unsigned from, law_bytes *bytes);

static void push_lost(law_pcap_tls *t, unsigned from, law_bytes *bytes) {
  law_tls_side *s = &t->sides[from];
  size_t rest_len = 0;
  if (!law_tls_resync_take(&s->framer, bytes)) {
    law_tls_explain(t, s, "no memory left");
    law_tls_give_up(t, from);
    return;
  }
  if (!resync(t, from) || s->broken) {
    return;
  }
  s->lost = false;
  uint8_t *held = law_tls_resync_accept(&s->framer, &rest_len);
  law_bytes rest = law_bytes_of(held, rest_len);
  push_framed(t, from, &rest);
  free(held);
}

/* ---- Bytes ---- */

static void push_framed(law_pcap_tls *t, unsigned from, law_bytes *bytes) {
  law_tls_side *s = &t->sides[from];
  law_tls_frame frame;
  while (!s->broken && !s->lost) {
    switch (law_tls_framer_next(&s->framer, &frame, bytes)) {
      case LAW_TLS_FRAME:
        on_frame(t, from, &frame);
        break;
      case LAW_TLS_FRAME_MORE:
        return;
      case LAW_TLS_FRAME_NONE:
        law_tls_explain(t, s, "what follows is no record of TLS");
        law_tls_give_up(t, from);
        return;
      case LAW_TLS_FRAME_MEMORY:
        law_tls_explain(t, s, "no memory left");
        law_tls_give_up(t, from);
        return;
    }
  }
}

void law_pcap_tls_push(law_pcap_tls *t, unsigned from, law_bytes bytes) {
  law_tls_side *s = &t->sides[from];
  while (bytes.len > 0 && !s->broken && !s->ended) {
    if (s->lost) {
      push_lost(t, from, &bytes);
    } else {
      push_framed(t, from, &bytes);
    }
  }
}

void law_pcap_tls_gap(law_pcap_tls *t, unsigned from, uint64_t num_bytes) {
  law_tls_side *s = &t->sides[from];
  if (s->broken || s->ended) {
    return;
  }
  add_slack(s, num_bytes > 0 ? num_bytes + s->framer.len : (uint64_t)SLACK_MAX * RECORD_MIN);
  law_tls_framer_clear(&s->framer);
  law_tls_messages_clear(&s->messages);
  law_tls_drop_transcript(t);
  s->lost = true;
  law_tls_explain(t, s,
                  "bytes of the %s are not in the capture, and no record after them was found",
                  law_tls_is_client(t, from) ? "client" : "server");
  s->may_lack = s->phase == LAW_TLS_PLAIN || s->phase == LAW_TLS_SHAKING;
  if (!s->may_lack || (law_tls_is_client(t, from) && t->early != LAW_TLS_EARLY_NONE)) {
    law_tls_hole(t, from);
  }
}

bool law_tls_detect(law_bytes head) {
  if (head.len < LAW_TLS_HEADER + 1 || !law_tls_is_header(head.data) ||
      law_load_u16(head.data + 3) == 0) {
    return false;
  }
  uint8_t first = head.data[LAW_TLS_HEADER];
  switch (head.data[0]) {
    case LAW_TLS_CHANGE_CIPHER_SPEC:
      return law_load_u16(head.data + 3) == 1 && first == 1;
    case LAW_TLS_ALERT:
      return law_load_u16(head.data + 3) >= 2;
    default:
      return true;
  }
}
