/* planted-server: see server.h.
 *
 *   planted-server --port N [--bug NAME]        planted-server --list */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "planted/server.h"

bug planted;
client clients[MAX_CLIENTS];
static volatile sig_atomic_t ended;

static const struct {
  const char *name, *what;
} bugs[] = {
#define SERVER_BUG(NAME, name, what) {name, what},
#include "planted/bugs.def"
#undef SERVER_BUG
};

enum { NUM_BUGS = sizeof bugs / sizeof bugs[0], CHUNK = 65536 };

static void on_signal(int number) {
  (void)number;
  ended = 1;
}

/* ---- packets out of a stream ---- */

/* The length of a packet whose fixed header has come whole; 0: it has not; SIZE_MAX: it is wrong. */
static size_t length_of(const client *c) {
  size_t n = 0;
  for (size_t i = 1; i < c->head_len; i++) {
    n |= (size_t)(c->head[i] & 0x7f) << 7 * (i - 1);
    if ((c->head[i] & 0x80) == 0) {
      return i + 1 + n;
    }
  }
  return c->head_len == sizeof c->head ? SIZE_MAX : 0;
}

static void begin_packet(client *c) {
  size_t len = length_of(c);
  if (len == 0) {
    return;
  }
  if (len == SIZE_MAX) {
    refuse(c, 0x81);
    return;
  }
  spoil_length(c, len);
  if (len > MAX_PACKET) {
    if (c->connected) {
      refuse(c, 0x95);
    }
    c->closing = true;
    return;
  }
  free(c->in);
  c->in = malloc(len); /* no byte more: what reads on is seen */
  c->in_need = len;
  c->in_len = c->head_len;
  if (c->in == NULL) {
    abort();
  }
  memcpy(c->in, c->head, c->head_len);
}

static void end_packet(client *c) {
  uint8_t *in = c->in;
  law_bytes wire = law_bytes_of(in, c->in_need);
  c->in = NULL;
  c->in_len = c->in_need = c->head_len = 0;
  take_packet(c, wire);
  free(in);
}

static void take_bytes(client *c, const uint8_t *bytes, size_t len) {
  while (len > 0 && !c->closing && c->fd >= 0) {
    if (c->in_need == 0) {
      c->head[c->head_len++] = *bytes++;
      len--;
      begin_packet(c);
    } else {
      size_t want = c->in_need - c->in_len, part = want < len ? want : len;
      memcpy(c->in + c->in_len, bytes, part);
      c->in_len += part;
      bytes += part;
      len -= part;
    }
    if (c->in_need > 0 && c->in_len == c->in_need) {
      end_packet(c);
    }
  }
}

/* ---- sockets ---- */

static void flush(client *c) {
  size_t done = 0;
  while (done < c->out_len) {
    ssize_t n = send(c->fd, c->out + done, c->out_len - done, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n <= 0) {
      c->closing = c->closing || errno != EAGAIN;
      break;
    }
    done += (size_t)n;
  }
  c->out_len -= done;
  if (c->out_len > 0) {
    memmove(c->out, c->out + done, c->out_len);
  }
}

static void read_from(client *c) {
  static uint8_t chunk[CHUNK];
  ssize_t n = recv(c->fd, chunk, sizeof chunk, MSG_DONTWAIT);
  if (n > 0) {
    take_bytes(c, chunk, (size_t)n);
  } else if (n == 0 || errno != EAGAIN) {
    c->out_len = 0;
    c->closing = true;
  }
}

static void welcome(int listener) {
  int one = 1, fd = accept(listener, NULL, NULL);
  size_t i = 0;
  while (i < MAX_CLIENTS && clients[i].fd >= 0) {
    i++;
  }
  if (fd < 0 || i == MAX_CLIENTS) {
    (void)(fd >= 0 && close(fd));
    return;
  }
  (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  clients[i].fd = fd;
  clients[i].packet_max = UINT32_MAX;
}

static int listen_at(uint16_t port) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
  int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  bool listens = bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 512) == 0;
  return listens ? fd : -1;
}

static void serve(int listener) {
  struct pollfd fds[MAX_CLIENTS + 1];
  size_t which[MAX_CLIENTS + 1], num = 1;
  fds[0] = (struct pollfd){.fd = listener, .events = POLLIN};
  for (size_t i = 0; i < MAX_CLIENTS; i++) {
    if (clients[i].fd >= 0) {
      which[num] = i;
      short events = clients[i].out_len > 0 ? POLLIN | POLLOUT : POLLIN;
      fds[num++] = (struct pollfd){.fd = clients[i].fd, .events = events};
    }
  }
  if (poll(fds, num, -1) <= 0) {
    return;
  }
  for (size_t i = 1; i < num; i++) {
    if ((fds[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && clients[which[i]].fd == fds[i].fd) {
      read_from(&clients[which[i]]);
    }
  }
  if ((fds[0].revents & POLLIN) != 0) {
    welcome(listener);
  }
}

static void end_turn(void) {
  for (size_t i = 0; i < MAX_CLIENTS; i++) {
    client *c = &clients[i];
    if (c->fd >= 0) {
      flush(c);
      if (c->closing) {
        hang_up(c);
      }
    }
  }
}

static bool choose(const char *name) {
  for (size_t i = 0; i < NUM_BUGS; i++) {
    if (strcmp(bugs[i].name, name) == 0) {
      planted = (bug)(i + 1);
      return true;
    }
  }
  return false;
}

static int run(uint16_t port) {
  struct sigaction action = {.sa_handler = on_signal};
  int listener = listen_at(port);
  (void)sigaction(SIGTERM, &action, NULL);
  (void)sigaction(SIGINT, &action, NULL);
  if (listener < 0) {
    perror("planted-server");
    return 2;
  }
  for (size_t i = 0; i < MAX_CLIENTS; i++) {
    clients[i].fd = -1;
  }
  while (!ended) {
    serve(listener);
    end_turn();
  }
  for (size_t i = 0; i < MAX_CLIENTS; i++) {
    if (clients[i].fd >= 0) {
      hang_up(&clients[i]);
    }
  }
  return 0;
}

int main(int argc, char **argv) {
  unsigned long port = 0;
  bool good = true;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--list") == 0) {
      for (size_t k = 0; k < NUM_BUGS; k++) {
        (void)printf("%s\t%s\n", bugs[k].name, bugs[k].what);
      }
      return 0;
    }
    if (strcmp(argv[i], "--port") == 0 && i + 1 < argc) {
      port = strtoul(argv[++i], NULL, 10);
    } else if (strcmp(argv[i], "--bug") == 0 && i + 1 < argc) {
      good = choose(argv[++i]) && good;
    } else {
      good = false;
    }
  }
  if (!good || port == 0 || port > UINT16_MAX) {
    (void)fputs("usage: planted-server --port N [--bug NAME] | --list\n", stderr);
    return 2;
  }
  return run((uint16_t)port);
}
