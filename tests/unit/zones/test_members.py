"""Which catalog a zone comes from, when it goes, and when it begins anew (RFC 9432 section 5)."""

from __future__ import annotations

from understudy.testing.builders import name
from understudy.zones.members import MemberChange, Members, Membership

FIRST, SECOND = name("first.catalog"), name("second.catalog")
A, B, C = name("a.example"), name("b.example"), name("c.example")


def test_zones_come_and_go_with_their_catalog() -> None:
    members = Members()
    assert members.follow(FIRST, {A: "1", B: "2"}, ()) == MemberChange(added=(A, B))
    assert members.follow(FIRST, {B: "2", C: "3"}, ()) == MemberChange(added=(C,), removed=(A,))
    assert members.follow(FIRST, {B: "2", C: "3"}, ()) == MemberChange()
    assert members.table == {B: Membership(FIRST, "2"), C: Membership(FIRST, "3")}


def test_a_zone_with_another_label_begins_anew() -> None:
    members = Members()
    members.follow(FIRST, {A: "1"}, ())
    assert members.follow(FIRST, {A: "2"}, ()) == MemberChange(reset=(A,))


def test_a_zone_of_the_configuration_comes_from_no_catalog() -> None:
    members = Members()
    assert members.follow(FIRST, {A: "1", B: "2"}, {A}) == MemberChange(added=(B,))
    assert members.clashes(FIRST) == [A]
    assert members.configure({FIRST}, ()) == MemberChange(added=(A,))
    assert members.clashes(FIRST) == []
    assert members.configure({FIRST}, {B}) == MemberChange(removed=(B,))


def test_a_zone_stays_with_its_catalog_until_that_lists_it_no_more() -> None:
    members = Members()
    members.follow(SECOND, {A: "2"}, ())
    assert members.follow(FIRST, {A: "1", B: "1"}, ()) == MemberChange(added=(B,))
    assert (members.clashes(FIRST), members.clashes(SECOND)) == ([A], [])
    assert members.follow(SECOND, {}, ()) == MemberChange(reset=(A,))
    assert members.table[A] == Membership(FIRST, "1")
    members.follow(SECOND, {A: "2"}, ())
    assert (members.clashes(FIRST), members.clashes(SECOND)) == ([], [A])


def test_the_zones_of_a_catalog_that_is_not_followed_any_more_go() -> None:
    members = Members()
    members.follow(FIRST, {A: "1"}, ())
    members.follow(SECOND, {B: "1"}, ())
    assert members.configure({SECOND}, ()) == MemberChange(removed=(A,))
