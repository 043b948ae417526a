/* What a bare loop reaches that does the least: a connection for each case, and one that is kept.
 * Blocking sockets, no judge, no journal; the figures that a campaign is compared with. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "campaign/run.h"
#include "campaign/say.h"

enum { IN_FLIGHT = 8, BATCH = 1024, ROOM = 65536 };

static int dial(uint16_t port) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct linger abort = {.l_onoff = 1};
  int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort, sizeof abort); /* ports must not run out */
  if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0) {
    return fd;
  }
  (void)close(fd);
  return -1;
}

/* Connects and says hello. */
static int begin(uint16_t port, const uint8_t *hello, size_t len) {
  int fd = dial(port);
  if (fd >= 0 && send(fd, hello, len, MSG_NOSIGNAL) != (ssize_t)len) {
    (void)close(fd);
    fd = -1;
  }
  return fd;
}

/* Sessions a second, |num| at a time. 0: the server does not serve. */
static uint64_t sessions(uint16_t port, unsigned seconds, const uint8_t *hello, size_t len, int num) {
  struct pollfd fds[IN_FLIGHT];
  uint8_t answer[256];
  uint64_t done = 0, until = law_net_now() + seconds * LAW_S;
  for (int i = 0; i < num; i++) {
    fds[i] = (struct pollfd){.fd = begin(port, hello, len), .events = POLLIN};
  }
  while (law_net_now() < until && poll(fds, (nfds_t)num, 1000) > 0) {
    for (int i = 0; i < num; i++) {
      if (fds[i].revents == 0) {
        continue;
      }
      done += recv(fds[i].fd, answer, sizeof answer, 0) > 0;
      (void)close(fds[i].fd);
      fds[i].fd = begin(port, hello, len);
    }
  }
  for (int i = 0; i < num; i++) {
    (void)close(fds[i].fd);
  }
  return done / seconds;
}

/* Reads until |num| bytes have come. */
static bool get(int fd, size_t num) {
  static uint8_t room[ROOM];
  while (num > 0) {
    ssize_t n = recv(fd, room, num < sizeof room ? num : sizeof room, 0);
    if (n <= 0) {
      return false;
    }
    num -= (size_t)n;
  }
  return true;
}

/* Messages a second on one connection, with a ping behind each BATCH of them. */
static uint64_t messages(uint16_t port, unsigned seconds, const uint8_t *hello, size_t len) {
  static const uint8_t publish[] = {0x30, 14, 0, 5, 'f', 'u', 'z', '0', '0', 0, 'h', 'e', 'l', 'l', 'o', '!'};
  static const uint8_t ping[] = {0xc0, 0};
  static uint8_t batch[BATCH * sizeof publish + sizeof ping];
  uint8_t answer[256];
  uint64_t done = 0, until = law_net_now() + seconds * LAW_S;
  int fd = begin(port, hello, len);
  for (size_t i = 0; i < BATCH; i++) {
    memcpy(batch + i * sizeof publish, publish, sizeof publish);
  }
  memcpy(batch + BATCH * sizeof publish, ping, sizeof ping);
  if (fd < 0 || recv(fd, answer, sizeof answer, 0) <= 0) {
    return 0;
  }
  while (law_net_now() < until && send(fd, batch, sizeof batch, MSG_NOSIGNAL) == sizeof batch &&
         get(fd, 2)) {
    done += BATCH;
  }
  (void)close(fd);
  return done / seconds;
}

int law_bench_run(const law_options *o, uint16_t port, unsigned seconds) {
  uint8_t hello[256];
  law_persona p = {.variant = o->variant, .name = "bare0"};
  size_t len = law_speaker_of(o->variant)->open(&p, hello, sizeof hello);
  law_say_begin("bench");
  law_say_number("sessions_one", sessions(port, seconds, hello, len, 1));
  law_say_number("sessions_many", sessions(port, seconds, hello, len, IN_FLIGHT));
  law_say_number("messages", messages(port, seconds, hello, len));
  law_say_end();
  return 0;
}
