"""Findings on disk: a folder each, with a page, a capture, a case, and what plays it again."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wirelaw import __version__, catalogue
from wirelaw.engine.codec import codec_of
from wirelaw.errors import UserError
from wirelaw.fuzzing import journal, reduce
from wirelaw.fuzzing.investigate import Finding, Suspicion
from wirelaw.fuzzing.journal import DATA, RESET, Record
from wirelaw.fuzzing.signature import CWE_NAMES, Signature

_LOG_LINES = 60

_WHAT = {
    "violation": "It breaks a rule in what it answers.",
    "death": "Its process ends.",
    "leak": "It leaks memory, as the leak checker reports when it ends.",
    "growth": "Its memory grows with every repetition.",
    "memory": "It takes address space for what was only announced, before anybody was let in.",
    "descriptors": "Descriptors of closed connections stay open.",
    "hang": "It serves nobody any more.",
    "gone": "It takes no new connections any more.",
    "spin": "It uses all of a processor without any work to do.",
    "stall": "It serves nobody for a long time.",
}


def slug(text: str) -> str:
    """A name of a folder, and of a case."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:80]


@dataclass(frozen=True)
class Subjects:
    """What the page says of the IUT."""

    name: str
    version: str | None
    protocol: str
    transport: str
    role: str = "server"
    command: str | None = None  # that started it


def write(folder: Path, finding: Finding, about: Subjects, capture: Path | None) -> Path:
    """Writes the finding's own folder. Raises OSError; what was written before stays."""
    place = folder / slug(finding.bucket.text)
    place.mkdir(parents=True, exist_ok=True)
    document = as_json(finding, about)
    journal.write(place / "input.journal", finding.records)
    (place / "finding.json").write_text(json.dumps(document, indent=2) + "\n")
    (place / "README.md").write_text(page(finding, about, place))
    if about.role == "server":
        (place / "case.yaml").write_text(case(finding, about))
    if finding.log:
        (place / "iut.log").write_text(finding.log)
    if capture is not None and capture.exists():
        shutil.copyfile(capture, place / "capture.pcapng")
    return place


def as_json(finding: Finding, about: Subjects) -> dict[str, Any]:
    return {
        "bucket": finding.bucket.text, "kind": finding.kind, "cwe": f"CWE-{finding.bucket.cwe}",
        "requirement": finding.requirement, "type": finding.type, "detail": finding.detail,
        "reproduced": finding.shown, "of": finding.tried, "messages": finding.num_messages,
        "seconds": round(finding.seconds, 1), "repeat": finding.repeat,
        "iut": about.name, "version": about.version, "protocol": about.protocol,
        "transport": about.transport, "role": about.role, "command": about.command,
        "wirelaw": __version__,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(finding.at)),
        "sent": [
            {"connection": record.connection, "hex": record.data.hex()}
            if record.event == DATA
            else {"connection": record.connection, "end": "rst" if record.event == RESET else "fin"}
            for record in finding.records
        ],
    }  # fmt: skip


def read(place: Path) -> tuple[dict[str, Any], list[Record], Suspicion]:
    """A finding that was written. Raises UserError."""
    try:
        document = json.loads((place / "finding.json").read_text())
    except (OSError, ValueError):
        raise UserError(f"{place} is no finding: it has no finding.json that can be read") from None
    cwe = int(str(document["cwe"]).removeprefix("CWE-"))
    death = Signature(document["bucket"].rpartition(" by ")[0] or document["bucket"], cwe)
    bare = " in " not in death.text
    if document["kind"] == "leak" or not bare or " by " not in document["bucket"]:
        death = Signature(document["bucket"], cwe)
    records = journal.read(place / "input.journal")
    what = Suspicion(
        document["kind"], document["requirement"], document["type"], 0, document["detail"],
        death=death if document["kind"] in ("death", "leak") else None,
    )  # fmt: skip
    return document, records, what


def _statement(requirement: str | None, protocol: str) -> list[str]:
    row = catalogue.load(protocol).get(requirement) if requirement else None
    if row is None:
        return []
    return ["", f"> {row.id} ({row.level}, section {row.section}): {row.statement}"]


def _table(records: Sequence[Record], protocol: str, role: str) -> list[str]:
    codec = codec_of(protocol)
    names: dict[int, str] = {}
    lines = ["| connection | bytes | what it is |", "|---|---|---|"]
    for number, wire in reduce.split(records, protocol):
        record = records[number]
        name = names.setdefault(record.connection, chr(ord("a") + len(names) % 26))
        if wire is None:
            what = "aborts (RST)" if record.event == RESET else "closes (FIN)"
            lines.append(f"| {name} | | {what} |")
            continue
        told = codec.text(wire).replace("|", "\\|")
        status, requirement, offset = codec.decode(wire, from_server=role == "client")
        broken = f"; breaks {requirement} at byte {offset}" if requirement else ""
        hexed = wire.hex() if len(wire) <= 96 else wire[:96].hex() + "…"
        lines.append(f"| {name} | `{hexed}` | {told}{broken if status != 'ok' else ''} |")
    return lines


def page(finding: Finding, about: Subjects, place: Path) -> str:
    """The page in Markdown."""
    cwe = finding.bucket.cwe
    weakness = f"CWE-{cwe}" + (f" {CWE_NAMES[cwe]}" if cwe in CWE_NAMES else "")
    often = f", repeated as a {finding.repeat}" if finding.repeat else ""
    detail = f" ({finding.detail})" if finding.detail else ""
    lines = [
        f"# {about.name}: {finding.bucket.text}",
        "",
        f"{_WHAT.get(finding.kind, 'It is not well.')}{detail}",
        "",
        f"- IUT: {about.name} {about.version or '(version not known)'}, {about.protocol} over {about.transport}",
        f"- weakness: {weakness}",
        f"- shown {finding.shown} of {finding.tried} times on a fresh start{often}",
        f"- {finding.num_messages} message{'s' if finding.num_messages != 1 else ''}, after"
        f" {finding.seconds:.0f} s of fuzzing",
        *_statement(finding.requirement, about.protocol),
        "",
        "## What is sent",
        "",
        *_table(finding.records, about.protocol, about.role),
        "",
        "## Again",
        "",
        "```",
        f"wirelaw fuzz replay {place}",
        "```",
    ]
    if finding.log:
        told = finding.log.splitlines()[-_LOG_LINES:]
        lines += ["", "## What it said", "", "```", *told, "```"]
    return "\n".join(lines) + "\n"


def _proof(finding: Finding, protocol: str) -> str:
    """The requirement of the case. Who dies or hangs does not answer a ping: 3.12.4-1."""
    if finding.requirement is not None:
        return finding.requirement
    return {"mqtt5": "MQTT5-3.12.4-1", "mqtt311": "MQTT311-3.12.4-1"}.get(protocol, "")


def case(finding: Finding, about: Subjects) -> str:
    """A case: the same bytes, then a fresh connection that must still be served."""
    names: dict[int, str] = {}
    title = f"After what fuzzing found ({finding.bucket.text}) a fresh connection is still served"
    lines = [
        f"- id: fuzz-{slug(finding.bucket.text)}",
        f"  title: {json.dumps(title, ensure_ascii=True)}",
        f"  protocols: [{about.protocol}]",
        "  isolation: own-iut",
        f"  requires: {_proof(finding, about.protocol)}",
        "  body:",
    ]
    for record in finding.records:
        name = names.setdefault(record.connection, f"c{len(names) + 1}")
        if record.event == DATA:
            lines.append(f'    - {name}: {{send: "{record.data.hex(" ")}"}}')
        else:
            lines.append(f"    - {name}: {{end: {'rst' if record.event == RESET else 'fin'}}}")
    lines += ["    - watch: {connect: {}}", "    - watch: {ping: true}"]
    return "\n".join(lines) + "\n"
