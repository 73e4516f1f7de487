"""Names: the quick way of plain text leads where the way of all names leads."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.model.name import MAX_LABEL_OCTETS, MAX_NAME_OCTETS, Name, NameSyntaxError

LETTERS = "aZ09-_*/"
labels = st.one_of(
    st.text(LETTERS, max_size=5),
    st.integers(MAX_LABEL_OCTETS - 1, MAX_LABEL_OCTETS + 1).map("a".__mul__),
    st.sampled_from(["", "a b", "a\n", "a\\.b", "a@", "K", "ss", "a\x00"]),
)


def parsed(text: str) -> Name | None:
    try:
        return Name.parse(text)
    except NameSyntaxError:
        return None


def escaped(text: str) -> str:
    """The same name with nothing in it that is plain."""
    return "".join(char if char == "." else f"\\{ord(char):03d}" for char in text)


@settings(max_examples=500)
@given(text=st.tuples(st.lists(labels, max_size=6).map(".".join), st.sampled_from(["", ".", ".."])).map("".join))
def test_a_plain_name_is_the_name_that_its_escapes_write(text: str) -> None:
    if "\\" not in text and text.isascii():
        assert parsed(text) == parsed(escaped(text))
    name = parsed(text)
    if name is not None:
        assert Name.parse(str(name)) == Name.parse(name.absolute) == name
        assert all(len(label) <= MAX_LABEL_OCTETS for label in name.labels)
        assert sum(len(label) + 1 for label in name.labels) + 1 <= MAX_NAME_OCTETS


@pytest.mark.parametrize("last", [60, 61, 62])
def test_a_name_has_at_most_255_octets_with_its_lengths(last: int) -> None:
    text = ".".join(["a" * 63] * 3 + ["b" * last])
    assert (parsed(text) is not None) == (parsed(escaped(text)) is not None) == (parsed(text + ".") is not None)
    assert (parsed(text) is not None) == (last <= 61)


def test_what_is_written_plainly_is_shown_plainly() -> None:
    assert str(Name.parse("*.Ab-_1/2.Example.COM.")) == "*.ab-_1/2.example.com"
    assert str(Name((b"a.b", b"c@", b"\x07"))) == r"a\.b.c\@.\007"
