"""badge.svg: the verdict for a README."""

from __future__ import annotations

from xml.sax.saxutils import escape

from wirelaw.results import Results

from .facts import protocol_name, standing

_COLOURS = {"conforms": "#1f7a4d", "known": "#835700", "fails": "#b3261e", "unjudged": "#6b4ea0"}


def message(results: Results) -> str:
    """What the badge says: `209 of 231 MUST`, or what kept it from being said."""
    if standing(results) == "unjudged":
        return "not judged"
    must = results.coverage["MUST"]
    good = must["verdicts"]["pass"] + must["verdicts"]["warn"]
    return f"{good} of {must['applicable']} MUST"


def _width(text: str) -> int:
    """Width of a text in 11 px Verdana, near enough: SVG can't measure before it is drawn."""
    narrow = sum(char in "fijlrt.,:;!|I' " for char in text)
    wide = sum(char in "MW@mw%" for char in text)
    return round(7.0 * len(text) - 2.8 * narrow + 2.6 * wide) + 12


def render(results: Results) -> str:
    """The file's text."""
    label, said = protocol_name(results.iut.protocol), message(results)
    colour = _COLOURS[standing(results)]
    left, right = _width(label), _width(said)
    total = left + right
    label, said = escape(label), escape(said)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total}" height="20" role="img" '
        f'aria-label="{label}: {said}"><title>{label}: {said}</title>'
        f'<clipPath id="r"><rect width="{total}" height="20" rx="3"/></clipPath>'
        f'<g clip-path="url(#r)"><rect width="{left}" height="20" fill="#3a3733"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{colour}"/></g>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" '
        f'font-size="11"><text x="{left / 2:g}" y="14">{label}</text>'
        f'<text x="{left + right / 2:g}" y="14">{said}</text></g></svg>\n'
    )
