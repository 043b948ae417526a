"""Seeds of a network campaign: the vectors, as conversations, and the tracked sequences."""

from __future__ import annotations

import json
from pathlib import Path

from wirelaw import paths
from wirelaw.engine.codec import codec_of
from wirelaw.errors import UserError
from wirelaw.fuzzing.journal import DATA, Record, to_sequence

_MAX = 4096


def write(folder: Path, protocol: str) -> int:
    """Fills the folder; how many there are."""
    folder.mkdir(parents=True, exist_ok=True)
    seeds = [*_vectors(protocol), *_tracked()]
    for number, seed in enumerate(seeds):
        (folder / f"{number:05}.seq").write_bytes(seed)
    return len(seeds)


def _vectors(protocol: str) -> list[bytes]:
    opening = _opening(protocol)
    found = []
    for file in sorted(paths.data("conformance/vectors").glob("*/*.json")):
        for vector in json.loads(file.read_text(encoding="utf-8")):
            wire = bytes.fromhex(vector.get("hex", ""))
            if protocol not in vector.get("versions", ()) or not 0 < len(wire) <= _MAX:
                continue
            opens = codec_of(protocol).load(wire) == "CONNECT"
            sent = [wire] if opens else [opening, wire]
            found.append(to_sequence(Record(1, 1, DATA, 0, one) for one in sent))
    return found


def _opening(protocol: str) -> bytes:
    fields = {"clean_start": True, "client_id": "fuz00", "keep_alive": 60}
    return codec_of(protocol).build("CONNECT", fields)


def _tracked() -> list[bytes]:
    try:
        folder = paths.data("corpora/mqtt_sequence/seed")
    except UserError:
        return []  # only the source tree has them
    return [file.read_bytes() for file in sorted(folder.iterdir()) if file.stat().st_size <= _MAX]
