#include "peers/broker/state_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "peers/broker/message.h"
#include "peers/broker/records.h"
#include "peers/broker/subscriptions.h"
#include "peers/broker/topics.h"

/* A log is this line, then records: length and checksum of the content (4 bytes each), content. */
static const char magic[] = "wirelaw broker state 1\n";
enum { HEAD = 8, PATH_CAP = 4096 };
/* The log is written anew when it is this much longer than what it says. */
enum { SLACK = 4 * 1024 * 1024 };

struct law_state_log {
  char path[PATH_CAP], new_path[PATH_CAP], dir[PATH_CAP];
  int fd;
  law_buffer pending;     /* records not written yet */
  size_t size, size_anew; /* bytes now, and when it was last written anew */
  uint32_t generation;    /* counts how often it was written anew */
};

/* CRC-32 (IEEE 802.3), bit by bit: records are short and rare. */
static uint32_t checksum(law_bytes bytes) {
  uint32_t crc = UINT32_MAX;
  for (size_t i = 0; i < bytes.len; i++) {
    crc ^= bytes.data[i];
    for (int bit = 0; bit < 8; bit++) {
      crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1)));
    }
  }
  return ~crc;
}

static void store_u32(uint8_t *at, uint32_t v) {
  for (int i = 0; i < 4; i++) {
    at[i] = (uint8_t)(v >> (24 - 8 * i));
  }
}

/* ---- Framing ---- */

/* Leaves room for the head; |law_log_seal| fills it in. */
static size_t open_record(law_state_log *log) {
  size_t at = log->pending.len;
  law_buffer_reserve(&log->pending, HEAD);
  log->pending.len += HEAD;
  return at;
}

static void seal_record(law_state_log *log, size_t at) {
  uint8_t *head = log->pending.data + at;
  law_bytes content = law_bytes_of(head + HEAD, log->pending.len - at - HEAD);
  store_u32(head, (uint32_t)content.len);
  store_u32(head + 4, checksum(content));
}

static bool write_all(int fd, law_bytes bytes) {
  while (bytes.len > 0) {
    ssize_t n = write(fd, bytes.data, bytes.len);
    if (n < 0 && errno != EINTR) {
      return false;
    }
    if (n > 0) {
      bytes.data += n;
      bytes.len -= (size_t)n;
    }
  }
  return true;
}

/* ---- Changes ---- */

static bool is_kept(const law_session *s) {
  return s->broker->log != NULL && s->expiry != 0 && !s->ghost;
}

static void log_message(law_broker *b, law_message *m) {
  law_state_log *log = b->log;
  if (m != NULL && m->logged != log->generation) {
    size_t at = open_record(log);
    law_record_message(&log->pending, b, m);
    seal_record(log, at);
    m->logged = log->generation;
  }
}

void law_log_session(const law_session *s) {
  if (is_kept(s)) {
    law_state_log *log = s->broker->log;
    size_t at = open_record(log);
    law_record_session(&log->pending, s);
    seal_record(log, at);
  }
}

void law_log_session_end(const law_session *s) {
  law_state_log *log = s->broker->log;
  if (log != NULL && !s->ghost) {
    size_t at = open_record(log);
    law_record_session_end(&log->pending, s->client_id);
    seal_record(log, at);
  }
}

void law_log_subscription(const law_subscription *sub) {
  if (is_kept(sub->session)) {
    law_state_log *log = sub->session->broker->log;
    size_t at = open_record(log);
    law_record_subscription(&log->pending, sub);
    seal_record(log, at);
  }
}

void law_log_unsubscribed(const law_session *s, law_bytes filter) {
  if (is_kept(s) && !s->ending) {
    law_state_log *log = s->broker->log;
    size_t at = open_record(log);
    law_record_unsubscribed(&log->pending, s->client_id, filter);
    seal_record(log, at);
  }
}

void law_log_delivery(const law_session *s, const law_delivery *d) {
  if (is_kept(s)) {
    law_state_log *log = s->broker->log;
    log_message(s->broker, d->message);
    size_t at = open_record(log);
    law_record_delivery(&log->pending, s->client_id, d);
    seal_record(log, at);
  }
}

void law_log_delivered(const law_session *s, const law_delivery *d) {
  if (is_kept(s)) {
    law_state_log *log = s->broker->log;
    size_t at = open_record(log);
    law_record_delivered(&log->pending, s->client_id, d->number);
    seal_record(log, at);
  }
}

void law_log_incoming(const law_session *s, uint16_t packet_id, bool held) {
  if (is_kept(s)) {
    law_state_log *log = s->broker->log;
    size_t at = open_record(log);
    law_record_incoming(&log->pending, s->client_id, packet_id, held);
    seal_record(log, at);
  }
}

void law_log_retained(law_broker *b, law_bytes topic, law_message *message) {
  if (b->log != NULL) {
    log_message(b, message);
    size_t at = open_record(b->log);
    law_record_retained(&b->log->pending, topic, message != NULL ? message->number : 0);
    seal_record(b->log, at);
  }
}

/* ---- Writing anew ---- */

static void snapshot_session(law_session *s) {
  law_log_session(s);
  LAW_RING_EACH(&s->subscriptions, n) {
    law_log_subscription(LAW_OWNER(n, law_subscription, owned));
  }
  LAW_RING_EACH(&s->in_flight, m) { law_log_delivery(s, LAW_OWNER(m, law_delivery, node)); }
  LAW_RING_EACH(&s->queue, q) { law_log_delivery(s, LAW_OWNER(q, law_delivery, node)); }
  law_map_walk walk = {0};
  for (law_map_entry *e; (e = law_map_next(&s->incoming, &walk)) != NULL;) {
    uint64_t id;
    memcpy(&id, e->key, sizeof id);
    law_log_incoming(s, (uint16_t)id, true);
  }
}

static void snapshot_retained(void *user, law_topic_node *node) {
  law_log_retained(user, node->retained->topic, node->retained);
}

static void snapshot(law_broker *b) {
  law_state_log *log = b->log;
  log->generation++;
  law_buffer_clear(&log->pending);
  law_buffer_add(&log->pending, law_bytes_text(magic));
  law_topics_retained(b, law_bytes_text("#"), snapshot_retained, b);
  law_map_walk walk = {0};
  for (law_map_entry *e; (e = law_map_next(&b->sessions, &walk)) != NULL;) {
    if (is_kept(e->value)) {
      snapshot_session(e->value);
    }
  }
}

static bool sync_dir(const char *dir) {
  int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool ok = fd >= 0 && fsync(fd) == 0;
  if (fd >= 0) {
    close(fd);
  }
  return ok;
}

/* A new file takes the old one's place only once it is whole. */
static bool write_anew(law_broker *b) {
  law_state_log *log = b->log;
  snapshot(b);
  int fd = open(log->new_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) {
    return false;
  }
  if (!write_all(fd, law_buffer_bytes(&log->pending)) || fsync(fd) != 0 ||
      rename(log->new_path, log->path) != 0 || !sync_dir(log->dir)) {
    close(fd);
    return false;
  }
  if (log->fd >= 0) {
    close(log->fd);
  }
  log->fd = fd;
  log->size = log->size_anew = log->pending.len;
  law_buffer_clear(&log->pending);
  return true;
}

static void give_up(law_broker *b) {
  fprintf(stderr, "wirelaw-peer: %s: state can no longer be written (%s)\n", b->log->path,
          strerror(errno));
  law_log_close(b);
}

void law_log_commit(law_broker *b) {
  law_state_log *log = b->log;
  if (log == NULL || log->pending.len == 0) {
    return;
  }
  if (log->size > 2 * log->size_anew + SLACK) {
    if (!write_anew(b)) {
      give_up(b);
    }
    return;
  }
  if (!write_all(log->fd, law_buffer_bytes(&log->pending)) || fdatasync(log->fd) != 0) {
    give_up(b);
    return;
  }
  log->size += log->pending.len;
  law_buffer_clear(&log->pending);
}

/* ---- Reading back ---- */

static bool read_file(int fd, law_buffer *out) {
  for (;;) {
    ssize_t n = read(fd, law_buffer_reserve(out, 65536), 65536);
    if (n < 0 && errno != EINTR) {
      return false;
    }
    if (n == 0) {
      return true;
    }
    out->len += n > 0 ? (size_t)n : 0;
  }
}

/* A record that is cut short or damaged is the last write before a crash: what stands before it
 * counts. */
static void replay(law_broker *b, law_bytes file) {
  law_replay r = {.broker = b};
  law_cursor c = law_cursor_of(file);
  law_cursor_bytes(&c, sizeof magic - 1, 1);
  while (law_cursor_left(&c) >= HEAD) {
    uint32_t len = law_cursor_u32(&c, 1), crc = law_cursor_u32(&c, 1);
    law_bytes content = law_cursor_bytes(&c, len, 1);
    if (!law_cursor_ok(&c) || checksum(content) != crc || !law_replay_record(&r, content)) {
      break;
    }
  }
  law_replay_end(&r);
}

static bool read_back(law_broker *b, char *error, size_t cap) {
  law_buffer file = {0};
  int fd = open(b->log->path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return errno == ENOENT;
  }
  bool ok = read_file(fd, &file);
  close(fd);
  if (ok && file.len > 0 && !law_bytes_start(law_buffer_bytes(&file), magic)) {
    snprintf(error, cap, "%s is no state of this broker", b->log->path);
    law_buffer_free(&file);
    return false;
  }
  if (ok && file.len > 0) {
    law_state_log *log = b->log;
    b->log = NULL; /* what is read is not logged again */
    replay(b, law_buffer_bytes(&file));
    b->log = log;
  }
  law_buffer_free(&file);
  return ok;
}

bool law_log_open(law_broker *b, char *error, size_t error_cap) {
  const char *dir = b->config.state_dir;
  law_state_log *log = law_alloc(sizeof *log);
  log->fd = -1;
  b->log = log;
  snprintf(error, error_cap, "%s: cannot keep state there", dir);
  int len = snprintf(log->path, sizeof log->path, "%s/broker.log", dir);
  snprintf(log->new_path, sizeof log->new_path, "%s/broker.log.new", dir);
  snprintf(log->dir, sizeof log->dir, "%s", dir);
  if (len < 0 || (size_t)len + 5 > sizeof log->path) {
    return false;
  }
  if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
    snprintf(error, error_cap, "%s: cannot be made (%s)", dir, strerror(errno));
    return false;
  }
  if (!read_back(b, error, error_cap)) {
    return false;
  }
  if (!write_anew(b)) {
    snprintf(error, error_cap, "%s: cannot be written (%s)", log->path, strerror(errno));
    return false;
  }
  return true;
}

void law_log_close(law_broker *b) {
  law_state_log *log = b->log;
  if (log == NULL) {
    return;
  }
  if (log->fd >= 0) {
    if (log->pending.len > 0 && write_all(log->fd, law_buffer_bytes(&log->pending))) {
      fdatasync(log->fd);
    }
    close(log->fd);
  }
  law_buffer_free(&log->pending);
  free(log);
  b->log = NULL;
}
