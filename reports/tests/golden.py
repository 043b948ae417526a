"""Writes the golden example again: a run small enough to read, with one case of each kind."""

from __future__ import annotations

import datetime
from pathlib import Path

from synthetic import publish_bytes

import wirelaw_reports
from wirelaw.results import (
    Capture,
    CaseResult,
    Catalogue,
    CatalogueRow,
    Deviation,
    Iut,
    Message,
    MonitorViolation,
    PlannedCase,
    ResultsWriter,
    Run,
    Step,
    Verdict,
    Violation,
)

SECOND = "MQTT5-3.1.0-2"
QOS = "MQTT5-3.3.1-4"
RESEND = "MQTT5-4.4.0-1"
REASON = "MQTT5-4.13.1/server-disconnect"
SHARED = "MQTT5-4.8.2-1"
STORE = "MQTT5-4.1.0-1"

ROWS = [
    CatalogueRow(SECOND, "MUST", "3.1", "A second CONNECT on a connection is a protocol error: the "
                 "server closes the connection."),
    CatalogueRow(QOS, "MUST NOT", "3.3.1.2", "Both QoS bits of a PUBLISH are never set together."),
    CatalogueRow(STORE, "MUST", "4.1", "Session state is not discarded while the connection is open.",
                 testable=False, reason="It concerns what the server keeps to itself."),
    CatalogueRow(RESEND, "MUST", "4.4", "On resuming a session, unacknowledged PUBLISH and PUBREL "
                 "packets are sent again."),
    CatalogueRow(SHARED, "MUST", "4.8.2", "A shared subscription starts with $share/.",
                 applicable=False),
    CatalogueRow(REASON, "SHOULD", "4.13.1", "Before closing on an error, a DISCONNECT with its "
                 "reason code is sent.", origin="minted"),
]  # fmt: skip

SECTIONS = {
    "3": "MQTT Control Packets", "3.1": "CONNECT", "3.3": "PUBLISH", "3.3.1": "PUBLISH Fixed Header",
    "3.3.1.2": "QoS", "4": "Operational behavior", "4.1": "Session State",
    "4.4": "Message delivery retry", "4.8": "Subscriptions", "4.8.2": "Shared Subscriptions",
    "4.13": "Handling errors", "4.13.1": "Malformed Packets and Protocol Errors",
}  # fmt: skip

CONNECT = "101000044d5154540502003c000003633a31"


def _capture(first: int, last: int) -> Capture:
    return Capture("run.pcapng", first, last)


def _passes() -> CaseResult:
    return CaseResult(
        "second-connect-closes", "A second CONNECT closes the connection.", Verdict.WARN, "server",
        (SECOND, REASON), "preferred answer missing", 2, 0.004,
        [Step(0, "a", "connect", Verdict.PASS, message=1),
         Step(1, "a", "send CONNECT", Verdict.PASS, message=2),
         Step(2, "a", "expect closed, better after DISCONNECT protocol_error", Verdict.WARN, REASON,
              expected="DISCONNECT with reason code 0x82", got="connection closed", message=3),
         Step(3, "a", "expect closed", Verdict.PASS, SECOND, message=3)],
        [Message("a", "to_iut", 1_000_000, "CONNECT", "CONNECT c:1", CONNECT, 4),
         Message("a", "from_iut", 1_400_000, "CONNACK", "CONNACK success", "2003000000", 6),
         Message("a", "to_iut", 1_500_000, "CONNECT", "CONNECT c:1", CONNECT, 8),
         Message("a", "from_iut", 1_900_000, "close", "TCP connection closed", "", 10)],
        _capture(1, 11), "wirelaw check mqtt5 --iut example -k second-connect-closes",
    )  # fmt: skip


def _fails() -> CaseResult:
    wire, tree = publish_bytes("wirelaw/7f3a/a", 3, 7, b"nonce")
    return CaseResult(
        "publish-qos-is-legal[qos=2]", "A delivered PUBLISH has a QoS that exists.", Verdict.FAIL,
        "server", (QOS,), "wrong value", 1, 0.0061,
        [Step(0, "sub", "subscribe $t/a at QoS 2", Verdict.PASS),
         Step(1, "sub", "expect PUBLISH qos 2", Verdict.FAIL, QOS, expected="PUBLISH with qos 2",
              got="PUBLISH with qos 3", message=0)],
        [Message("sub", "from_iut", 8_000_000, "PUBLISH", "PUBLISH q3 wirelaw/7f3a/a, 5 B",
                 wire.hex(), 21, Violation(QOS, 0, 1, "QoS 3 does not exist"), tree)],
        _capture(12, 24), "wirelaw check mqtt5 --iut example -k 'publish-qos-is-legal[qos=2]'",
        "1: client sub connected\n1: client sub disconnected",
    )  # fmt: skip


def cases() -> list[CaseResult]:
    return [
        _passes(),
        _fails(),
        CaseResult("pubrel-resent[end=fin]", "PUBREL is sent again after FIN.", Verdict.FAIL,
                   "server", (RESEND,), "timeout", 0, 1.02,
                   [Step(0, "re", "expect PUBREL", Verdict.FAIL, RESEND, expected="PUBREL",
                         got="nothing for 1.0 s")], capture=_capture(25, 40)),
        CaseResult("pubrel-resent[end=rst]", "PUBREL is sent again after RST.", Verdict.PASS,
                   "server", (RESEND,), None, None, 0.03,
                   [Step(0, "re", "expect PUBREL", Verdict.PASS, RESEND)], capture=_capture(41, 60)),
        CaseResult("session-survives", "A session outlives its connection.", Verdict.INCONCLUSIVE,
                   "server", (RESEND,), "preamble", 0, 1.0,
                   [Step(0, "a", "connect", Verdict.INCONCLUSIVE, detail="refused: server busy"),
                    Step(1, "a", "expect PUBLISH", Verdict.UNTESTED, RESEND)]),
        CaseResult("shared-prefix", "A shared subscription needs its prefix.",
                   Verdict.NOT_APPLICABLE, "server", (SHARED,), "needs shared"),
    ]  # fmt: skip


def write(folder: Path) -> None:
    """Writes results.json and what it is rendered to, except for the page."""
    run = Run("golden", "2026-11-24T10:00:00+00:00", "0.1.0", "2026.11",
              [Catalogue("mqtt-5.0", "1", "cd" * 32)],
              ["wirelaw", "check", "mqtt5", "--iut", "example"], "Linux 6.1 x86_64", 7)  # fmt: skip
    iut = Iut("example", "server", "mqtt5", "1.2.3", "ab" * 32, "tcp", "mqtt://127.0.0.1:41883",
              {"qos2": True, "shared": False})  # fmt: skip
    made = cases()
    planned = [PlannedCase(each.id, each.title, each.role, each.requirements) for each in made]
    planned.append(PlannedCase("keep-alive-closes", "Silence beyond one and a half keep alives closes.",
                               "server", (SECOND,), untested="slow: run with --slow"))  # fmt: skip
    deviations = [Deviation("Fixed in 1.3, not yet released.", "broker team",
                            "pubrel-resent", expires=datetime.date(2027, 1, 31))]  # fmt: skip
    with ResultsWriter(folder, run, iut, ROWS, planned, deviations=deviations, sections=SECTIONS,
                       today=datetime.date(2026, 11, 24)) as writer:  # fmt: skip
        for each in made:
            writer.case_ended(each)
        writer.monitor_violation(
            MonitorViolation(RESEND, "re", "pubrel-resent[end=rst]", 9_000_000, 55, "PUBREL",
                             "PUBREL 9", "62020009", 2, 2, "packet identifier 9 was never in use")
        )  # fmt: skip
        results = writer.finish(seconds=2.1, sessions=9, max_inconclusive=0.25)
    wirelaw_reports.write(
        results, folder, [name for name in wirelaw_reports.FORMATS if name != "html"]
    )


if __name__ == "__main__":
    write(Path(__file__).parent / "golden")
