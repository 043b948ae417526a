"""Certificates for a test run: a CA, a server and a client, made by the ``openssl`` command.

Elliptic curve keys, thirty days. They are for tests on this machine and for nothing else.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from wirelaw.errors import UserError

_NAMES = ("ca.pem", "server.pem", "server.key", "server.p12", "client.pem", "client.key")
P12_PASSWORD = "wirelaw"  # Java insists on one; the key next to the file has none either


@dataclass(frozen=True)
class Certificates:
    """Paths of PEM files, and of a PKCS#12 store of the server's key for Java
    (``P12_PASSWORD``)."""

    ca: Path
    server: Path
    server_key: Path
    server_p12: Path
    client: Path
    client_key: Path


def make_certificates(folder: Path) -> Certificates:
    """Put the six files into `folder` (made once for each process, then copied).

    The server's certificate is for ``localhost``, 127.0.0.1 and ::1; the client's subject is
    ``CN=wirelaw-client``. Raises UserError when openssl is missing or fails.
    """
    source = Path(_made().name)
    folder.mkdir(parents=True, exist_ok=True)
    for name in _NAMES:
        shutil.copy(source / name, folder / name)
    return Certificates(*(folder / name for name in _NAMES))


@functools.cache
def _made() -> tempfile.TemporaryDirectory[str]:
    holder = tempfile.TemporaryDirectory(prefix="wirelaw-tls-")
    folder = Path(holder.name)
    _self_signed(folder)
    _issue(folder, "server", "localhost", "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1")
    _issue(folder, "client", "wirelaw-client", "extendedKeyUsage=clientAuth")
    _openssl(
        folder, "pkcs12", "-export", "-in", "server.pem", "-inkey", "server.key",
        "-certfile", "ca.pem", "-name", "server", "-passout", f"pass:{P12_PASSWORD}",
        "-out", "server.p12",
    )  # fmt: skip
    return holder


def _self_signed(folder: Path) -> None:
    _openssl(
        folder, "req", "-x509", *_new_key("ca"), "-subj", "/CN=wirelaw test CA", "-days", "30",
        "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", "ca.pem",
    )  # fmt: skip


def _issue(folder: Path, who: str, common_name: str, extension: str) -> None:
    _openssl(folder, "req", *_new_key(who), "-subj", f"/CN={common_name}", "-out", f"{who}.csr")
    (folder / f"{who}.ext").write_text(f"{extension}\nbasicConstraints=CA:FALSE\n")
    _openssl(
        folder, "x509", "-req", "-in", f"{who}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
        "-CAcreateserial", "-days", "30", "-extfile", f"{who}.ext", "-out", f"{who}.pem",
    )  # fmt: skip


def _new_key(who: str) -> tuple[str, ...]:
    return (
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        f"{who}.key",
    )


def _openssl(folder: Path, *arguments: str) -> None:
    try:
        done = subprocess.run(
            ["openssl", *arguments], cwd=folder, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise UserError(
            "the command openssl is missing, which makes the test certificates: "
            "apt-get install openssl"
        ) from None
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise UserError(f"openssl {arguments[0]} could not make a test certificate: {last}")
