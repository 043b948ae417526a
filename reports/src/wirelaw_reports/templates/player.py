#!/usr/bin/env python3
"""Plays one conversation to an MQTT server, and tells whether it still does what wirelaw found.

    python3 THIS.py --host 127.0.0.1 --port 1883 [--user NAME --password WORD | --anonymous]

Needs Python 3.8 or later and nothing else. Exit status: 1 the server does it again, 0 it does not,
2 it could not be found out.
"""

import argparse
import socket
import ssl
import sys
import time

PROTOCOL = 5
# DATA
NAMES = (
    "reserved CONNECT CONNACK PUBLISH PUBACK PUBREC PUBREL PUBCOMP SUBSCRIBE SUBACK "
    "UNSUBSCRIBE UNSUBACK PINGREQ PINGRESP DISCONNECT AUTH"
).split()
ANSWERS = {4: 2, 5: 2, 7: 2}  # PUBACK, PUBREC, PUBCOMP: where the identifier of the server's message is
PATIENCE = 3.0  # s


def framed(data):
    """The length of the first packet in data, or None when it is not whole."""
    length = shift = 0
    for at in range(1, min(5, len(data))):
        length |= (data[at] & 0x7F) << shift
        shift += 7
        if not data[at] & 0x80:
            whole = at + 1 + length
            return whole if whole <= len(data) else None
    return None


def identifier(packet):
    """(offset, length) of the packet identifier, or None."""
    kind = packet[0] >> 4
    at = 1
    while packet[at] & 0x80:
        at += 1
    at += 1
    if kind == 3:
        if not packet[0] & 6:
            return None
        at += 2 + int.from_bytes(packet[at : at + 2], "big")
    return (at, 2) if kind in range(3, 12) and at + 2 <= len(packet) else None


def varint(number):
    out = b""
    while True:
        out += bytes([number % 128 | (0x80 if number > 127 else 0)])
        number //= 128
        if not number:
            return out


def with_login(packet, user, password):
    """A CONNECT with another user name and password, or none; a packet of another shape as it is."""
    body_at = 1
    while packet[body_at] & 0x80:
        body_at += 1
    body = bytearray(packet[body_at + 1 :])
    if packet[0] >> 4 != 1 or body[:6] != b"\0\4MQTT" or body[7] & 0xC0 != 0xC0:
        return packet
    at = 10
    if PROTOCOL == 5:
        at += 1 + body[at]
    num = 1 + (2 if body[7] & 4 else 0)
    for field in range(num):
        if PROTOCOL == 5 and body[7] & 4 and field == 1:
            at += 1 + body[at]
        at += 2 + int.from_bytes(body[at : at + 2], "big")
    if at > len(body):
        return packet
    del body[at:]
    body[7] &= 0x3F
    if user is not None:
        body[7] |= 0xC0
        for text in (user, password or ""):
            body += len(text.encode()).to_bytes(2, "big") + text.encode()
    return packet[:1] + varint(len(body)) + bytes(body)


class Connection:
    def __init__(self, options):
        self.socket = socket.create_connection((options.host, options.port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if options.tls:
            context = ssl.create_default_context(cafile=options.cafile)
            context.check_hostname = options.cafile is not None
            context.verify_mode = ssl.CERT_REQUIRED if options.cafile else ssl.CERT_NONE
            self.socket = context.wrap_socket(self.socket, server_hostname=options.host)
        self.data = b""
        self.closed = False
        self.ids = {}  # identifiers the server chose then: those it chose now

    def send(self, packet):
        place = identifier(packet) if packet[0] >> 4 in ANSWERS else None
        if place:
            at = place[0]
            then = packet[at : at + 2]
            packet = packet[:at] + self.ids.get(then, then) + packet[at + 2 :]
        try:
            self.socket.sendall(packet)
        except OSError:
            self.closed = True

    def get(self, seconds):
        """The next packet, or None: nothing came, or the server closed."""
        until = time.monotonic() + seconds
        while True:
            whole = framed(self.data)
            if whole:
                packet, self.data = self.data[:whole], self.data[whole:]
                return packet
            left = until - time.monotonic()
            if self.closed or left <= 0:
                return None
            self.socket.settimeout(left)
            try:
                more = self.socket.recv(65536)
            except (socket.timeout, TimeoutError):
                return None
            except OSError:
                more = b""
            self.closed = not more
            self.data += more

    def end(self, how):
        if how == "rst":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()
        self.closed = True


def without_identifier(packet):
    """Without what the server chooses: the identifiers of its PUBLISH and PUBREL."""
    place = identifier(packet) if packet[0] >> 4 in (3, 6) else None
    return packet if place is None else packet[: place[0]] + b"??" + packet[place[0] + 2 :]


def name(packet):
    return NAMES[packet[0] >> 4]


def shown(packet):
    return f"{name(packet)} {packet[:48].hex()}{'...' if len(packet) > 48 else ''}"


def play(options):
    """Plays everything; gives the connections and the last packet that came on each."""
    connections, last = {}, {}
    begun = time.monotonic()
    for number, (at, verb, conn, data, what) in enumerate(PLAY):
        if verb in ("open", "send", "end"):
            time.sleep(max(0.0, begun + at - time.monotonic()))
        if verb == "open":
            connections[conn] = Connection(options)
        elif verb == "end":
            print(f"  {conn}: we close ({data})")
            connections[conn].end(data)
        elif verb == "send":
            packet = bytes.fromhex(data)
            if options.anonymous or options.user is not None:
                packet = with_login(packet, options.user, options.password)
            print(f"  {conn}: > {shown(packet)}")
            connections[conn].send(packet)
        elif verb == "get":
            came = connections[conn].get(PATIENCE)
            then = bytes.fromhex(data)
            print(f"  {conn}: < {shown(came) if came else 'nothing'}")
            last[conn] = came
            deciding = number == len(PLAY) - 1
            if came is None or name(came) != name(then):
                if deciding:
                    break
                print(f"the conversation goes another way here: there was {shown(then)}")
                return None
            if identifier(then) and identifier(came):
                there, here = identifier(then)[0], identifier(came)[0]
                connections[conn].ids[then[there : there + 2]] = came[here : here + 2]
        elif verb == "closed" and not connections[conn].closed:
            came = connections[conn].get(PATIENCE)
            print(f"  {conn}: < {shown(came) if came else 'closed' if connections[conn].closed else 'nothing'}")
            last[conn] = came
    return connections, last


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--user"), parser.add_argument("--password")
    parser.add_argument("--anonymous", action="store_true", help="leave the login out")
    parser.add_argument("--tls", action="store_true"), parser.add_argument("--cafile")
    options = parser.parse_args()
    print(f"{CASE}: {TITLE}")
    for sentence in SENTENCES:
        print(f"  {sentence}")
    try:
        played = play(options)
    except OSError as error:
        print(f"{options.host}:{options.port}: {error}", file=sys.stderr)
        return 2
    if played is None or FOUND["kind"] == "nothing":
        if FOUND["kind"] == "nothing":
            print("played; nothing was found wrong then, and there is nothing to look for")
        return 2
    connections, last = played
    conn = connections.get(FOUND["conn"])
    if conn is None:
        return 2
    if FOUND["kind"] == "silence":
        came = conn.get(max(PATIENCE, 2 * FOUND["seconds"]))
        again = came is None and not conn.closed
        now = "nothing" if again else shown(came) if came else "a close"
    elif FOUND["kind"] == "close":
        came = None if conn.closed else conn.get(PATIENCE)
        again = conn.closed
        now = "a close" if again else shown(came) if came else "nothing"
    else:
        came, then = last.get(FOUND["conn"]), bytes.fromhex(FOUND["hex"])
        again = came is not None and without_identifier(came) == without_identifier(then)
        now = shown(came) if came else "nothing"
    print(f"expected: {FOUND['expected']}")
    print(f"found in {FOUND['iut']}: {FOUND['got']}")
    print(f"now: {now}")
    print("it does it again" if again else "it does not do it any more")
    return 1 if again else 0


if __name__ == "__main__":
    sys.exit(main())
