"""Turns the vectors of conformance/vectors/<protocol>/*.json into one C file.

usage: vectors_to_c.py OUT.c FILE.json...

Each vector becomes a row of `law_vectors[]` for each of its versions (see vectors.h), so that the C
tests need no JSON reader. A vector with a missing or unknown key ends the run with its name.
"""

import json
import sys
from pathlib import Path
from typing import Any

KEYS = {
    "ok": {"message"},
    "malformed": {"requirement", "offset"},
    "protocol_error": {"requirement", "offset"},
    "need_more": {"need"},
    "stream": {"lengths", "end"},
}
COMMON = {"name", "versions", "from", "hex", "comment", "status"}
OPTIONAL = {"also", "breaks"}
SIDES = {"client": "1u << LAW_CLIENT", "server": "1u << LAW_SERVER", "either": "3"}


def escape(text: str) -> str:
    """JSON's string as law_json writes it: pure ASCII, \\u for all that is not printable."""
    out = []
    for unit in text.encode("utf-16-be", "surrogatepass").hex(" ", 2).split():
        code = int(unit, 16)
        if chr(code) in '"\\':
            out.append("\\" + chr(code))
        elif 0x20 <= code < 0x7F:
            out.append(chr(code))
        else:
            out.append(f"\\u{code:04x}")
    return '"' + "".join(out) + '"'


def to_json(value: Any) -> str:
    """|value| in the form of law_json: ", " and ": " between things, members in their order."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{escape(k)}: {to_json(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(to_json, value)) + "]"
    if isinstance(value, str):
        return escape(value)
    return json.dumps(value)


def c_string(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?") + '"'


def c_requirement(identifier: str | None) -> str:
    if identifier is None:
        return "LAW_R_NONE"
    return "LAW_R_" + "".join(c if c.isalnum() else "_" for c in identifier).upper()


def check(vector: dict[str, Any]) -> None:
    """Raises ValueError unless |vector| has exactly the keys of its kind."""
    name = vector.get("name", "?")
    expected = COMMON | KEYS.get(vector.get("status", ""), {"a known status"})
    wrong = (set(vector) - OPTIONAL) ^ expected
    if wrong:
        raise ValueError(f"{name}: keys {sorted(wrong)} are missing or too many")


def rows(vector: dict[str, Any], at: int) -> list[str]:
    """The rows of one vector, whose bytes stand at |at|."""
    check(vector)
    status = vector["status"]
    lengths = vector.get("lengths", [])
    shared = [
        f".name = {c_string(vector['name'])}",
        f".sides = {SIDES[vector['from']]}",
        f".at = {at}, .len = {len(vector['hex']) // 2}",
        f".status = LAW_{vector.get('end', status).upper()}",
        f".offset = {vector.get('offset', 0)}, .need = {vector.get('need', 0)}",
    ]
    if "message" in vector:
        shared.append(f".message = {c_string(to_json(vector['message']))}")
    if status == "stream":
        shared.append(f".num_packets = {len(lengths)}")
        shared.append(f".lengths = (const size_t[]){{{', '.join(map(str, lengths))}}}")
    requirement = vector.get("requirement", {})
    return [
        "{"
        + f".variant = {c_string(version)}, "
        + f".requirement = {c_requirement(requirement.get(version))}, "
        + ", ".join(shared)
        + "},"
        for version in vector["versions"]
    ]


def main(out: Path, files: list[Path]) -> None:
    vectors = [v for file in files for v in json.loads(file.read_text(encoding="utf-8"))]
    data, lines = b"", []
    for vector in vectors:
        lines += rows(vector, len(data))
        data += bytes.fromhex(vector["hex"])
    text = ["/* Generated from the vectors by vectors_to_c.py. Do not edit. */"]
    text += ['#include "vectors.h"', "", "const uint8_t law_vector_bytes[] = {"]
    text += [",".join(map(str, data[i : i + 32])) + "," for i in range(0, len(data), 32)]
    text += ["};", "", "const law_vector law_vectors[] = {", *lines, "};", ""]
    text += ["const size_t law_num_vectors = sizeof law_vectors / sizeof law_vectors[0];", ""]
    out.write_text("\n".join(text), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
