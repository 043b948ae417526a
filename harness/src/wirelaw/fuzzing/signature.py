"""What a death has for a name: the sanitizer's words and the top of the stack, a panic, a signal."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass

_ASAN = re.compile(r"ERROR: (Address|Leak|Memory|Thread|HWAddress)Sanitizer:? ?([^\n]*)")
_FRAME = re.compile(r"^\s*#\d+ 0x[0-9a-f]+ in (\S+)", re.MULTILINE)
_UBSAN = re.compile(r"(\S+:\d+):\d+: runtime error: ([^\n]*)")
_PANIC = re.compile(r"^(?:panic: |fatal error: |thread '.*' .*panicked at )([^\n]*)", re.MULTILINE)
_GO_FRAME = re.compile(r"^([\w./*()\-]+)\([^\n]*\)\n\t(\S+:\d+)", re.MULTILINE)
_JS_FRAME = re.compile(r"^\s+at (?:(\S+) )?\(?(\S+?:\d+):\d+\)?$", re.MULTILINE)
_JS = re.compile(r"^(?:Uncaught )?(\w*Error)(?: \[\w+\])?: ([^\n]*)", re.MULTILINE)
_ASSERT = re.compile(r"[Aa]ssertion [`']?([^'\n]+)'? failed")
#: Frames that say nothing of the cause.
_PLUMBING = re.compile(
    r"^(_*(interceptor|asan|lsan|sanitizer|malloc|calloc|realloc|free|mem\w+|str\w+|raise|abort|"
    r"gsignal|libc_start\w*|start\w*|main$)|runtime\.|panic$)"
)

CWES = {
    "heap-use-after-free": 416, "double-free": 415, "attempting double-free": 415,
    "heap-buffer-overflow read": 125, "heap-buffer-overflow write": 787,
    "stack-buffer-overflow": 121, "global-buffer-overflow": 125, "stack-overflow": 674,
    "detected memory leaks": 401, "null": 476, "panic": 248, "assert": 617, "allocation": 789,
    "death": 248, "hang": 667, "spin": 835, "stall": 407, "memory": 789, "descriptors": 775,
    "growth": 401, "violation": 440, "gone": 400, "FPE": 369,
}  # fmt: skip
CWE_NAMES = {
    121: "Stack-based Buffer Overflow", 125: "Out-of-bounds Read", 248: "Uncaught Exception",
    369: "Divide By Zero", 400: "Uncontrolled Resource Consumption", 401: "Memory Leak",
    407: "Inefficient Algorithmic Complexity", 415: "Double Free", 416: "Use After Free",
    440: "Expected Behavior Violation", 476: "NULL Pointer Dereference",
    617: "Reachable Assertion", 667: "Improper Locking", 674: "Uncontrolled Recursion",
    775: "Missing Release of File Descriptor", 787: "Out-of-bounds Write",
    789: "Memory Allocation with Excessive Size Value", 835: "Infinite Loop",
    129: "Improper Validation of Array Index", 758: "Undefined Behavior",
    119: "Improper Restriction of Operations within Memory Bounds",
}  # fmt: skip


@dataclass(frozen=True)
class Signature:
    """One cause: what two deaths of it share, and the weakness that it is."""

    text: str
    cwe: int


def frames(log: str, num: int = 3) -> list[str]:
    """The top of the first stack in a sanitizer's report."""
    found = []
    for block in re.split(r"\n\s*\n", log):
        names = [name for name in _FRAME.findall(block) if not _PLUMBING.match(name)]
        if names:
            found = names[:num]
            break
    return found


def of_leaks(log: str) -> list[Signature]:
    """Each leak that a leak checker reported at the end, by the stack that allocated it."""
    at = log.find("ERROR: LeakSanitizer")
    if at < 0:
        return []
    found = []
    for block in re.findall(r"Direct leak of.*?(?=\n\s*\n|\Z)", log[at:], re.DOTALL):
        names = [name for name in _FRAME.findall(block) if not _PLUMBING.match(name)][:3]
        found.append(Signature(f"leak: {' < '.join(names) or 'no stack'}", 401))
    return list(dict.fromkeys(found))


def of_death(status: int | None, log: str) -> Signature:
    """Of an exit that nobody asked for."""
    return _of_sanitizer(log) or _of_runtime(log) or _of_status(status)


def _stack(names: list[str]) -> str:
    return f" in {' < '.join(names)}" if names else ""


def _of_sanitizer(log: str) -> Signature | None:
    match = _ASAN.search(log)
    if match is None:
        undefined = _UBSAN.search(log)
        return Signature(f"undefined behaviour: {undefined[2]} at {undefined[1]}", 758) if undefined else None
    report = log[match.start() :]
    kind = match[2].split(" on ")[0].strip() or match[1]
    if match[1] == "Leak" or "detected memory leaks" in kind:
        leaks = of_leaks(log)
        return leaks[0] if leaks else None
    names = frames(report)
    if kind.startswith("SEGV"):
        near = re.search(r"unknown address 0x0*([0-9a-f]{1,4}) ", report)
        return Signature(f"SEGV{_stack(names)}", 476 if near else 119)
    access = "write" if re.search(r"^WRITE of size", report, re.MULTILINE) else "read"
    cwe = CWES.get(kind) or CWES.get(f"{kind} {access}", 119)
    if "allocation-size" in kind or "out-of-memory" in kind:
        cwe = CWES["allocation"]
    return Signature(f"{kind}{_stack(names)}", cwe)


def _of_runtime(log: str) -> Signature | None:
    panic = _PANIC.search(log)
    if panic is not None:
        names = [f for f, _ in _GO_FRAME.findall(log[panic.start() :]) if not _PLUMBING.match(f)]
        cwe = 129 if "out of range" in panic[1] else 476 if "nil pointer" in panic[1] else 248
        words = re.sub(r"0x[0-9a-f]+|\d+", "N", panic[1])[:120]
        return Signature(f"panic: {words}{_stack(names[:2])}", cwe)
    failed = _ASSERT.search(log)
    if failed is not None:
        return Signature(f"assertion {failed[1][:100]}", CWES["assert"])
    thrown = _JS.search(log)
    if thrown is not None:
        names = [f or where.rsplit("/", 1)[-1] for f, where in _JS_FRAME.findall(log[thrown.start() :])]
        return Signature(f"{thrown[1]}: {re.sub(r'[0-9]+', 'N', thrown[2])[:80]}{_stack(names[:2])}", 248)
    return None


def _of_status(status: int | None) -> Signature:
    if status is not None and status < 0:
        name = signal.Signals(-status).name
        cwe = {"SIGSEGV": 119, "SIGFPE": 369, "SIGABRT": 617, "SIGBUS": 119}.get(name, 248)
        return Signature(name, cwe)
    return Signature(f"exit {status}", 248)
