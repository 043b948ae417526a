"""``python -m wirelaw.differential``: runs the comparison; exit 1 when a group is not settled."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator

from wirelaw.differential import codecs, groups, inputs
from wirelaw.differential.codecs import NotOnePacket, Other
from wirelaw.differential.groups import Group
from wirelaw.differential.inputs import Packet
from wirelaw.errors import UserError

MUTATIONS = 20_000


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m wirelaw.differential",
        description="Compares the MQTT codec with others, on vectors and mutations of them.",
    )
    parser.add_argument("--mutations", type=int, default=MUTATIONS, metavar="N")
    parser.add_argument("--all", action="store_true", help="list settled groups, too")
    parser.add_argument("--markdown", action="store_true", help="print the tables of the manual")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    args = parser.parse_args()
    others = codecs.others(lambda text: print(text, file=sys.stderr))
    packets = inputs.vectors()
    packets += list(dict.fromkeys(inputs.mutations(packets, args.mutations)))
    found = groups.gather(judge(packets, others))
    if args.markdown:
        show_markdown(found)
    elif args.json:
        print(json.dumps(document(packets, others, found), indent=2))
    else:
        show(packets, others, found, args.all)
    return 1 if any(group.settled is None for group in found) else 0


def judge(
    packets: list[Packet], others: list[Other]
) -> Iterator[tuple[str, Packet, str | None, str, str]]:
    """Every judgement of every codec, beside ours. Bytes that are not one packet are left out."""
    ours = codecs.Ours()
    whole = []
    for packet in packets:
        with contextlib.suppress(NotOnePacket):
            whole.append((packet, ours.judge(packet)))
    for other in others:
        answers = other.judge([packet for packet, _ in whole])
        for (packet, verdict), (answer, said) in zip(whole, answers, strict=True):
            yield other.name, packet, verdict, answer, said


def document(packets: list[Packet], others: list[Other], found: list[Group]) -> dict[str, object]:
    """What ``--json`` prints."""
    return {
        "packets": len(packets),
        "codecs": [other.name for other in others],
        "groups": [
            {
                **group.key.__dict__,
                "count": group.count,
                "example": group.example.line if group.example else "",
                "right": group.settled.right if group.settled else None,
                "why": group.settled.why if group.settled else None,
            }
            for group in found
        ],
    }


def show(packets: list[Packet], others: list[Other], found: list[Group], everything: bool) -> None:
    """One line for each group, those that nobody settled first."""
    for group in sorted(found, key=lambda group: group.settled is not None):
        if group.settled is None or everything:
            print("\t".join(cells(group)))
    open_groups = sum(group.settled is None for group in found)
    names = ", ".join(other.name for other in others)
    print(f"{len(packets)} packets, {names}: {len(found)} groups, {open_groups} not settled")


def cells(group: Group) -> list[str]:
    """A group as columns: right, codec, ours, theirs, about, count, example."""
    key = group.key
    right = group.settled.right if group.settled else "NOT SETTLED"
    example = group.example.line if group.example else ""
    return [right, key.codec, key.ours, key.theirs, key.about, str(group.count), example]


def show_markdown(found: list[Group]) -> None:
    """The tables of docs/differential.md: what we take and others refuse, then the other way."""
    print("| codec | it says | of | example | right | why |\n|---|---|---|---|---|---|")
    for group in found:
        right, codec, ours, theirs, about, _, example = cells(group)
        if ours == codecs.ACCEPT:
            why = group.settled.why if group.settled else ""
            print(f"| {codec} | {theirs} | {about} | `{short(example)}` | {right} | {why} |")
    print("\n| statement | who takes it | example | right |\n|---|---|---|---|")
    by_statement: dict[str, list[Group]] = {}
    for group in found:
        if group.key.ours != codecs.ACCEPT:
            by_statement.setdefault(group.key.ours, []).append(group)
    for statement, rows in sorted(by_statement.items()):
        right = ", ".join(dict.fromkeys(cells(row)[0] for row in rows))
        example = min((cells(row)[6] for row in rows), key=len)
        takers = ", ".join(dict.fromkeys(row.key.codec for row in rows))
        print(f"| {statement} | {takers} | `{short(example)}` | {right} |")


def short(example: str) -> str:
    """The beginning of a packet, enough to find it again."""
    return example if len(example) <= 80 else example[:77] + "..."


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UserError as error:
        print(f"wirelaw: {error}", file=sys.stderr)
        sys.exit(2)
