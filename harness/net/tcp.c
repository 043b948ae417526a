#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/internal.h"

enum { BACKLOG = 4096 };

typedef struct address {
  struct sockaddr_storage at;
  socklen_t len;
} address;

static const char *host_of(const char *host) { return host ? host : "127.0.0.1"; }

/* A literal address, IPv4 or IPv6. */
static bool parse_address(law_net *net, const char *host, uint16_t port, address *out) {
  struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
  struct addrinfo *found = NULL;
  char service[8];
  (void)snprintf(service, sizeof service, "%u", (unsigned)port);
  if (getaddrinfo(host, service, &hints, &found) != 0) {
    law_net_fail(net, "%s is no literal IP address", host);
    return false;
  }
  memcpy(&out->at, found->ai_addr, found->ai_addrlen);
  out->len = found->ai_addrlen;
  freeaddrinfo(found);
  return true;
}

static int open_here(int family) {
  return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* A socket belongs to the network namespace in which its thread is when it makes it. */
static int open_in(law_net *net, int family, int netns) {
  if (net->netns_fd < 0) {
    net->netns_fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  }
  if (net->netns_fd < 0 || setns(netns, CLONE_NEWNET) != 0) {
    return -1;
  }
  int fd = open_here(family);
  int saved = errno;
  if (setns(net->netns_fd, CLONE_NEWNET) != 0) { /* the thread is lost to the other namespace */
    saved = errno;
    if (fd >= 0) {
      close(fd);
    }
    fd = -1;
  }
  errno = saved;
  return fd;
}

static int open_socket(law_net *net, int family, int netns) {
  int fd = netns > 0 ? open_in(net, family, netns) : open_here(family);
  if (fd < 0) {
    law_net_fail(net, "cannot open a socket: %s", strerror(errno));
  }
  return fd;
}

void law_tcp_prepare(int fd) {
  const int on = 1;
  (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static int fail_and_close(law_net *net, int fd, const char *what, const char *host, uint16_t port) {
  law_net_fail(net, "cannot %s %s port %u: %s", what, host, (unsigned)port, strerror(errno));
  close(fd);
  return -1;
}

static bool bind_source(law_net *net, int fd, const char *host) {
  address source;
  if (!host) {
    return true;
  }
  if (!parse_address(net, host, 0, &source)) {
    close(fd);
    return false;
  }
  if (bind(fd, (const struct sockaddr *)&source.at, source.len) != 0) {
    (void)fail_and_close(net, fd, "bind to", host, 0);
    return false;
  }
  return true;
}

int law_tcp_connect(law_net *net, const law_endpoint *to, int *out_error) {
  const char *host = host_of(to->host);
  address a;
  if (!parse_address(net, host, to->port, &a)) {
    return -1;
  }
  int fd = open_socket(net, a.at.ss_family, to->netns);
  if (fd < 0 || !bind_source(net, fd, to->source_host)) {
    return -1;
  }
  law_tcp_prepare(fd);
  *out_error = 0;
  if (connect(fd, (const struct sockaddr *)&a.at, a.len) != 0 && errno != EINPROGRESS) {
    *out_error = errno;
  }
  return fd;
}

int law_tcp_error(int fd) {
  int error = 0;
  socklen_t len = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 ? error : errno;
}

void law_tcp_peer_text(const law_endpoint *to, char *out, size_t cap) {
  const char *host = host_of(to->host);
  bool six = strchr(host, ':') != NULL;
  (void)snprintf(out, cap, "%s%s%s:%u", six ? "[" : "", host, six ? "]" : "", (unsigned)to->port);
}

int law_tcp_listen(law_net *net, const law_endpoint *at) {
  const char *host = host_of(at->host);
  const int on = 1;
  address a;
  if (!parse_address(net, host, at->port, &a)) {
    return -1;
  }
  int fd = open_socket(net, a.at.ss_family, at->netns);
  if (fd < 0) {
    return -1;
  }
  (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, (const struct sockaddr *)&a.at, a.len) != 0 || listen(fd, BACKLOG) != 0) {
    return fail_and_close(net, fd, "listen on", host, at->port);
  }
  return fd;
}

static bool name_of(int fd, bool peer, address *out) {
  out->len = sizeof out->at;
  struct sockaddr *at = (struct sockaddr *)&out->at;
  return (peer ? getpeername(fd, at, &out->len) : getsockname(fd, at, &out->len)) == 0;
}

static uint16_t port_of(int fd, bool peer) {
  address a;
  if (!name_of(fd, peer, &a)) {
    return 0;
  }
  if (a.at.ss_family == AF_INET6) {
    return ntohs(((const struct sockaddr_in6 *)&a.at)->sin6_port);
  }
  return ntohs(((const struct sockaddr_in *)&a.at)->sin_port);
}

uint16_t law_tcp_port(int fd) { return port_of(fd, false); }

uint16_t law_tcp_peer_port(int fd) { return port_of(fd, true); }

void law_tcp_ipv4(int fd, bool peer, uint8_t *out) {
  static const uint8_t loopback[] = {127, 0, 0, 1};
  address a;
  if (name_of(fd, peer, &a) && a.at.ss_family == AF_INET) {
    memcpy(out, &((const struct sockaddr_in *)&a.at)->sin_addr, 4);
  } else {
    memcpy(out, loopback, sizeof loopback);
  }
}

void law_tcp_abort(int fd) {
  const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
  (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

law_io law_tcp_outcome(int error) {
  if (error == EPIPE) { /* a reset, too, but caused by sending on after the other side's FIN */
    return LAW_IO_FIN;
  }
  return error == ECONNRESET ? LAW_IO_RST : LAW_IO_ERROR;
}

static law_io failed(law_net *net) {
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
    return LAW_IO_AGAIN;
  }
  (void)snprintf(net->why, sizeof net->why, "%s", strerror(errno));
  return law_tcp_outcome(errno);
}

/* The other side may hold back what it has to say until what it said is acknowledged (Nagle's
 * algorithm), and the system would take up to 200 ms for that. It forgets that it was asked. */
static void acknowledge(int fd) {
  int one = 1;
  (void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
}

law_io law_tcp_read(law_net *net, int fd, uint8_t *out, size_t cap, size_t *out_len) {
  ssize_t n = recv(fd, out, cap, 0);
  if (n > 0) {
    acknowledge(fd);
    *out_len = (size_t)n;
    return LAW_IO_OK;
  }
  *out_len = 0;
  return n == 0 ? LAW_IO_FIN : failed(net);
}

law_io law_tcp_write(law_net *net, int fd, law_bytes bytes, size_t *out_len) {
  ssize_t n = send(fd, bytes.data, bytes.len, MSG_NOSIGNAL);
  *out_len = n > 0 ? (size_t)n : 0;
  return n >= 0 ? LAW_IO_OK : failed(net);
}
