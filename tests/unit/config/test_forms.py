"""Forms: what annotations say is what is taken, every fault has its place, and nothing is looked at twice."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from understudy.config.faults import FaultError, FormError, fault
from understudy.config.findings import Findings
from understudy.config.forms import Field, Form, ShortForm, read_form, read_mended
from understudy.config.readers import Reads
from understudy.config.yaml_reader import read_octets
from understudy.model.errors import InvariantError


def _even(value: object) -> int:
    if not isinstance(value, int) or value % 2:
        raise fault("value.odd", f"{value} is odd", "take another")
    return value


Even = Annotated[int, Reads(_even)]


class Part(Form):
    """A part."""

    size: Even = Field(description="Its size.")
    kind: Literal["round", "flat"] = Field("round", description="Its kind.")


class Whole(Form):
    """A whole."""

    parts: list[Part] = Field([], description="Its parts.", min_length=1)
    named: dict[str, Part] = Field({}, description="Those with names.")
    is_new: bool = Field(False, description="Whether it is new.")  # the default, named by the field
    spare: Part | None = Field(None, description="One more.")
    anything: Any = None

    @classmethod
    def prepare(cls, value: Any) -> Any:
        """A number is the size of its only part."""
        return {"parts": [{"size": value}]} if isinstance(value, int) else value

    def judge(self) -> None:
        """A new one has no spare part."""
        if self.is_new and self.spare is not None:
            raise fault("whole.spare", "a new one needs none")


class Larger(Whole):
    """A whole with one more key."""

    more: Even = Field(2, description="How much more.")


def refused(value: object, form: type[Form] = Whole) -> list[tuple[tuple[str | int, ...], str]]:
    with pytest.raises(FormError) as caught:
        form.read(value)
    return [(place, error.code) for place, error in caught.value.faults]


def test_a_form_has_what_was_written_and_defaults() -> None:
    whole = Whole.read({"parts": [{"size": 4, "kind": "flat"}, {"size": 6}], "named": {"a": {"size": 2}}})
    assert [(part.size, part.kind) for part in whole.parts] == [(4, "flat"), (6, "round")]
    assert (whole.named["a"].size, whole.is_new, whole.spare) == (2, False, None)
    assert whole.is_written("parts")
    assert not whole.is_written("is_new")


def test_a_key_is_written_also_with_its_default() -> None:
    assert Whole.read({"is_new": False, "spare": None}).is_written("is_new")


def test_a_shorter_writing_means_the_longer_one() -> None:
    assert Whole.read(8).parts[0].size == 8


def test_a_form_has_the_keys_of_those_above_it_first() -> None:
    assert Larger.known_keys() == (*Whole.known_keys(), "more")
    assert Larger.read({"more": 4, "is_new": True}).more == 4
    assert refused({"more": 4}) == [(("more",), "key.unknown")]


def test_a_form_made_here_has_defaults_too() -> None:
    assert (Whole(is_new=True).is_new, Whole().parts, Whole().is_written("parts")) == (True, [], False)


def test_a_form_does_not_change() -> None:
    whole = Whole.read({})
    with pytest.raises(AttributeError):
        whole.is_new = True


def test_all_that_is_wrong_is_told_at_once_and_each_where_it_stands() -> None:
    value = {
        "parts": [{"size": 3}, {"size": 2}, {"kind": "oval"}],
        "named": {"a": 5},
        "is_new": "yes",
        "spare": {"size": 2, "sise": 4},
        "colour": 1,
    }
    assert refused(value) == [
        (("parts", 0, "size"), "value.odd"),
        (("parts", 2, "kind"), "value.choice"),
        (("parts", 2, "size"), "key.missing"),
        (("named", "a"), "value.type"),
        (("is_new",), "value.type"),
        (("spare", "sise"), "key.unknown"),
        (("colour",), "key.unknown"),
    ]


@pytest.mark.parametrize("value", ["text", [], None, True, 1.5])
def test_what_is_no_mapping_is_no_form(value: object) -> None:
    assert refused(value, Part) == [((), "value.type")]


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("parts", [], "value.empty"),
        ("parts", "a", "value.type"),
        ("parts", {"size": 2}, "value.type"),
        ("parts", None, "value.type"),
        ("named", [], "value.type"),
        ("named", None, "value.type"),
        ("is_new", 1, "value.type"),
        ("is_new", None, "value.type"),
    ],
)
def test_nothing_is_taken_for_something_else(key: str, value: object, code: str) -> None:
    assert refused({key: value}) == [((key,), code)]


@pytest.mark.parametrize("kind", [None, True, 1, [], {}, "Round"])
def test_a_choice_is_one_of_its_words(kind: object) -> None:
    assert refused({"size": 2, "kind": kind}, Part) == [(("kind",), "value.choice")]


def test_keys_are_judged_together_only_where_each_is_right() -> None:
    assert refused({"is_new": True, "spare": {"size": 2}}) == [((), "whole.spare")]
    assert refused({"is_new": True, "spare": {"size": 3}}) == [(("spare", "size"), "value.odd")]


def test_a_complaint_says_what_would_be_right() -> None:
    with pytest.raises(FormError) as caught:
        Part.read({"size": 2, "kind": "oval", "sise": 1})
    [(_, choice), (_, unknown)] = caught.value.faults
    assert (choice.message, choice.hint) == ("'oval' is not one of the choices", "one of 'round' or 'flat'")
    assert unknown.hint == "did you mean 'size'?"


def test_what_is_right_beside_what_is_wrong_can_be_had() -> None:
    findings = Findings(read_octets(b"is_new: true\nparts: 5\n", Path("u.yaml")))
    mended = read_mended(Whole, {"is_new": True, "parts": 5}, (), findings=findings)
    assert mended is not None
    assert (mended.is_new, mended.parts) == (True, [])
    assert [(problem.line, problem.code) for problem in findings.errors] == [(2, "value.type")]
    assert read_form(Whole, {"is_new": True, "parts": 5}, (), findings=findings) is None
    assert read_mended(Part, {"kind": "flat"}, (), findings=findings) is None


def test_an_annotation_that_nothing_reads_is_our_fault() -> None:
    class Odd(Form):
        """Has a key that cannot be read."""

        when: bytes = Field(description="When.")

    with pytest.raises(InvariantError):
        Odd.read({"when": b""})


def test_a_complaint_is_no_error_of_the_program() -> None:
    assert issubclass(FaultError, ValueError)


class Bolt(ShortForm):
    """May be written as its length alone, in words."""

    length: Literal["long", "short"] = Field(description="How long.")

    @classmethod
    def prepare(cls, value: Any) -> Any:
        """A word is the length."""
        return value if isinstance(value, dict) else {"length": value}

    @classmethod
    def short_schema(cls) -> dict[str, Any]:
        """The length."""
        return {"type": "string"}


class Screw(Bolt):
    """Another thing, written alike."""


def test_a_word_is_read_once_for_each_form() -> None:
    assert Bolt.read("long") is Bolt.read("long")
    assert [type(Bolt.read("long")), type(Screw.read("long"))] == [Bolt, Screw]
    assert (Bolt.read("short").length, Bolt.read({"length": "long"}).length) == ("short", "long")


def test_a_word_that_is_wrong_is_told_every_time() -> None:
    for _ in range(2):
        assert refused("wide", Bolt) == [(("length",), "value.choice")]
        assert refused(5, Bolt) == [(("length",), "value.choice")]
