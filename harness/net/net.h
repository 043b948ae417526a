/* net.h: one event loop for each process: sockets, TLS, WebSocket, timers, judging, time stamps,
 * capture.
 *
 * A caller opens connections and listeners, then calls law_net_wait again and again; each call
 * gives an array of events. There are no callbacks and no threads. Conformance cases and
 * reference peers both stand on it. Handles are never reused within a loop. */
#ifndef LAW_NET_NET_H
#define LAW_NET_NET_H

#include "core/protocol.h"

typedef struct law_net law_net;
typedef uint32_t law_handle; /* of a connection, listener, timer or watched descriptor; 0 is none */

typedef enum law_transport { LAW_TCP, LAW_TLS, LAW_WS, LAW_WSS, LAW_UDP, LAW_DTLS } law_transport;

/* Where to connect to or to listen on. Strings are copied. NULL fields: the default. */
typedef struct law_endpoint {
  law_transport transport;
  const char *host;           /* a literal address; "127.0.0.1" */
  uint16_t port;              /* listening: 0 picks a free one, see law_net_port */
  const char *source_host;    /* connecting: bind to this address first */
  const char *ws_path;        /* "/mqtt" */
  const char *ws_subprotocol; /* "mqtt"; "" sends none */
  const char *alpn;
  const char *server_name;
  const char *ca_file, *cert_file, *key_file; /* PEM */
  /* Connecting: check the server's certificate. Listening: ask for and check the client's. */
  bool verify;
  int netns; /* descriptor of a network namespace to open the socket in; 0 for our own */
} law_endpoint;

typedef enum law_event_kind {
  LAW_EV_CONNECTED, /* handshakes of the transport are done, too */
  LAW_EV_FAILED,    /* could not connect, or a handshake failed: |text| says why */
  LAW_EV_ACCEPTED,  /* |listener| took in |handle|; handshakes are done */
  LAW_EV_MESSAGE,   /* one message from the other side, or bytes that are none (|status|) */
  LAW_EV_CLOSED,    /* the other side closed; |how| */
  LAW_EV_TIMER,
  LAW_EV_READABLE,  /* a watched descriptor */
  LAW_EV_VIOLATION, /* the monitor found something at a tick, at a close, or in what we sent */
} law_event_kind;

typedef enum law_close { LAW_CLOSE_FIN, LAW_CLOSE_RST, LAW_CLOSE_ERROR } law_close;

/* Valid until the next law_net_wait. */
typedef struct law_event {
  law_event_kind kind;
  law_handle handle;
  law_handle listener;
  void *user;        /* as given for the handle */
  uint64_t time;     /* ns, monotonic: when the bytes were read, or the timer was due */
  law_status status; /* MESSAGE */
  const law_type *type;
  law_bytes wire;
  const void *message;             /* decoded, when status is LAW_OK */
  const law_violation *violations; /* decoder's first, then the monitor's */
  size_t num_violations;
  uint32_t packet; /* number of the capture's packet it stands in; 0 without a capture */
  uint32_t frame;  /* MESSAGE over WebSocket: number of the data frame in which it ends; else 0 */
  law_close how;
  const char
      *text; /* FAILED, CLOSED by an error: why. MESSAGE: what it is when no protocol allows it */
} law_event;

/* NULL when memory or descriptors run out. */
law_net *law_net_new(void);
/* Aborts all that is open. */
void law_net_free(law_net *net);

/* Monotonic time in ns, the clock of all events and timers. */
uint64_t law_net_now(void);

/* Writes all traffic from now on to a pcapng file. False when it can't be written: see
 * law_net_error. */
bool law_net_capture(law_net *net, const char *path);
/* From then on, that capture also has what new TLS connections have on the wire, on an interface of
 * its own, and the secrets to read it by: passwords that law_net_hide strikes out stand in it.
 * Before any connection. False without a capture: see law_net_error. */
bool law_net_capture_ciphertext(law_net *net);
/* Flushes and closes the capture. */
bool law_net_capture_end(law_net *net);
/* Captures get `*` for the bytes of |secret|, a password: in TCP, in TLS told in the clear, in
 * WebSocket frames (there from 8 bytes on). Not where it is sent in pieces; one of fewer than four
 * bytes can't be told from other text. False when there are too many, or no memory. */
bool law_net_hide(law_net *net, law_bytes secret);
const char *law_net_error(const law_net *net);

/* How the flows of one IUT are judged: |world| memory is the loop's. NULL protocol: raw bytes
 * only. |judged|: the side whose messages the monitor judges. Monitors see a whole world only if
 * all connections of the IUT are opened with the same scope. |monitor| false: frame and decode
 * only (reference peers). */
law_handle law_net_scope(law_net *net, const law_protocol *protocol, law_side judged, bool monitor);

/* What decoding assumes of the scope's new connections until they say it themselves: a name out of
 * protocol->variants. False when the protocol has no such variant. */
bool law_net_assume(law_net *net, law_handle scope, const char *variant);

/* Starts to connect; LAW_EV_CONNECTED or LAW_EV_FAILED follows. 0 when out of descriptors. The
 * opener of a connection is the LAW_CLIENT side. */
law_handle law_net_connect(law_net *net, law_handle scope, const law_endpoint *to, void *user);

/* Listens; 0 when it can't (law_net_error says why). Accepted connections get the listener's |user|
 * until law_net_set_user. */
law_handle law_net_listen(law_net *net, law_handle scope, const law_endpoint *at, void *user);
/* The port of a listener, or of our own end of a connection. */
uint16_t law_net_port(const law_net *net, law_handle handle);
void law_net_set_user(law_net *net, law_handle handle, void *user);

/* Sends bytes as they are (one WebSocket binary frame on WS). Queued when the socket is full.
 * False when the connection is closed. |*out_packet|, if not NULL, is the capture's packet
 * number. */
bool law_net_send(law_net *net, law_handle handle, law_bytes bytes, uint32_t *out_packet);
/* On: what is sent waits for the next law_net_wait and goes out together, which is faster where
 * many small messages go to one connection (brokers); the order across connections is then lost.
 * Off by default. */
void law_net_batch(law_net *net, bool on);
/* Sends one WebSocket frame with any |opcode| (RFC 6455 section 11.8), |fin| false for a
 * fragment. False when the connection is closed or no WebSocket. */
bool law_net_send_frame(law_net *net, law_handle handle, uint8_t opcode, bool fin,
                        law_bytes payload, uint32_t *out_packet);
/* The WebSocket subprotocol that both sides agreed on; "" for none. */
const char *law_net_subprotocol(const law_net *net, law_handle handle);
/* Bytes queued and not yet taken by the system. */
size_t law_net_queued(const law_net *net, law_handle handle);
/* Stops or resumes reading (back-pressure, and cases that leave an answer unread). */
void law_net_read(law_net *net, law_handle handle, bool on);

/* Closes any handle. A connection by FIN: what is queued is sent (and a WebSocket's close frame,
 * TLS's close_notify), then the write side is closed; the other side's bytes are still read
 * until it closes, then LAW_EV_CLOSED. Who does not want to wait for that closes again by RST.
 * By RST: what is queued is offered to the system once, then the connection is aborted; no more
 * events. A connection that the other side closed lives until the law_net_wait after
 * LAW_EV_CLOSED was handed out, so that the last message can still be answered. */
void law_net_close(law_net *net, law_handle handle, law_close how);

/* The comment that the capture's next packets of this connection carry: case id and requirement. */
void law_net_comment(law_net *net, law_handle handle, const char *comment);

/* One LAW_EV_TIMER at |at|; cancelled by law_net_close(FIN). */
law_handle law_net_timer(law_net *net, uint64_t at, void *user);
/* LAW_EV_READABLE whenever |fd| can be read (level-triggered), until law_net_close. |fd| stays
 * the caller's. */
law_handle law_net_watch(law_net *net, int fd, void *user);

/* Waits until something happens or |until| (ns; 0: only what is ready; UINT64_MAX: for ever),
 * and writes up to |max| events. Returns how many; -1 with errno on failure. EINTR gives 0. */
int law_net_wait(law_net *net, uint64_t until, law_event *out, size_t max);

/* For each connection's monitor: its state number. */
uint32_t law_net_state(const law_net *net, law_handle handle);

#endif
