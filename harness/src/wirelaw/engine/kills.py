"""From what the sessions of a kill matrix came to: which fault was killed, by what, at what cost to
others.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from wirelaw.engine.matrix import BAD, NOT_PASSED, NULL_PEERS, Fault, Share, Told
from wirelaw.errors import UserError

#: A fault must leave so many of the other cases passing.
NARROW = 0.95


def run_matrix(
    protocol: str,
    role: str,
    faults: list[Fault],
    *,
    cases: Iterable[str] = (),
    null_peers: bool = True,
    jobs: int | None = None,
    on_told: Callable[[Told], None] = lambda told: None,
) -> dict[str, Told]:
    """Runs the matrix in one process for each core; what each session came to. Raises UserError."""
    count = max(1, min(jobs or os.cpu_count() or 1, len(faults) or 1))
    names = list(NULL_PEERS) if null_peers else []
    shares = [
        Share(protocol, role, faults[i::count], names if i == 0 else [], i == 0, list(cases))
        for i in range(count)
    ]
    processes = [_start(share) for share in shares]
    told: dict[str, Told] = {}
    try:
        for one in _read(processes):
            if one.error:
                raise UserError(one.error)
            told[one.subject] = one
            on_told(one)
    finally:
        for process in processes:
            if process.poll() is None:
                process.terminate()
            process.wait()
    for process in processes:
        if process.returncode:
            raise UserError(f"a process of the kill matrix ended with status {process.returncode}")
    return told


def _start(share: Share) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", "wirelaw.engine.matrix"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(json.dumps(asdict(share)).encode())
    process.stdin.close()
    return process


def _read(processes: list[subprocess.Popen[bytes]]) -> Iterable[Told]:
    """The lines of all of them, as they come."""
    import selectors

    with selectors.DefaultSelector() as selector:
        pending: dict[Any, bytes] = {}
        for process in processes:
            assert process.stdout is not None
            selector.register(process.stdout, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                chunk = os.read(key.fd, 1 << 20)
                if not chunk:
                    selector.unregister(key.fileobj)
                *lines, rest = (pending.get(key.fd, b"") + chunk).split(b"\n")
                pending[key.fd] = rest
                for line in lines:
                    yield Told(**json.loads(line))


def judge(faults: list[Fault], told: dict[str, Told]) -> dict[str, Any]:
    """The rows of the kill matrix: {"faults": [...], "null_peers": [...]}."""
    baseline = told.get("baseline")
    sound = {
        name
        for name, verdict in (baseline.verdicts if baseline else {}).items()
        if verdict[0] == "pass"
    }
    return {
        "faults": [_row(fault, told[fault.name], sound) for fault in faults if fault.name in told],
        "null_peers": [
            {"kind": kind, "passed": passed(told[f"null:{kind}"])}
            for kind in NULL_PEERS
            if f"null:{kind}" in told
        ],
    }


def passed(told: Told) -> list[str]:
    """The cases that a session passed."""
    return sorted(name for name, verdict in told.verdicts.items() if verdict[0] == "pass")


def _row(fault: Fault, told: Told, sound: set[str]) -> dict[str, Any]:
    killed, wrong, others = [], [], 0
    for name, (verdict, requirement, _) in sorted(told.verdicts.items()):
        if verdict not in NOT_PASSED or name not in sound:
            continue
        if verdict in BAD and requirement == fault.requirement:
            killed.append(name)
            continue
        others += 1
        if verdict in BAD:
            wrong.append(name)
    outcome = "killed" if killed else "wrong reason" if wrong else "survived"
    return {
        "name": fault.name,
        "requirement": fault.requirement,
        "role": fault.role,
        "outcome": outcome,
        "killed_by": killed,
        "collateral": others,
        "tested": len(told.verdicts),
    }


def too_wide(row: dict[str, Any]) -> bool:
    """Whether a fault breaks more than its own: it leaves less than 95% of the other cases
    passing.
    """
    others = row["tested"] - len(row["killed_by"])
    return bool(row["collateral"] > (1 - NARROW) * max(others, 1))


def summary(matrix: dict[str, Any]) -> dict[str, Any]:
    """Counts of outcomes, and the median of the collateral."""
    rows = matrix["faults"]
    outcomes = [row["outcome"] for row in rows]
    return {
        "total": len(rows),
        "killed": outcomes.count("killed"),
        "survived": outcomes.count("survived"),
        "wrong reason": outcomes.count("wrong reason"),
        "median_collateral": statistics.median(row["collateral"] for row in rows) if rows else 0,
        "too_wide": [row["name"] for row in rows if too_wide(row)],
    }


def merge(file: Path, matrix: dict[str, Any]) -> dict[str, Any]:
    """The tracked matrix with the new rows in the place of the old ones, in order of role and
    name.
    """
    old = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    new = {(row["role"], row["name"]): row for row in matrix["faults"]}
    kept = {(row["role"], row["name"]): row for row in old.get("faults", [])}
    kinds = {row["kind"]: row for row in [*old.get("null_peers", []), *matrix["null_peers"]]}
    return {
        "protocol": matrix["protocol"],
        "faults": [row for _, row in sorted((kept | new).items())],
        "null_peers": [kinds[kind] for kind in NULL_PEERS if kind in kinds],
    }
