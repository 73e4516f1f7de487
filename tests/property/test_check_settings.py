from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from understudy.checks.expectation import matches
from understudy.checks.registry import KINDS, CheckSyntaxError, Fault, known_keys, parse, parse_text
from understudy.checks.settings import Settings
from understudy.checks.transport.faults import plain

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
kinds = st.sampled_from(sorted(KINDS))


def keys_of(kind: str) -> st.SearchStrategy[str]:
    return st.sampled_from([*known_keys(kind), "nonsense"])


@st.composite
def written_checks(draw: st.DrawFn) -> tuple[str, object, dict[str, Any]]:
    kind = draw(kinds)
    mapping: st.SearchStrategy[dict[str, Any]] = st.dictionaries(keys_of(kind), values, max_size=4)
    value = draw(values | mapping | st.just(KINDS[kind].example))
    return kind, value, draw(mapping)


def read(reading: Callable[[], Settings]) -> Settings | tuple[Fault, ...]:
    try:
        return reading()
    except CheckSyntaxError as error:
        return error.faults


@given(written_checks())
def test_a_written_check_is_settings_or_faults_that_stand_in_it(written: tuple[str, object, dict[str, Any]]) -> None:
    kind, value, siblings = written
    seen = read(lambda: parse(kind, value, siblings))
    if isinstance(seen, Settings):
        assert hash(seen) == hash(parse(kind, value, siblings))
        assert seen.summary()
        return
    assert seen
    for fault in seen:
        assert is_in({kind: value, **siblings}, fault.path), fault
        assert fault.message.isprintable()


def is_in(document: object, path: tuple[str | int, ...]) -> bool:
    for step in path:
        if isinstance(document, Mapping):
            if step not in document:
                return False
            document = document[step]
        elif isinstance(document, list) and isinstance(step, int) and step < len(document):
            document = document[step]
        else:
            return False
    return True


@given(st.text(max_size=40) | st.builds("{}:{}".format, kinds | st.just("https"), st.text(max_size=40)))
def test_a_bare_text_is_a_check_or_one_fault(text: str) -> None:
    seen = read(lambda: parse_text(text)[1])
    if isinstance(seen, Settings):
        assert seen.summary()
    else:
        assert {fault.path for fault in seen} == {()}


@given(st.binary(max_size=300) | st.text(max_size=300), st.integers(min_value=10, max_value=100))
def test_what_an_endpoint_sends_becomes_one_short_printable_line(seen: bytes | str, limit: int) -> None:
    line = plain(seen, limit)
    assert len(line) <= limit
    assert line.isprintable()
    assert line == plain(line, limit)


@given(st.text(alphabet="ab", max_size=50))
def test_a_nested_repetition_matches_as_its_flat_twin(text: str) -> None:
    assert matches("(a+)+b", text) == matches("a+b", text)
