"""Reads "<version> <hex>" lines and asks a C codec, one of the shared objects that ``wirelaw bench``
makes; answers "accept", "reject" or "cannot" for each. Usage: peer.py FILE.so"""

import ctypes
import sys

ANSWERS = {-1: "cannot", 0: "accept"}


def main(path: str) -> None:
    decode = ctypes.CDLL(path).bench_peer_decode
    decode.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int]
    for line in sys.stdin:
        version, _, text = line.strip().partition(" ")
        wire = bytes.fromhex(text)
        print(ANSWERS.get(decode(wire, len(wire), int(version)), "reject"), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
