"""Signs a run's folder, and checks it: the digests of all its files in an in-toto statement.

The statement (in-toto v1, predicate `test-result` v0.1) stands in a DSSE envelope,
`attestation.intoto.json` beside the files, which in-toto's and sigstore's tools read too. The keys
are PEM files; OpenSSL signs and verifies.
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wirelaw.errors import UserError
from wirelaw.results import Results, Verdict

FILE = "attestation.intoto.json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"


@dataclass
class Checked:
    """What a check found: names of files."""

    good: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unsigned: list[str] = field(default_factory=list)
    key_id: str = ""

    @property
    def ok(self) -> bool:
        """A file that was added later is told, but breaks nothing."""
        return not self.changed and not self.missing


def sign(results: Results, folder: Path, key: Path) -> Path:
    """Writes the attestation of what is in `folder` now. Raises UserError where it can't."""
    payload = json.dumps(statement(results, folder), ensure_ascii=False).encode()
    envelope = {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [
            {
                "keyid": _key_id(key, public=False),
                "sig": base64.b64encode(_signature(key, _encoded(payload))).decode(),
            }
        ],
    }
    path = folder / FILE
    try:
        path.write_text(json.dumps(envelope, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"the attestation {path} can't be written: {error.strerror}") from None
    return path


def statement(results: Results, folder: Path) -> dict[str, Any]:
    """The in-toto statement about a run."""
    names = {v: [c.id for c in results.cases if c.verdict is v] for v in Verdict}
    failed = names[Verdict.FAIL] + names[Verdict.ERROR] + names[Verdict.INCONCLUSIVE]
    status = results.run.exit.status if results.run.exit else 2
    return {
        "_type": STATEMENT,
        "subject": [
            {"name": name, "digest": {"sha256": digest}} for name, digest in digests(folder).items()
        ],
        "predicateType": PREDICATE,
        "predicate": {
            "result": "FAILED" if status else "WARNED" if names[Verdict.WARN] else "PASSED",
            "configuration": [
                {"name": each.name, "digest": {"sha256": each.sha256}}
                for each in results.run.catalogues if each.sha256
            ],
            "passedTests": names[Verdict.PASS],
            "warnedTests": names[Verdict.WARN],
            "failedTests": failed,
        },
    }  # fmt: skip


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file in a run's folder, by its name there, without the attestation."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != FILE:
            with path.open("rb") as file:
                found[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def verify(folder: Path, key: Path) -> Checked:
    """Checks the signature by a public key, and the files. Raises UserError when the signature is
    not of this key, or there is none."""
    path = folder / FILE
    try:
        envelope = json.loads(path.read_text(encoding="utf-8"))
        payload = base64.b64decode(envelope["payload"], validate=True)
        signatures = [base64.b64decode(one["sig"], validate=True) for one in envelope["signatures"]]
        subjects = json.loads(payload)["subject"]
        told = {one["name"]: one["digest"]["sha256"] for one in subjects}
    except FileNotFoundError:
        raise UserError(f"{folder} is not signed: it has no {FILE}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} is no attestation: {error}") from None
    if not any(_signed_by(key, _encoded(payload), signature) for signature in signatures):
        raise UserError(f"the signature in {path} was not made with the key of {key}")
    there = digests(folder)
    return Checked(
        good=[name for name, digest in told.items() if there.get(name) == digest],
        changed=[name for name, digest in told.items() if there.get(name, digest) != digest],
        missing=[name for name in told if name not in there],
        unsigned=[name for name in there if name not in told],
        key_id=_key_id(key, public=True),
    )


def _encoded(payload: bytes) -> bytes:
    """What is signed: DSSE's pre-authentication encoding."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def _key_id(key: Path, *, public: bool) -> str:
    words = ["pkey", "-in", str(key), "-pubout", "-outform", "DER", *(["-pubin"] if public else [])]
    return hashlib.sha256(_openssl(words, key)).hexdigest()


def _digest(key: Path, public: list[str]) -> list[str]:
    """Edwards curves hash by themselves; for other keys it is SHA-256."""
    text = _openssl(["pkey", "-in", str(key), *public, "-noout", "-text_pub"], key)
    return [] if text.startswith((b"ED25519", b"ED448")) else ["-digest", "sha256"]


def _signature(key: Path, data: bytes) -> bytes:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data), file.flush()
        words = ["pkeyutl", "-sign", "-inkey", str(key), "-rawin", "-in", file.name]
        return _openssl([*words, *_digest(key, [])], key)


def _signed_by(key: Path, data: bytes, signature: bytes) -> bool:
    with tempfile.NamedTemporaryFile() as file, tempfile.NamedTemporaryFile() as signed:
        file.write(data), file.flush()
        signed.write(signature), signed.flush()
        words = ["pkeyutl", "-verify", "-pubin", "-inkey", str(key), "-rawin", "-in", file.name]
        words += ["-sigfile", signed.name, *_digest(key, ["-pubin"])]
        return subprocess.run(["openssl", *words], capture_output=True, check=False).returncode == 0


def _openssl(words: list[str], key: Path) -> bytes:
    """What openssl says. A passphrase it asks for on the terminal itself."""
    if not key.is_file():
        raise UserError(f"there is no key {key}; 'openssl genpkey -algorithm ed25519' makes one")
    done = subprocess.run(["openssl", *words], capture_output=True, check=False)
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").splitlines() or ["no reason given"]
        raise UserError(f"openssl cannot use the key {key}: {lines[0]}")
    return done.stdout
