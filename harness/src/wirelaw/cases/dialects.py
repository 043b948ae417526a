"""What a family of protocols adds to the grammar of steps: whole flows, and what a client can be
told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from wirelaw.cases.context import Context
from wirelaw.engine import binding
from wirelaw.engine.codec import codec_of
from wirelaw.errors import UserError


@dataclass(frozen=True)
class FlowGrammar:
    """How a flow is read. `judges`: bound to the case's only requirement, as `expect` is.

    `sends` is the packet whose fields the flow takes as a mapping (`wanted`: as an expectation),
    `answers` those whose fields may stand beside it; `options` what else may: for the schema.
    """

    parse: Callable[[Context, Mapping[str, Any]], Any]
    judges: bool = False
    sends: str | None = None
    wanted: bool = False
    answers: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dialect:
    """`family` is the folder of cases; `stimuli` maps what a client can be told to the packet whose
    fields that takes."""

    family: str
    flows: Mapping[str, FlowGrammar]
    stimuli: Mapping[str, str]


@cache
def dialect_of(family: str) -> Dialect:
    """The dialect of a protocol by the name in its C struct (mqtt)."""
    return import_module(f"wirelaw.cases.{family}").DIALECT  # type: ignore[no-any-return]


def has_cases(family: str) -> bool:
    """Whether cases of a protocol can be written: there are some that can only be decoded yet."""
    return find_spec(f"wirelaw.cases.{family}") is not None


def need_cases(protocol: str) -> None:
    """Raises UserError for a protocol without cases."""
    if not has_cases(family_of(protocol)):
        raise UserError(
            f"there are no cases for {protocol} yet, so nothing can be checked by them; "
            f"'wirelaw spec {protocol}', 'wirelaw decode {protocol}' and 'wirelaw pcap check' know it"
        )


@cache
def family_of(variant: str) -> str:
    """The folder of cases of a protocol name of the command line. Raises UserError."""
    return codec_of(variant).tables.protocol


def protocols_of(family: str) -> tuple[str, ...]:
    """All protocol names of the command line that share the folder."""
    return tuple(name for name in binding.variants() if family_of(name) == family)
