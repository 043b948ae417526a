"""Small facts of a run that several renderers state in the same words."""

from __future__ import annotations

from wirelaw.results import CaseResult, Results, Verdict, blamed, headline, level_group

LABELS = {
    Verdict.PASS: "pass",
    Verdict.WARN: "warn",
    Verdict.FAIL: "fail",
    Verdict.INCONCLUSIVE: "inconclusive",
    Verdict.NOT_APPLICABLE: "not applicable",
    Verdict.ERROR: "error",
    Verdict.UNTESTED: "untested",
}

PROTOCOLS = {
    "mqtt31": "MQTT 3.1",
    "mqtt311": "MQTT 3.1.1",
    "mqtt5": "MQTT 5.0",
    "mqttsn": "MQTT-SN",
    "coap": "CoAP",
    "lwm2m": "LwM2M",
    "syncml": "SyncML",
}

#: Worst first: the order of every list that names what went wrong.
WORST_FIRST = (
    Verdict.FAIL,
    Verdict.ERROR,
    Verdict.INCONCLUSIVE,
    Verdict.WARN,
    Verdict.UNTESTED,
    Verdict.NOT_APPLICABLE,
    Verdict.PASS,
)


def iut_name(results: Results) -> str:
    """`mosquitto 2.0.18`."""
    iut = results.iut
    return f"{iut.name} {iut.version}" if iut.version else iut.name


def protocol_name(protocol: str) -> str:
    """The name under which people know a protocol."""
    return PROTOCOLS.get(protocol, protocol)


def standing(results: Results) -> str:
    """How the run stands: `conforms`, `known` (failures, but none that is new), `fails`, or
    `unjudged`."""
    status = results.run.exit.status if results.run.exit else 2
    if status == 2:
        return "unjudged"
    if status == 1:
        return "fails"
    broken = results.totals["fail"] or any(
        row.verdict is Verdict.FAIL for row in results.requirements
    )
    return "known" if broken else "conforms"


_JUDGEMENTS = {
    "conforms": "Conforms, as far as tested",
    "known": "No new failures",
    "fails": "Does not conform",
    "unjudged": "Could not be judged",
}


def judgement(results: Results) -> str:
    """The whole run in three words or so. What only watched proves nothing kept."""
    if not results.cases and standing(results) == "conforms":
        return "No violation seen"
    return _JUDGEMENTS[standing(results)]


def failing_requirements(results: Results, level: str = "MUST") -> list[str]:
    """The ids of the requirements of a level that were seen broken."""
    return [
        row.id
        for row in results.requirements
        if row.verdict is Verdict.FAIL and level_group(row.level) == level
    ]


def worst_first(results: Results, *verdicts: Verdict) -> list[CaseResult]:
    """The cases with these verdicts, worst first, those that a deviation excuses after all
    others."""
    wanted = set(verdicts)
    cases = [case for case in results.cases if case.verdict in wanted]
    cases.sort(key=lambda case: (bool(case.deviation), WORST_FIRST.index(case.verdict)))
    return cases


def line_of(case: CaseResult) -> str:
    """The one line that matters of a case, with the requirement in front."""
    requirement = blamed(case)
    why = headline(case)
    return f"{requirement}: {why}" if requirement and why else requirement or why
