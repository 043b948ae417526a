"""junit.xml: for the machines that know nothing else.

JUnit has three outcomes and wirelaw seven. fail becomes a failure, error an error; what was not
tested, does not apply or stayed inconclusive, and a failure that a deviation excuses, is skipped
with the reason. A warning passes and says so in system-out. What the monitor saw is a suite of its
own, a case for each requirement. Requirement ids and the verdict are properties of each case.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from wirelaw.results import CaseResult, MonitorViolation, Results, Verdict, headline, xml_text

from .facts import LABELS, iut_name

_SKIPPED = (Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE, Verdict.UNTESTED)


def render(results: Results) -> str:
    """The file's text."""
    iut = results.iut
    name = f"{iut.protocol} {iut.role} {iut_name(results)}"
    suites = [_cases_suite(results, name)]
    if results.monitor_violations:
        suites.append(_monitor_suite(results, name))
    root = ET.Element("testsuites", _attributes({"name": "wirelaw"}))
    for key in ("tests", "failures", "errors"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in suites)))
    root.set("time", f"{results.run.seconds:.3f}")
    root.extend(suites)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False, short_empty_elements=True)


def _attributes(raw: dict[str, str]) -> dict[str, str]:
    return {key: xml_text(value) for key, value in raw.items()}


def _element(
    tag: str, attributes: dict[str, str] | None = None, text: str | None = None
) -> ET.Element:
    element = ET.Element(tag, _attributes(attributes or {}))
    element.text = xml_text(text) if text else None
    return element


def _suite(name: str, results: Results, cases: list[ET.Element], seconds: float) -> ET.Element:
    suite = _element("testsuite", {"name": name})
    for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(key, str(sum(case.find(tag) is not None for case in cases)))
    suite.set("tests", str(len(cases)))
    suite.set("time", f"{seconds:.3f}")
    suite.set("timestamp", xml_text(results.run.started))
    suite.append(_properties(_run_properties(results)))
    suite.extend(cases)
    return suite


def _properties(pairs: Iterable[tuple[str, str]]) -> ET.Element:
    element = _element("properties")
    for name, value in pairs:
        element.append(_element("property", {"name": name, "value": value}))
    return element


def _run_properties(results: Results) -> Iterable[tuple[str, str]]:
    run, iut = results.run, results.iut
    yield "run", run.id
    yield "iut", iut_name(results)
    yield "protocol", iut.protocol
    yield "role", iut.role
    yield "transport", iut.transport
    yield "tool_version", run.tool_version
    yield "suite_version", run.suite_version
    if run.seed is not None:
        yield "seed", str(run.seed)
    for level, count in results.coverage.items():
        yield f"{level.lower()}_tested", f"{count['tested']} of {count['applicable']}"
    for verdict, number in results.totals.items():
        yield f"total_{verdict}", str(number)
    if run.exit:
        yield "exit", str(run.exit.status)


def _cases_suite(results: Results, name: str) -> ET.Element:
    sections = {row.id: row.section for row in results.requirements}
    cases = [_case(case, results, sections) for case in results.cases]
    return _suite(name, results, cases, results.run.seconds)


def _case(case: CaseResult, results: Results, sections: dict[str, str]) -> ET.Element:
    first = next((sections[each] for each in case.requirements if each in sections), "")
    where = ".".join(filter(None, (results.iut.protocol, case.role, first.replace(".", "-"))))
    element = _element(
        "testcase", {"classname": where, "name": case.id, "time": f"{case.seconds:.3f}"}
    )
    pairs = [("requirement", each) for each in case.requirements]
    pairs += [("verdict", str(case.verdict)), ("title", case.title)]
    pairs += [("deviation", case.deviation)] if case.deviation else []
    element.append(_properties(pairs))
    if (outcome := _outcome(case)) is not None:
        element.append(outcome)
    if case.verdict is Verdict.WARN:
        element.append(_element("system-out", text=f"warn: {headline(case)}"))
    return element


def _outcome(case: CaseResult) -> ET.Element | None:
    message = headline(case)
    if case.deviation and case.verdict is Verdict.FAIL:
        return _element("skipped", {"message": f"deviation: {case.deviation} ({message})"})
    if case.verdict in _SKIPPED:
        label = LABELS[case.verdict]
        return _element("skipped", {"message": f"{label}: {message}" if message else label})
    if case.verdict is Verdict.FAIL:
        return _element("failure", {"type": case.cause or "fail", "message": message}, _story(case))
    if case.verdict is Verdict.ERROR:
        return _element("error", {"type": case.cause or "error", "message": message}, _story(case))
    return None


def _story(case: CaseResult) -> str:
    """The steps with their verdicts, and how to see it again."""
    lines = ["", case.title]
    for step in case.steps:
        mark = ">" if step.index == case.failed_step else " "
        bound = f" [{step.requirement}]" if step.requirement else ""
        lines.append(f"{mark} {step.index:2} {step.conn or '-'}: {step.text}{bound}: {step.verdict}")
        if step.index == case.failed_step:
            lines += [f"     expected: {step.expected}"] if step.expected else []
            lines += [f"     got:      {step.got}"] if step.got else []
    if case.capture:
        lines.append(f"packets {case.capture.first} to {case.capture.last} of {case.capture.file}")
    if case.repeat:
        lines.append(f"again: {case.repeat}")
    return "\n".join(lines) + "\n"


def _monitor_suite(results: Results, name: str) -> ET.Element:
    by_requirement: dict[str, list[MonitorViolation]] = {}
    for violation in results.monitor_violations:
        by_requirement.setdefault(violation.requirement, []).append(violation)
    verdicts = {row.id: row.verdict for row in results.requirements}
    cases = []
    for requirement, seen in by_requirement.items():
        case = _element(
            "testcase",
            {"classname": f"{results.iut.protocol}.monitor", "name": requirement, "time": "0.000"},
        )
        case.append(_properties([("requirement", requirement)]))
        text = "\n".join(_seen_line(each) for each in seen)
        if all(each.deviation for each in seen):
            case.append(_element("skipped", {"message": f"deviation: {seen[0].deviation}"}))
        elif verdicts.get(requirement) is Verdict.FAIL:
            message = seen[0].detail or seen[0].summary or "seen by the monitor"
            case.append(_element("failure", {"type": "monitor", "message": message}, text))
        else:
            case.append(_element("system-out", text=text))
        cases.append(case)
    return _suite(f"{name} monitor", results, cases, 0.0)


def _seen_line(seen: MonitorViolation) -> str:
    frame = f"packet {seen.frame}, " if seen.frame else ""
    return f"{frame}connection {seen.conn}: {seen.detail or ''} {seen.summary or ''}".rstrip()
