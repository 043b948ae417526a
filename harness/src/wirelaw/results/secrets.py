"""Keeping credentials out of everything that a run writes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from .model import CaseResult, Message, MonitorViolation, Step

MASK = "***"

#: Options of the command line whose value is a secret.
SECRET_OPTIONS = ("--password", "--psk", "--token", "--key-password", "--secret")

_URL_PASSWORD = re.compile(r"(?<=://)([^/\s:@]*):([^/\s@]+)@")


def redact_command(argv: Sequence[str], secrets: Iterable[str] = ()) -> list[str]:
    """A command line without its credentials: values of `SECRET_OPTIONS`, passwords in URLs, and
    each of `secrets` wherever it stands."""
    known = [secret for secret in secrets if secret]
    out: list[str] = []
    hide_next = False
    for word in argv:
        option, equals, _ = word.partition("=")
        if hide_next:
            word = MASK
        elif equals and option in SECRET_OPTIONS:
            word = f"{option}={MASK}"
        hide_next = not hide_next and word in SECRET_OPTIONS
        out.append(_hide(redact_url(word), known))
    return out


def redact_url(url: str) -> str:
    """A URL, or a text that holds some, without passwords."""
    return _URL_PASSWORD.sub(rf"\1:{MASK}@", url)


def _hide(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text


class Scrubber:
    """Takes given secrets out of results. In the bytes of messages each byte of a secret becomes
    `*`, so that offsets stay right.

    A secret of fewer than four bytes is left alone there, since it would also stand for much that
    is none: the engine should not log in with one.
    """

    def __init__(self, secrets: Iterable[str | bytes]) -> None:
        raw = [each.encode() if isinstance(each, str) else each for each in secrets]
        self._bytes = sorted((each for each in raw if len(each) >= 4), key=len, reverse=True)
        self._texts = [each.decode("utf-8", "replace") for each in self._bytes]

    def text(self, value: str | None) -> str | None:
        return _hide(value, self._texts) if value and self._texts else value

    def hex(self, value: str | None) -> str | None:
        if not value or not self._bytes:
            return value
        wire = bytes.fromhex(value)
        for secret in self._bytes:
            wire = wire.replace(secret, b"*" * len(secret))
        return wire.hex()

    def case(self, case: CaseResult) -> None:
        """Scrubs one case in place."""
        if not self._bytes:
            return
        case.cause, case.log, case.repeat = map(self.text, (case.cause, case.log, case.repeat))
        for step in case.steps:
            self._step(step)
        for message in case.messages:
            self._message(message)

    def _step(self, step: Step) -> None:
        step.text = self.text(step.text) or ""
        step.detail, step.expected, step.got = map(
            self.text, (step.detail, step.expected, step.got)
        )

    def _message(self, message: Message) -> None:
        message.summary = self.text(message.summary) or ""
        message.hex = self.hex(message.hex) or ""
        if message.violation:
            message.violation.detail = self.text(message.violation.detail)
        if message.tree is not None:
            message.tree = [{**span, "value": self._value(span["value"])} for span in message.tree]

    def _value(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        hidden = self.text(value) or ""
        return MASK if any(secret.hex() in hidden.lower() for secret in self._bytes) else hidden

    def violation(self, seen: MonitorViolation) -> None:
        """Scrubs what the monitor saw, in place."""
        seen.summary, seen.detail = self.text(seen.summary), self.text(seen.detail)
        seen.hex = self.hex(seen.hex)
