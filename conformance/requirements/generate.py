#!/usr/bin/env python3
"""Turn the catalogues (*.csv of one folder) into a C enum and a constant table.

    generate.py --out-header requirements.h --out-source requirements.c [--folder DIR]

Runs inside the CMake build, before any virtual environment exists: standard library only.
The order is the files' order by name, then the order of rows. A catalogue that cannot be turned
into C is refused with one sentence that says file, line and what is wrong; nothing is written then.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

COLUMNS = (
    "id,origin,status,level,section,testable_server,testable_client,"
    "when,message,reaction,same_as,anchor,statement,reason"
).split(",")
ID = re.compile(r"[A-Z][A-Z0-9]*-[A-Za-z0-9.-]+(/[a-z0-9-]+)?")
RESERVED = ("LAW_R_NONE", "LAW_R_COUNT")
MAX_REQUIREMENTS = 0xFFFE  # law_requirement is a uint16_t; LAW_R_COUNT must fit as well


class CatalogueError(Exception):
    """One sentence: file, line, what."""


@dataclass(frozen=True)
class Requirement:
    """What the C side keeps of one row."""

    id: str
    level: str
    section: str
    statement: str

    @property
    def enum_name(self) -> str:
        return enum_name(self.id)


def enum_name(requirement_id: str) -> str:
    """`MQTT5-3.1.2.11.2/dup` -> `LAW_R_MQTT5_3_1_2_11_2_DUP`."""
    return "LAW_R_" + re.sub(r"[^A-Z0-9]", "_", requirement_id.upper())


def read_catalogue(path: Path) -> list[tuple[int, Requirement]]:
    """The rows of one file, each with the number of the line it starts on."""
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise CatalogueError(f"{path}: cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise CatalogueError(f"{path}:{line}: not UTF-8.") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, Requirement]] = []
    start = 1
    try:
        for fields in reader:
            line, start = start, reader.line_num + 1
            if line == 1:
                _check_header(path, fields)
            else:
                rows.append((line, _requirement(path, line, fields)))
    except csv.Error as error:
        raise CatalogueError(f"{path}:{reader.line_num}: not valid CSV ({error}).") from None
    if start == 1:
        raise CatalogueError(f"{path}:1: empty; the first line must name the columns.")
    return rows


def _check_header(path: Path, fields: list[str]) -> None:
    if fields != COLUMNS:
        raise CatalogueError(f"{path}:1: the columns must be exactly {','.join(COLUMNS)}.")


def _requirement(path: Path, line: int, fields: list[str]) -> Requirement:
    if len(fields) != len(COLUMNS):
        raise CatalogueError(f"{path}:{line}: {len(fields)} fields, expected {len(COLUMNS)}.")
    row = dict(zip(COLUMNS, fields, strict=True))
    if not ID.fullmatch(row["id"]):
        raise CatalogueError(
            f"{path}:{line}: '{row['id']}' is no requirement id (like MQTT5-3.1.0-2 or"
            " MQTT5-3.1.2.11.2/dup)."
        )
    for column in ("level", "section", "statement"):
        if not row[column].strip():
            raise CatalogueError(f"{path}:{line}: {row['id']} has no {column}.")
    return Requirement(row["id"], row["level"], row["section"], row["statement"])


def read_folder(folder: Path) -> list[Requirement]:
    """All rows of all catalogues of a folder. Raises CatalogueError when two of them collide."""
    files = sorted(folder.glob("*.csv"), key=lambda path: path.name)
    if not files:
        raise CatalogueError(f"{folder}: no *.csv in this folder.")
    seen: dict[str, str] = {name: "a reserved name" for name in RESERVED}
    requirements: list[Requirement] = []
    for path in files:
        for line, requirement in read_catalogue(path):
            name = requirement.enum_name
            if name in seen:
                raise CatalogueError(
                    f"{path}:{line}: {requirement.id} becomes {name}, which is already"
                    f" {seen[name]}."
                )
            seen[name] = f"{requirement.id} at {path.name}:{line}"
            requirements.append(requirement)
    if len(requirements) > MAX_REQUIREMENTS:
        raise CatalogueError(
            f"{folder}: {len(requirements)} requirements, at most {MAX_REQUIREMENTS} fit in C."
        )
    return requirements


def c_string(text: str) -> str:
    """A C string literal of the UTF-8 bytes of `text`; no trigraphs, no escapes that run on."""
    out = []
    for byte in text.encode("utf-8"):
        char = chr(byte)
        if char in '"\\':
            out.append("\\" + char)
        elif char == "?":
            out.append("\\?")
        elif 0x20 <= byte < 0x7F:
            out.append(char)
        else:
            out.append(f"\\{byte:03o}")
    return '"' + "".join(out) + '"'


HEADER = """\
/* Generated from the catalogues by conformance/requirements/generate.py. Do not edit. */
#ifndef WIRELAW_REQUIREMENTS_H
#define WIRELAW_REQUIREMENTS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

/* One normative statement of one specification. The numbers change when rows are added; across
 * programs and in files a requirement goes by its id, never by its number. */
typedef enum law_requirement_id {{
  LAW_R_NONE = 0,
{enumerators}  LAW_R_COUNT
}} law_requirement_id;

/* The small form, kept in spans and violations. Always one of law_requirement_id. */
typedef uint16_t law_requirement;

typedef struct law_requirement_info {{
  const char *id;        /* "MQTT5-3.1.0-2"; "none" for LAW_R_NONE */
  const char *level;     /* MUST, MUST NOT, SHOULD, SHOULD NOT or MAY */
  const char *section;   /* "3.1.0" */
  const char *statement; /* in our own words, UTF-8 */
}} law_requirement_info;

/* Indexed by law_requirement; never NULL inside. */
extern const law_requirement_info law_requirements[LAW_R_COUNT];

/* The id, "none" for LAW_R_NONE, "unknown" for a number that is no requirement. */
const char *law_requirement_name(law_requirement r);

/* The requirement of exactly this id, LAW_R_NONE if there is none. id may be NULL. */
law_requirement law_requirement_find(const char *id);

#ifdef __cplusplus
}}
#endif

#endif
"""

SOURCE = """\
/* Generated from the catalogues by conformance/requirements/generate.py. Do not edit. */
#include "{header}"

#include <stddef.h>
#include <string.h>

const law_requirement_info law_requirements[LAW_R_COUNT] = {{
  [LAW_R_NONE] = {{"none", "", "", ""}},
{entries}}};

/* The same requirements by id in strcmp order, for the binary search. */
static const law_requirement by_id[LAW_R_COUNT] = {{
  LAW_R_NONE, /* keeps the array from ever being empty; the search starts behind it */
{sorted_ids}}};

const char *law_requirement_name(law_requirement r) {{
  return r < LAW_R_COUNT ? law_requirements[r].id : "unknown";
}}

law_requirement law_requirement_find(const char *id) {{
  size_t low = 1, high = LAW_R_COUNT;
  if (id == NULL) return LAW_R_NONE;
  while (low < high) {{
    size_t middle = low + (high - low) / 2;
    int order = strcmp(id, law_requirements[by_id[middle]].id);
    if (order == 0) return by_id[middle];
    if (order < 0) {{
      high = middle;
    }} else {{
      low = middle + 1;
    }}
  }}
  return LAW_R_NONE;
}}
"""


def render_header(requirements: list[Requirement]) -> str:
    return HEADER.format(enumerators="".join(f"  {r.enum_name},\n" for r in requirements))


def render_source(requirements: list[Requirement], header_name: str) -> str:
    entries = "".join(
        f"  [{r.enum_name}] = {{{c_string(r.id)}, {c_string(r.level)}, {c_string(r.section)},\n"
        f"    {c_string(r.statement)}}},\n"
        for r in requirements
    )
    ordered = sorted(requirements, key=lambda r: r.id.encode("utf-8"))
    sorted_ids = "".join(f"  {r.enum_name},\n" for r in ordered)
    return SOURCE.format(header=header_name, entries=entries, sorted_ids=sorted_ids)


def write(path: Path, text: str) -> None:
    """Whole file or nothing: a build that is interrupted leaves no half header behind."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="ascii", newline="\n")
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise CatalogueError(f"{path}: cannot be written ({error.strerror}).") from None


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Catalogues (*.csv) to a C enum and table.")
    parser.add_argument("--out-header", type=Path, required=True, metavar="FILE")
    parser.add_argument("--out-source", type=Path, required=True, metavar="FILE")
    parser.add_argument("--folder", type=Path, default=Path(__file__).resolve().parent)
    options = parser.parse_args(arguments)
    try:
        requirements = read_folder(options.folder)
        write(options.out_header, render_header(requirements))
        write(options.out_source, render_source(requirements, options.out_header.name))
    except CatalogueError as error:
        print(f"generate.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
