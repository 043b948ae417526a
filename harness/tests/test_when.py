"""PICS expressions: what they mean, and what is none."""

from __future__ import annotations

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirelaw import when

NAMES = ("qos1", "qos2", "retain", "zero_length_client_id")

trees = st.recursive(
    st.sampled_from(NAMES),
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.sampled_from(("and", "or")), inner, inner),
    ),
    max_leaves=12,
)
capabilities = st.fixed_dictionaries(dict.fromkeys(NAMES, st.booleans()))


def written(tree) -> str:
    """A tree as text, with as many parentheses as it takes."""
    if isinstance(tree, str):
        return tree
    if tree[0] == "not":
        return f"not ({written(tree[1])})"
    return f"({written(tree[1])}) {tree[0]} ({written(tree[2])})"


@given(trees, capabilities)
def test_means_what_the_same_words_mean_in_python(tree, pics):
    text = written(tree)
    assert when.parse(text).holds(pics) is eval(text, {"__builtins__": {}}, dict(pics))


@given(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=6),
    st.lists(st.sampled_from(("and", "or", "and not", "or not")), min_size=6, max_size=6),
    capabilities,
)
def test_binds_as_python_does_without_parentheses(names, words, pics):
    text = names[0] + "".join(f" {w} {n}" for w, n in zip(words, names[1:], strict=False))
    assert when.parse(text).holds(pics) is eval(text, {"__builtins__": {}}, dict(pics))


@pytest.mark.parametrize("text", ["", "  "])
def test_nothing_said_always_holds(text):
    assert when.parse(text).holds({})
    assert when.parse(text).names == frozenset()


def test_what_is_not_mentioned_is_not_there():
    assert not when.parse("qos1").holds({})
    assert when.parse("not qos1").holds({})


def test_names():
    assert when.parse("(qos1 or qos2) and not retain").names == {"qos1", "qos2", "retain"}


def test_words_inside_names_are_names():
    assert when.parse("android or notion").names == {"android", "notion"}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("qos1 qos2", "goes on with 'qos2'"),
        ("qos1 and", "lacks the name of a capability at its end"),
        ("or qos1", "lacks the name of a capability before 'or'"),
        ("not", "at its end"),
        ("(qos1", "does not close"),
        ("qos1)", "goes on with ')'"),
        ("()", "before ')'"),
        ("qos1 & qos2", "has '&'"),
        ("QOS1", "has 'Q'"),
        ("__import__('os')", "has '_'"),
        ("qos1 == 1", "has '='"),
    ],
)
def test_what_is_no_expression(text, what):
    with pytest.raises(when.WhenError) as caught:
        when.parse(text)
    assert what in str(caught.value)


@given(st.text(alphabet="ab01_() \tnotandor.#\n", max_size=20))
def test_any_text_is_an_expression_or_an_error(text):
    try:
        parsed = when.parse(text)
    except when.WhenError:
        return
    assert parsed.holds({}) in (True, False)
    assert not any(keyword.iskeyword(name) for name in parsed.names & {"and", "or", "not"})
