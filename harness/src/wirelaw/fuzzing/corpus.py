"""The tracked inputs: where seeds come from, how they are kept small, what the manifest says."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from wirelaw.errors import UserError
from wirelaw.fuzzing.build import build, target_program
from wirelaw.fuzzing.targets import Target, all_targets

MANIFEST = "corpora/MANIFEST.json"

#: Inputs that the tables and vectors do not have; small, and written by hand.
_UTF8 = ["a", "é", "€", "😀", "\x00", "a#", "+", "x" * 15 + "é", "x" * 31 + "€", "\x7f\x80"]
_ILL_FORMED = ["c328", "eda080", "f4908080", "c080", "e282", "ff", "f0808080", "e08080", "80"]
_TOPICS = [
    ("a/b", "a/b"), ("a/+", "a/b"), ("#", "a"), ("a/#", "a"), ("+/+", "/a"), ("$SYS/#", "$SYS/x"),
    ("#", "$SYS"), ("$share/g/a", "a"), ("$share//a", "a"), ("$share/g", ""), ("a#", "a"), ("+a", "a"),
    ("", "a"), ("/", "/"), ("a/+/c", "a//c"), ("$share/g/+/b", "a/b"), ("#/a", "x"), ("$share/+/a", "a"),
]  # fmt: skip
_WEBSOCKET = [
    "810548656c6c6f", "818537fa213d7f9f4d5158", "820501020304ff", "827e0100" + "00" * 256, "8900",
    "8a00", "88020 3e8".replace(" ", ""), "0100", "8000", "827f0000000000010000", "c100", "8300", "0900", "897e0080",
    "827e0001", "827f8000000000000000", "827f0000000000000001", "82fe010000000000", "82ff0000000000010000aabbccdd", "81",
]  # fmt: skip
_HTTP = [
    "GET /mqtt HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\n\r\n", "HTTP/1.0 200\r\n\r\n",
    "GET  HTTP/1.1\r\n\r\n", "G T / HTTP/1.1\r\n\r\n", "GET / HTTP/2.0\r\n\r\n", "HTTP/1.1 20 x\r\n\r\n",
    "GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET / HTTP/1.1\r\n: x\r\n\r\n", "GET / HTTP/1.1\r\na: b\x01\r\n\r\n",
    "GET / HTTP/1.1\r\na: b\r\n c\r\n\r\n", "GET / HTTP/1.1\r\na:\r\nb: \t x \t\r\n", "\x10\x0c\x00\x04MQTT",
    "GET / HTTP/1.1\r\nUpgrade: a,websocket ,,b\r\nHOST: b\r\n\r\nrest", "GET /\r", "HTTP/1.1 2x0 OK\r\n\r\n",
]  # fmt: skip


def sources(root: Path, target: Target, scratch: Path) -> dict[str, bytes]:
    """The inputs that a target begins with, by what they are."""
    if target.name == "utf8":
        texts = [text.encode() for text in _UTF8] + [bytes.fromhex(text) for text in _ILL_FORMED]
        return {f"text {i}": text for i, text in enumerate(texts)}
    if target.name in ("mqtt_topics", "theirs_mosquitto"):
        pairs = {f"pair {f} {t}": f.encode() + b"\0" + t.encode() for f, t in _TOPICS}
        texts = {f"text {text}": b"\0" + text.encode() for text in _UTF8}
        return {**pairs, **texts, "property": b"\1\x11"}
    if target.name in ("websocket", "theirs_wslay"):
        return {f"frame {text[:20]}": bytes.fromhex(text) for text in _WEBSOCKET}
    if target.name == "http":
        return {f"head {i}": text.encode("latin-1") for i, text in enumerate(_HTTP)}
    if target.grammar == "mqtt_sequence":
        return conversations(root, scratch)
    if target.name == "capture":
        return captures(root, scratch)
    return vectors(root, target.grammar)


def vectors(root: Path, grammar: str) -> dict[str, bytes]:
    """The vectors of one protocol: CoAP, one version of MQTT, or all of them."""
    found = {}
    family = "coap" if grammar == "coap" else "mqtt"
    for path in sorted((root / "conformance/vectors" / family).glob("*.json")):
        for vector in json.loads(path.read_text(encoding="utf-8")):
            if grammar == "mqtt" or grammar in vector["versions"]:
                found[vector["name"]] = bytes.fromhex(vector["hex"])
    return found


def conversations(root: Path, scratch: Path) -> dict[str, bytes]:
    """The conversations of the monitor's tests, as sequences."""
    folder = build(root, "asan", ["fuzz_seq_seeds"])
    out = scratch / "seq"
    out.mkdir(exist_ok=True)
    subprocess.run([str(folder / "bin/fuzz_seq_seeds"), str(out)], check=True)
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}


def captures(root: Path, scratch: Path) -> dict[str, bytes]:
    """Some of those conversations as captures, and one in the old format."""
    folder = build(root, "asan", ["wirelaw-seq"])
    found = {}
    for name, data in list(conversations(root, scratch).items())[::4]:
        source, out = scratch / "one.seq", scratch / "one.pcapng"
        source.write_bytes(data)
        subprocess.run([str(folder / "bin/wirelaw-seq"), "to-pcapng", str(source), str(out)], check=True)
        found[name] = out.read_bytes()
    return {**found, **odd_captures()}


def odd_captures() -> dict[str, bytes]:
    """One packet under each link layer and protocol that the reader knows, as classic pcap."""
    from wirelaw.fuzzing.packets import classic_samples

    return classic_samples()


def merge(root: Path, target: Target, more: Iterable[Path]) -> tuple[int, int]:
    """Makes corpora/<target>/seed anew: of its sources, what it has, and the folders ``more``, the
    smallest inputs that together reach what all of them reach. Returns (before, after)."""
    program = target_program(root, "fuzz", target)
    seed = root / "corpora" / target.name / "seed"
    before = len(list(seed.iterdir())) if seed.is_dir() else 0
    with tempfile.TemporaryDirectory(prefix="wirelaw-corpus-") as name:
        scratch = Path(name)
        first, out = scratch / "sources", scratch / "out"
        first.mkdir()
        out.mkdir()
        for data in sources(root, target, scratch).values():
            if len(data) <= target.max_len:
                (first / hashlib.sha1(data, usedforsecurity=False).hexdigest()).write_bytes(data)
        folders = [first, *([seed] if before else []), *(path for path in more if path.is_dir())]
        # Edges alone, not how often each was taken: a tenth of the files.
        command = [str(program), "-set_cover_merge=1", "-use_counters=0", f"-max_len={target.max_len}", str(out)]
        done = subprocess.run([*command, *map(str, folders)], capture_output=True, text=True, errors="replace")
        if done.returncode != 0:
            last = (done.stderr.strip() or "no output").splitlines()[-1]
            raise UserError(f"the merge of {target.name} failed: {last}")
        shutil.rmtree(seed, ignore_errors=True)
        seed.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(out, seed)
    return before, len(list(seed.iterdir()))


# The manifest


def folder_row(folder: Path) -> dict[str, object]:
    """Count, bytes, and a digest of names and contents."""
    digest, count, size = hashlib.sha256(), 0, 0
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        data = path.read_bytes()
        digest.update(f"{path.name} {hashlib.sha256(data).hexdigest()}\n".encode())
        count, size = count + 1, size + len(data)
    return {"files": count, "bytes": size, "sha256": digest.hexdigest()}


ORIGINS = {
    "utf8": "texts of wirelaw.fuzzing.corpus",
    "mqtt_topics": "pairs of wirelaw.fuzzing.corpus",
    "websocket": "frames of wirelaw.fuzzing.corpus",
    "http": "heads of wirelaw.fuzzing.corpus",
    "mqtt_sequence": "conversations of conformance/monitors/mqtt/tests",
    "theirs_mosquitto": "pairs and texts of wirelaw.fuzzing.corpus",
    "theirs_wslay": "frames of wirelaw.fuzzing.corpus",
    "capture": "the same as captures, packets of wirelaw.fuzzing.packets",
}


def manifest(root: Path) -> dict[str, object]:
    """What corpora/MANIFEST.json must say of the tree."""
    rows = {}
    for target in all_targets(root):
        if target.hidden:
            continue
        folder = root / "corpora" / target.name
        family = "coap" if target.grammar == "coap" else "mqtt"
        origin = ORIGINS.get(target.name, f"conformance/vectors/{family}")
        rows[target.name] = {
            "seed": {"origin": f"{origin}, and what campaigns added", **folder_row(folder / "seed")},
            "regress": {"origin": "findings of campaigns", **folder_row(folder / "regress")},
        }
    return {"targets": rows, "dictionaries": folder_row(root / "corpora/dictionaries")}


def write_manifest(root: Path) -> None:
    (root / MANIFEST).write_text(json.dumps(manifest(root), indent=1) + "\n", encoding="utf-8")


def check_manifest(root: Path) -> list[str]:
    """What differs from the manifest: names; empty when nothing does."""
    path = root / MANIFEST
    if not path.exists():
        return [MANIFEST]
    want, have = json.loads(path.read_text(encoding="utf-8")), manifest(root)
    names = {**want["targets"], **have["targets"]}  # type: ignore[dict-item]
    wrong = [name for name in names if want["targets"].get(name) != have["targets"].get(name)]  # type: ignore[attr-defined]
    return wrong + ([] if want["dictionaries"] == have["dictionaries"] else ["dictionaries"])
