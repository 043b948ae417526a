"""The text of a case: what its steps prove, what prepares them, and how it is written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from wirelaw.captures import mqtt as family
from wirelaw.captures.cases import yamltext
from wirelaw.captures.cases.client import ClientSide
from wirelaw.captures.cases.server import ServerSide
from wirelaw.captures.cases.side import Side, Step
from wirelaw.captures.conversation import Flow, Source
from wirelaw.errors import UserError

SIDES: Mapping[str, type[Side]] = {"server": ServerSide, "client": ClientSide}
_MAX_IDS = 3


def to_case(source: Source, flows: Sequence[Flow], role: str, name: str | None = None) -> str:
    """The text of a file with one case. Raises UserError when the flows cannot be one."""
    variant = _variant(flows, source)
    steps = SIDES[role](flows, variant).steps()
    if not any(step.proves in family.REQUIREMENTS[role, variant] for step in steps):
        side = "server" if role == "server" else "client"
        raise UserError(
            f"the {side} of {source.name} answers nothing, so there is nothing to expect"
        )
    return _document(source, flows, role, variant, steps, name)


def _variant(flows: Sequence[Flow], source: Source) -> str:
    """The one variant that all flows speak."""
    for flow in flows:
        if not family.is_whole(flow):
            raise UserError(
                f"flow {flow.number} of {source.name} began before the capture: choose whole "
                "conversations with --flow"
            )
    spoken = {family.variant_of(flow): flow.number for flow in flows}
    spoken.pop(None, None)
    if not spoken:
        return "mqtt5"  # nobody says what it is, in bytes that are none
    if len(spoken) > 1:
        raise UserError(
            f"the flows of {source.name} speak {' and '.join(map(str, spoken))}, and a case is of "
            "one protocol: choose flows with --flow"
        )
    variant = str(next(iter(spoken)))
    if variant in family.TESTED:
        raise UserError(f"flow {next(iter(spoken.values()))} speaks {variant}, which has no cases")
    return variant


# The document


def _document(
    source: Source, flows: Sequence[Flow], role: str, variant: str, steps: list[Step],
    name: str | None,
) -> str:  # fmt: skip
    ids = _requirements(steps, variant, role)
    split = _split(steps, family.REQUIREMENTS[role, variant])
    first, last = flows[0].frame, max(item.last for flow in flows for item in flow.items)
    many = "flows" if len(flows) > 1 else "flow"
    numbers = ", ".join(str(flow.number) for flow in flows)
    slug = name or _slug(source.name)
    lines = [
        "# yaml-language-server: $schema=../../case.schema.json",
        f"# From {_shown(source.name)}, frames {first} to {last}, {many} {numbers}.",
        "# docs/cases.md tells what each word means; run it with",
        f"#   wirelaw check {variant} --cases FILE" + " --role client" * (role == "client"),
        "# Check that `requires` names what the case is about, and leave out what it is not about.",
        "",
        f"- id: {slug}",
        f"  title: {yamltext.scalar('The conversation of ' + _shown(source.name))}",
        f"  role: {role}",
        f"  protocols: [{variant}]",
        f"  requires: {yamltext.flow(list(ids.values()))}",
    ]
    lines += _isolation(steps)
    for part, chosen in (("preamble", steps[:split]), ("body", steps[split:])):
        if chosen:
            lines.append(f"  {part}:")
            for step in chosen:
                lines += _lines(step, ids if part == "body" else {})
    return "\n".join(lines) + "\n"


def _lines(step: Step, ids: Mapping[str, str]) -> list[str]:
    body = step.body
    if step.proves in ids and isinstance(body, Mapping):
        body = {**body, "requires": ids[step.proves]}
    return yamltext.step(step.conn, body, step.comment)


def _shown(text: str) -> str:
    return "".join(c if c.isprintable() and c.isascii() else "?" for c in text)


def _slug(file: str) -> str:
    stem = re.sub(r"\.(pcapng|pcap|cap)(\.gz)?$", "", file.lower())
    return "captured-" + (re.sub(r"[^a-z0-9]+", "-", stem).strip("-")[:40] or "conversation")


def _split(steps: list[Step], known: Mapping[str, str]) -> int:
    """Where the body begins: behind what only opens connections and subscriptions, but before the
    last step that proves something."""
    at = 0
    while at < len(steps) and steps[at].opening:
        at += 1
    while at > 0 and not any(step.proves in known for step in steps[at:]):
        at -= 1
    return at


def _requirements(steps: list[Step], variant: str, role: str) -> dict[str, str]:
    """At most three requirements, by the type of answer that proves them: those that tell the
    most."""
    known = family.REQUIREMENTS[role, variant]
    proven = {step.proves for step in steps[_split(steps, known) :]}
    telling = [name for name in known if name in proven][:_MAX_IDS]
    return {name: known[name] for name in telling}


def _isolation(steps: list[Step]) -> list[str]:
    """A case that listens to more than its own topics must run alone."""
    text = " ".join(yamltext.flow(step.body) for step in steps)
    if re.search(r'filter: "?(?:\$\$SYS|#|\+)', text):
        return ["  isolation: exclusive"]
    return []
