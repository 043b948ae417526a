"""Text that an IUT may have sent, made safe to show."""

from __future__ import annotations

import re

# C0 and C1 controls; what reorders or hides text: bidi controls, zero-width characters, line
# separators, tags; and what no file may hold: surrogates and noncharacters.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)


def printable(text: str, limit: int | None = None) -> str:
    """Text in which everything that steers a terminal or reorders a line is spelled out, as
    `\\x1b` or `\\u202e`, cut to a number of characters if one is given."""
    safe = _UNSAFE.sub(lambda found: _spelled(found.group()), text)
    if limit is not None and len(safe) > limit:
        return safe[: max(0, limit - 1)] + "…"
    return safe


def _spelled(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def xml_text(text: str) -> str:
    """Text for XML 1.0: line feeds and tabs stay, all else that `printable` spells out, and
    what XML does not allow at all, is spelled out."""
    return "\n".join(
        "\t".join(printable(part) for part in line.split("\t")) for line in text.split("\n")
    )
