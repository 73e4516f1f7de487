"""A frozen value is what a frozen dataclass is."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, astuple, dataclass, field, fields, replace
from typing import Any

import pytest

from understudy.model.frozen import frozen


@frozen
class Empty:
    """Nothing."""


@frozen
class Point:
    """Two numbers."""

    x: int
    y: int = 5


@frozen
class Named(Point):
    """With a name, things that are made for each, and one that is made of the others."""

    name: str = "?"
    more: list[int] = field(default_factory=list)
    secret: str = field(default="", repr=False)
    note: str = field(default="", compare=False)
    total: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "total", self.x + self.y)

    @property
    def double(self) -> int:
        """Twice the total."""
        return 2 * self.total


@frozen
class Plain:
    """With methods of its own."""

    x: int

    def __hash__(self) -> int:
        return 7

    def __repr__(self) -> str:
        return "mine"


@dataclass(frozen=True, slots=True)
class _Other:
    x: int
    y: int = 5


_CHANGES: list[tuple[Callable[[Any], object], str]] = [
    (lambda point: setattr(point, "x", 3), "cannot assign to field 'x'"),
    (lambda point: setattr(point, "z", 3), "cannot assign to field 'z'"),
    (lambda point: delattr(point, "x"), "cannot delete field 'x'"),
]


def test_values_are_made_by_place_by_name_and_from_defaults() -> None:
    assert (Point(1, 2).x, Point(1, 2).y) == (1, 2)
    assert (Point(y=2, x=1).x, Point(1).y) == (1, 5)
    assert Empty() == Empty()


@pytest.mark.parametrize(("given", "named"), [((), {}), ((1, 2, 3), {}), ((1,), {"x": 2}), ((1,), {"z": 2})])
def test_what_a_value_does_not_have_is_refused(given: tuple[int, ...], named: dict[str, int]) -> None:
    with pytest.raises(TypeError):
        Point(*given, **named)


def test_each_value_has_its_own_of_what_is_made_for_it() -> None:
    one, other = Named(1), Named(1)
    one.more.append(1)
    assert other.more == []
    assert Named(1, more=one.more).more is one.more


def test_what_is_made_of_the_others_follows_them() -> None:
    assert Named(1, 2).double == 6
    assert replace(Named(1, 2), x=2).double == 8


def test_values_are_equal_by_class_and_by_what_is_compared() -> None:
    assert Point(1) == Point(1, 5) != Point(2)
    assert Named(1, note="a") == Named(1, note="b") != Named(1, secret="s")
    assert Point(1) != Named(1)
    strange: object = (1, 5)
    assert Point(1) != strange
    assert hash(Point(1)) == hash(Point(1, 5))
    assert len({Point(1), Point(1), Point(2)}) == 2
    with pytest.raises(TypeError, match="unhashable"):
        hash(Named(1))


@pytest.mark.parametrize(("change", "complaint"), _CHANGES)
def test_a_value_does_not_change(change: Callable[[Any], object], complaint: str) -> None:
    point = Point(1)
    with pytest.raises(FrozenInstanceError, match=complaint):
        change(point)
    assert point == Point(1)
    assert not hasattr(point, "__dict__")


def test_a_value_shows_what_it_has_but_for_secrets() -> None:
    assert repr(Point(1)) == "Point(x=1, y=5)"
    assert repr(Named(1, secret="s")) == "Named(x=1, y=5, name='?', more=[], note='')"
    assert repr(Empty()) == "Empty()"


def test_methods_of_its_own_are_kept() -> None:
    assert (hash(Plain(1)), repr(Plain(1))) == (7, "mine")


def test_tools_for_dataclasses_know_it() -> None:
    assert [each.name for each in fields(Point)] == ["x", "y"]
    assert (astuple(Point(1)), asdict(Point(1))) == ((1, 5), {"x": 1, "y": 5})
    match Point(3):
        case Point(x, y):
            assert (x, y) == (3, 5)


def test_copies_are_equal() -> None:
    value = Named(1, more=[2])
    assert copy.copy(value) == copy.deepcopy(value) == pickle.loads(pickle.dumps(value)) == value  # ours
    assert pickle.loads(pickle.dumps(value)).total == 6  # as above


def test_it_is_as_a_frozen_dataclass_in_all_of_this() -> None:
    point, other = Point(1), _Other(1)
    assert (repr(point).split("(")[1], astuple(point)) == (repr(other).split("(")[1], astuple(other))
    assert Point.__slots__ == _Other.__slots__ == ("x", "y")  # type: ignore[attr-defined]  # only a dataclass shows them
    assert Point.__match_args__ == _Other.__match_args__ == ("x", "y")
