"""A run's folder is signed, and what was changed afterwards is found."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import pytest

from test_check_cli import wirelaw_command

KEYS = {
    "ed25519": ["-algorithm", "ed25519"],
    "p256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "rsa": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
}


def make_key(folder: Path, name: str) -> tuple[str, str]:
    """A private and a public key, as files."""
    private, public = folder / f"{name}.pem", folder / f"{name}.pub"
    subprocess.run(["openssl", "genpkey", *KEYS[name], "-out", private], check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
    return str(private), str(public)


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("signed")
    wirelaw_command("check", "mqtt5", "--section", "3.12", "--report", "out", cwd=folder)
    return folder


@pytest.mark.parametrize("kind", KEYS)
def test_a_signed_run_is_verified_and_changes_are_found(kind: str, run_folder: Path) -> None:
    private, public = make_key(run_folder, kind)
    signed = wirelaw_command("report", "out", "--sign", private, cwd=run_folder)
    assert signed.returncode == 0 and "attestation.intoto.json" in signed.stdout, signed.stderr
    envelope = json.loads((run_folder / "out/attestation.intoto.json").read_text("utf-8"))
    statement = json.loads(base64.b64decode(envelope["payload"]))
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert {"results.json", "run.pcapng"} <= {one["name"] for one in statement["subject"]}
    assert "pingreq-is-answered" in statement["predicate"]["passedTests"]

    good = wirelaw_command("report", "verify", "out", "--key", public, cwd=run_folder)
    assert good.returncode == 0 and "as they were signed" in good.stdout, good.stderr
    page = run_folder / "out/index.html"
    text = page.read_text("utf-8")
    page.write_text(text + " ", "utf-8")
    (run_folder / "out/new.txt").write_text("x", "utf-8")
    bad = wirelaw_command("report", "verify", "out", "--key", public, cwd=run_folder)
    assert bad.returncode == 1
    assert "changed: index.html" in bad.stdout and "not signed: new.txt" in bad.stdout
    page.write_text(text, "utf-8")
    (run_folder / "out/new.txt").unlink()


def test_what_cannot_be_verified_is_one_sentence(run_folder: Path) -> None:
    private, _ = make_key(run_folder, "ed25519")
    wirelaw_command("report", "out", "--sign", private, cwd=run_folder)
    _, other = make_key(run_folder, "p256")
    (run_folder / "bare").mkdir()
    (run_folder / "junk.pem").write_text("junk", "utf-8")
    for words, sentence in (
        (("verify", "out", "--key", other), "was not made with the key"),
        (("verify", "bare", "--key", other), "is not signed"),
        (("verify", "out"), "say which folder and which key"),
        (("out", "--sign", "none.pem"), "there is no key none.pem"),
        (("out", "--sign", "junk.pem"), "openssl cannot use the key junk.pem"),
    ):
        done = wirelaw_command("report", *words, cwd=run_folder)
        assert done.returncode == 2 and sentence in done.stderr, done.stderr
