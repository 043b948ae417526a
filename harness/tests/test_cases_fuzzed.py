"""The loader of cases on texts that nobody wrote: a case, or one sentence, and nothing else."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wirelaw.cases import load_file
from wirelaw.errors import UserError
from wirelaw.paths import source_tree

ROOT = source_tree()
assert ROOT is not None, "these tests run in the source tree"
CASES = sorted((ROOT / "conformance/cases/mqtt").glob("*.yaml"))
QUICK = settings(max_examples=100, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])

WORDS = st.sampled_from(
    ["id", "title", "requires", "protocols", "role", "when", "matrix", "preamble", "body", "sub", "send",
     "expect", "connect", "closed", "edit", "bind", "$s", "$t/a", "none_before", "after_any", "kills",
     "MQTT5-3.1.0-2", "mqtt5", "server", "PUBLISH", "qos", "hex", "timeout", "isolation", "tolerate"]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | WORDS | st.text(max_size=20)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=6), inner, max_size=4),
    max_leaves=25,
)


def load_text(text: str | bytes) -> None:
    """Loads a text as a file of cases. Only UserError may come out, with one sentence."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "x.yaml")
        file.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
        try:
            for case in load_file(file, "mqtt5"):
                assert case.id and case.steps is not None
        except UserError as error:
            assert str(error).strip() and "Traceback" not in str(error)
            assert str(file.name) in str(error), "the sentence must say where"


@QUICK
@given(st.binary(max_size=200))
def test_bytes(data):
    load_text(data)


@QUICK
@given(st.text(alphabet="-:{}[]&*!|>'\"%@`#,? \n\tabc0", max_size=120))
def test_yaml_like_text(text):
    load_text(text)


@QUICK
@given(TREES)
def test_trees_of_words_that_cases_use(tree):
    load_text(yaml.safe_dump(tree))


def raw_cases(path: Path) -> list[object]:
    return list(yaml.safe_load(path.read_text(encoding="utf-8")))


@st.composite
def damaged_cases(draw) -> str:
    """A real case, one of whose values became another, or went."""
    case = draw(st.sampled_from(raw_cases(draw(st.sampled_from(CASES)))))
    place, holder = case, None
    for _ in range(draw(st.integers(1, 6))):
        keys = list(place) if isinstance(place, dict) else list(range(len(place))) if isinstance(place, list) else []
        if not keys:
            break
        holder, key = place, draw(st.sampled_from(keys))
        place = holder[key]
    if holder is not None:
        if draw(st.booleans()):
            holder[key] = draw(TREES)
        else:
            del holder[key]
    return yaml.safe_dump([case])


@settings(max_examples=200, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(damaged_cases())
def test_real_cases_with_one_thing_changed(text):
    load_text(text)


@QUICK
@given(st.sampled_from(CASES), st.data())
def test_real_files_cut_anywhere(path, data):
    raw = path.read_bytes()
    load_text(raw[: data.draw(st.integers(0, min(len(raw), 4000)))])


@pytest.mark.parametrize("depth", [500, 100_000])
def test_nesting_without_end_is_one_sentence(depth):
    load_text("[" * depth)


