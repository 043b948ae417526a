/* internal.h: what the files of the loop share.
 *
 * How a round goes: events that a former call had no room for are handed out; else memory of the
 * last round is recycled, what has closed is taken down, and the system is asked once. Bytes are
 * read into the arena and judged there in place, so an event's views stay valid until the next
 * round begins. */
#ifndef LAW_NET_INTERNAL_H
#define LAW_NET_INTERNAL_H

#include "monitors/judge.h"
#include "net/arena.h"
#include "net/io.h"
#include "net/net.h"
#include "net/queue.h"
#include "net/secret.h"
#include "net/table.h"
#include "net/tails.h"
#include "net/timer.h"
#include "net/tls.h"
#include "net/ws.h"
#include "pcap/writer.h"

enum {
  LAW_NET_PEER = 64,
  LAW_NET_TEXT = 512,              /* bytes of an error's sentence */
  LAW_NET_TICK = 50 * 1000 * 1000, /* ns: a monitor is asked for absences at most that often */
};

/* An accepted connection must be through its handshakes by then, ns. */
#define LAW_NET_PATIENCE UINT64_C(30000000000)

/* How the flows of one IUT are judged. */
typedef struct law_scope {
  law_object object;
  const law_protocol *protocol;
  law_side judged;
  bool monitor;
  void *world;
  const char *variant; /* of the protocol's variants, or NULL */
} law_scope;

typedef enum law_conn_state {
  LAW_CONN_CONNECTING,
  LAW_CONN_SECURING,  /* TLS handshake */
  LAW_CONN_UPGRADING, /* WebSocket handshake */
  LAW_CONN_OPEN,
  LAW_CONN_DONE, /* LAW_EV_CLOSED or LAW_EV_FAILED is told; taken down in the next round */
} law_conn_state;

typedef struct law_conn {
  law_object object;
  law_net *net;
  law_scope *scope;
  law_handle listener; /* 0 when we connected */
  law_side side;       /* ours */
  law_conn_state state;
  int fd;
  uint32_t mask; /* what epoll watches for; LAW_CONN_UNWATCHED: not there */
  bool opened;   /* its handshakes are done, even if it is closed again by now */
  bool reading;
  bool hung_up;  /* both sides closed while we were not reading */
  bool buffered; /* in the list of those with input that was read but not looked at yet */
  bool dirty;    /* in the list of those with output that was held back */
  bool closing;  /* our FIN was asked for */
  bool fin_sent;
  bool reset;              /* ended by a RST, of either side */
  bool told_closed[2];     /* to the monitor, by side */
  char peer[LAW_NET_PEER]; /* for sentences about it */
  law_tls *tls;            /* NULL: none */
  law_ws *ws;              /* NULL: none */
  law_queue out;
  law_timer timer; /* the monitor's next tick; or the end of patience with a handshake */
  law_judge judge;
  void *monitor;
  law_pcap_flow flow;
  uint32_t capture; /* the capture that |flow| is in; 0: none */
  law_pcap_flow ciphertext;
  uint32_t ciphertext_capture; /* the same for |ciphertext| */
  char *comment;
} law_conn;

/* The capture that is being written, if |writer| is set. */
typedef struct law_capture {
  law_pcap_writer *writer;
  uint32_t id;      /* of this one among the loop's; from 1 */
  uint64_t epoch;   /* ns since 1970 of the monotonic clock's 0 */
  uint64_t told;    /* time of the last packet, monotonic */
  uint64_t flushed; /* when, monotonic */
  uint32_t num_flows;
  bool ciphertext;  /* of TLS, too */
  law_queue pieces; /* of it, while OpenSSL is at work: first come the secrets to read them by */
} law_capture;

typedef struct law_listener {
  law_object object;
  law_scope *scope;
  law_endpoint at; /* copies of what accepted connections need */
  law_tls_context *tls;
  int fd;
  law_timer pause; /* while the process is out of descriptors */
} law_listener;

typedef struct law_alarm {
  law_object object;
  law_timer timer;
} law_alarm;

typedef struct law_watch {
  law_object object;
  int fd;
  bool always; /* epoll refuses files; they can be read at any time */
} law_watch;

/* The bytes that are being judged. */
typedef struct law_input {
  const uint8_t *base; /* as they were read */
  size_t tail_len;     /* of the message they go on with */
  uint64_t now;
  uint32_t packet; /* of the first byte, 0 without a capture */
} law_input;

struct law_net {
  int epoll_fd;
  int netns_fd; /* our own network namespace, once it was needed; else -1 */
  law_table table;
  law_timers timers;
  law_arena arena;
  law_tails tails;
  law_event *events; /* |told| of them are handed out */
  size_t num_events, cap_events, told;
  law_handles buffered, done, dirty, always;
  law_input input;
  law_capture capture;
  law_secrets secrets; /* that no capture may hold */
  law_tls_context *tls_contexts;
  struct bio_method_st *tls_bio;
  law_queue scratch; /* where frames are put together */
  bool batch;
  bool no_memory; /* something was lost for want of memory: the next wait fails */
  char why[LAW_NET_TEXT];
  char error[LAW_NET_TEXT];
};

#define LAW_CONN_UNWATCHED UINT32_MAX

/* loop.c */
void law_net_fail(law_net *net, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool law_net_poll_add(law_net *net, int fd, uint32_t mask, law_handle handle);
law_object *law_net_object(const law_net *net, law_handle handle, law_object_kind kind);
/* Gives the system what was held back since the last round. */
void law_net_flush(law_net *net);

/* capture.c: all do nothing, and give 0, when no capture is being written. */
void law_capture_begin(law_conn *c, uint64_t now);
uint32_t law_capture_data(law_conn *c, law_side from, uint64_t now, law_bytes bytes);
void law_capture_close(law_conn *c, law_side from, bool reset, uint64_t now);
uint64_t law_capture_time(law_capture *capture, uint64_t now);
/* Before a wait: what was captured a while ago goes to the file. */
void law_capture_idle(law_net *net);

/* ciphertext.c: all do nothing when it is not captured. */
/* Bytes that went over the socket, kept until law_ciphertext_flush. */
void law_ciphertext_data(law_conn *c, law_side from, law_bytes bytes);
void law_ciphertext_flush(law_conn *c);
/* One line of a key log. */
void law_ciphertext_secret(law_net *net, const char *line);
void law_ciphertext_close(law_conn *c, law_side from, bool reset, uint64_t now);

/* events.c: appends; NULL (and |no_memory|) without memory. The rest of the event is zeroed. */
law_event *law_event_add(law_net *net, law_event_kind kind, const law_object *object,
                         uint64_t time);
/* Moves up to |max| of the events gathered to |out|, without those of things that are gone. */
size_t law_events_hand_out(law_net *net, law_event *out, size_t max);
/* Takes down what has been told to be closed, and recycles memory. */
void law_events_turn_over(law_net *net);

/* conn.c */
law_conn *law_conn_new(law_net *net, law_scope *scope, law_side side, int fd, void *user);
/* Gives it what |e| says above TCP. |context|: of TLS, or NULL. False: no memory. */
bool law_conn_layer(law_conn *c, const law_endpoint *e, law_tls_context *context);
/* TCP is being connected, or failed at once by |error| (an errno). */
void law_conn_connecting(law_conn *c, int error);
/* TCP is connected: handshakes, if any, begin. */
void law_conn_begin(law_conn *c);
/* There is input that was read from the socket already: it is looked at in the next round. */
void law_conn_buffer(law_conn *c);
/* |events| of epoll; 0: there is buffered input. */
void law_conn_ready(law_conn *c, uint32_t events);
void law_conn_timer(law_conn *c, uint64_t now);
/* Bytes of the stream below any WebSocket; also to the capture. False: the connection is broken. */
bool law_conn_write(law_conn *c, law_bytes bytes, uint32_t *out_packet);
void law_conn_flush(law_conn *c);
void law_conn_close(law_conn *c, law_close how);
/* Closes the socket and frees all. */
void law_conn_destroy(law_conn *c);
void law_conn_read(law_conn *c, bool on);

/* tcp.c: sockets. Functions that give a descriptor give -1 and law_net_error on failure. */
/* |*out_error|: why it failed at once, else 0: it goes on until the socket can be written. */
int law_tcp_connect(law_net *net, const law_endpoint *to, int *out_error);
/* What became of connecting: an errno, 0 when it worked. */
int law_tcp_error(int fd);
void law_tcp_peer_text(const law_endpoint *to, char *out, size_t cap);
int law_tcp_listen(law_net *net, const law_endpoint *at);
uint16_t law_tcp_port(int fd);
/* The other end's. */
uint16_t law_tcp_peer_port(int fd);
/* The IPv4 address of our (|peer|: the other) end; 127.0.0.1 for others. */
void law_tcp_ipv4(int fd, bool peer, uint8_t *out);
void law_tcp_prepare(int fd);
void law_tcp_abort(int fd);
/* How a connection ended by the errno of a failed read or write. */
law_io law_tcp_outcome(int error);
law_io law_tcp_read(law_net *net, int fd, uint8_t *out, size_t cap, size_t *out_len);
law_io law_tcp_write(law_net *net, int fd, law_bytes bytes, size_t *out_len);

/* net->error and false unless the transport is one we have. */
bool law_transport_known(law_net *net, law_transport transport);
bool law_transport_is_secure(law_transport transport);
bool law_transport_is_ws(law_transport transport);

/* stream.c: TCP or TLS. Reads until |cap| or until there is no more for now; both may be told at
 * once: |*out_len| bytes, and what came after them. */
law_io law_stream_read(law_conn *c, uint8_t *out, size_t cap, size_t *out_len);
law_io law_stream_write(law_conn *c, law_bytes bytes, size_t *out_len);

/* listener.c */
void law_listener_ready(law_net *net, law_listener *l);
void law_listener_resume(law_net *net, law_listener *l);
void law_listener_close(law_net *net, law_listener *l);

/* judging.c */
/* NULL, and law_net_error, when there is no such scope. */
law_scope *law_scope_of(law_net *net, law_handle scope);
bool law_judging_start(law_conn *c);
void law_judging_stop(law_conn *c);
/* Bytes of the other side, read at net->input.now. */
void law_judging_input(law_conn *c, law_bytes bytes);
/* Bytes of the other side that no protocol allows here: |text| says what they are. */
void law_judging_refuse(law_conn *c, law_bytes bytes, const char *text);
void law_judging_output(law_conn *c, uint64_t now, law_bytes bytes);
/* Tells the monitor once that |from| closed. */
void law_judging_closed(law_conn *c, law_side from, bool reset, uint64_t now);
void law_judging_tick(law_conn *c, uint64_t now);

LAW_INLINE law_side law_other_side(law_side side) {
  return side == LAW_CLIENT ? LAW_SERVER : LAW_CLIENT;
}

#endif
