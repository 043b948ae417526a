#!/usr/bin/env python3
"""Writes the C source of the Python extension `_wirelaw`: cffi in API mode over facade.h and net.h.

    ffibuild.py OUT.c

Runs inside the CMake build with the Python that will import the extension. It calls no compiler.
The
GIL is released in every call, so that nothing is held while law_net_wait waits.
"""

from __future__ import annotations

import sys

from cffi import FFI

# What facade.h, net.h and the headers below them say, in the words that cffi reads. The compiler
# checks every line of it against the headers: a mismatch does not build.
DECLARATIONS = """
typedef uint16_t law_requirement;
typedef enum { LAW_OK, LAW_NEED_MORE, LAW_MALFORMED, LAW_PROTOCOL_ERROR, LAW_LIMIT } law_status;
typedef enum { LAW_CLIENT, LAW_SERVER } law_side;
typedef struct { const uint8_t *data; size_t len; } law_bytes;
typedef struct { law_requirement requirement; law_status status; uint32_t offset; } law_violation;
typedef struct { const char *name; uint8_t code; ...; } law_type;
typedef struct { ...; } law_protocol;
const char *law_status_name(law_status status);
const char *law_requirement_name(law_requirement r);

typedef enum {
  LAW_EDIT_SET, LAW_EDIT_RAW, LAW_EDIT_DROP, LAW_EDIT_DUPLICATE, LAW_EDIT_SWAP, LAW_EDIT_RESIZE,
  LAW_EDIT_FORCE, LAW_EDIT_VARINT, LAW_EDIT_INSERT, LAW_EDIT_TRUNCATE
} law_edit_op;

typedef struct law_codec law_codec;
law_codec *law_codec_new(const char *variant);
void law_codec_free(law_codec *c);
const law_protocol *law_codec_protocol(const law_codec *c);
const char *law_codec_variant(size_t i);
const char *law_codec_tables(law_codec *c);
bool law_codec_begin(law_codec *c, const char *name);
bool law_codec_number(law_codec *c, const char *name, uint64_t value);
bool law_codec_bytes(law_codec *c, const char *name, const uint8_t *data, size_t len);
bool law_codec_item(law_codec *c, const char *list, const char *tag);
bool law_codec_end_item(law_codec *c);
bool law_codec_encode(law_codec *c);
bool law_codec_load(law_codec *c, const uint8_t *data, size_t len);
law_bytes law_codec_wire(const law_codec *c);
const law_type *law_codec_type(const law_codec *c);
law_status law_codec_decode(law_codec *c, law_side from, law_violation *out);
law_status law_codec_frame(law_codec *c, size_t *out_len, law_violation *out);
const char *law_codec_json(law_codec *c);
const char *law_codec_json_spans(law_codec *c);
const char *law_codec_print(law_codec *c);
size_t law_codec_find(const law_codec *c, const char *path);
size_t law_codec_num_spans(const law_codec *c);
law_bytes law_codec_value(const law_codec *c, size_t span);
bool law_codec_edit(law_codec *c, law_edit_op op, size_t span, size_t other, uint64_t number,
                    const uint8_t *data, size_t len, bool keep_lengths);

typedef struct law_net law_net;
typedef uint32_t law_handle;
typedef enum { LAW_TCP, LAW_TLS, LAW_WS, LAW_WSS, LAW_UDP, LAW_DTLS } law_transport;
typedef struct {
  law_transport transport;
  const char *host;
  uint16_t port;
  const char *source_host, *ws_path, *ws_subprotocol, *alpn, *server_name;
  const char *ca_file, *cert_file, *key_file;
  bool verify;
  int netns;
  ...;
} law_endpoint;
typedef enum {
  LAW_EV_CONNECTED, LAW_EV_FAILED, LAW_EV_ACCEPTED, LAW_EV_MESSAGE, LAW_EV_CLOSED, LAW_EV_TIMER,
  LAW_EV_READABLE, LAW_EV_VIOLATION
} law_event_kind;
typedef enum { LAW_CLOSE_FIN, LAW_CLOSE_RST, LAW_CLOSE_ERROR } law_close;
typedef struct {
  law_event_kind kind;
  law_handle handle, listener;
  uint64_t time;
  law_status status;
  const law_type *type;
  law_bytes wire;
  const law_violation *violations;
  size_t num_violations;
  uint32_t packet;
  law_close how;
  const char *text;
  ...;
} law_event;

law_net *law_net_new(void);
void law_net_free(law_net *net);
uint64_t law_net_now(void);
bool law_net_capture(law_net *net, const char *path);
bool law_net_capture_ciphertext(law_net *net);
bool law_net_capture_end(law_net *net);
bool law_net_hide(law_net *net, law_bytes secret);
const char *law_net_error(const law_net *net);
law_handle law_net_scope(law_net *net, const law_protocol *protocol, law_side judged, bool monitor);
bool law_net_assume(law_net *net, law_handle scope, const char *variant);
law_handle law_net_connect(law_net *net, law_handle scope, const law_endpoint *to, void *user);
law_handle law_net_listen(law_net *net, law_handle scope, const law_endpoint *at, void *user);
uint16_t law_net_port(const law_net *net, law_handle handle);
bool law_net_send(law_net *net, law_handle handle, law_bytes bytes, uint32_t *out_packet);
bool law_net_send_frame(law_net *net, law_handle handle, uint8_t opcode, bool fin,
                        law_bytes payload, uint32_t *out_packet);
const char *law_net_subprotocol(const law_net *net, law_handle handle);
void law_net_read(law_net *net, law_handle handle, bool on);
void law_net_close(law_net *net, law_handle handle, law_close how);
void law_net_comment(law_net *net, law_handle handle, const char *comment);
law_handle law_net_watch(law_net *net, int fd, void *user);
int law_net_wait(law_net *net, uint64_t until, law_event *out, size_t max);
"""

INCLUDES = """
#include "binding/facade.h"
#include "net/net.h"
"""


def main() -> int:
    """Writes the source; returns the exit status."""
    if len(sys.argv) != 2:
        print("usage: ffibuild.py OUT.c", file=sys.stderr)
        return 2
    builder = FFI()
    builder.cdef(DECLARATIONS)
    builder.set_source("_wirelaw", INCLUDES, py_limited_api=True)
    builder.emit_c_code(sys.argv[1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
