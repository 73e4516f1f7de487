"""Which catalog a zone comes from, when it goes, and when it begins anew (RFC 9432 section 5)."""

from __future__ import annotations

from understudy.testing.builders import name
from understudy.zones.members import Listed, MemberChange, Members, Membership

FIRST, SECOND = name("first.catalog"), name("second.catalog")
A, B, C = name("a.example"), name("b.example"), name("c.example")


def test_zones_come_and_go_with_their_catalog() -> None:
    members = Members()
    assert members.follow(FIRST, {A: Listed("1"), B: Listed("2")}, ()) == MemberChange(added=(A, B))
    assert members.follow(FIRST, {B: Listed("2"), C: Listed("3")}, ()) == MemberChange(added=(C,), removed=(A,))
    assert members.follow(FIRST, {B: Listed("2"), C: Listed("3")}, ()) == MemberChange()
    assert members.table == {B: Membership(FIRST, "2"), C: Membership(FIRST, "3")}


def test_a_zone_with_another_label_begins_anew() -> None:
    members = Members()
    members.follow(FIRST, {A: Listed("1")}, ())
    assert members.follow(FIRST, {A: Listed("2")}, ()) == MemberChange(reset=(A,))


def test_a_zone_of_the_configuration_comes_from_no_catalog() -> None:
    members = Members()
    assert members.follow(FIRST, {A: Listed("1"), B: Listed("2")}, {A}) == MemberChange(added=(B,))
    assert members.clashes(FIRST) == [A]
    assert members.configure({FIRST}, ()) == MemberChange(added=(A,))
    assert members.clashes(FIRST) == []
    assert members.configure({FIRST}, {B}) == MemberChange(removed=(B,))


def test_a_zone_stays_with_its_catalog_until_that_lists_it_no_more() -> None:
    members = Members()
    members.follow(SECOND, {A: Listed("2")}, ())
    assert members.follow(FIRST, {A: Listed("1"), B: Listed("1")}, ()) == MemberChange(added=(B,))
    assert (members.clashes(FIRST), members.clashes(SECOND)) == ([A], [])
    assert members.follow(SECOND, {}, ()) == MemberChange(reset=(A,))
    assert members.table[A] == Membership(FIRST, "1")
    members.follow(SECOND, {A: Listed("2")}, ())
    assert (members.clashes(FIRST), members.clashes(SECOND)) == ([], [A])


def test_the_zones_of_a_catalog_that_is_not_followed_any_more_go() -> None:
    members = Members()
    members.follow(FIRST, {A: Listed("1")}, ())
    members.follow(SECOND, {B: Listed("1")}, ())
    assert members.configure({SECOND}, ()) == MemberChange(removed=(A,))


def test_a_zone_that_is_given_away_goes_with_a_version_of_the_other_catalog() -> None:
    members = Members()
    members.follow(FIRST, {A: Listed("1")}, ())
    members.follow(SECOND, {A: Listed("1")}, ())
    assert (members.clashes(FIRST), members.clashes(SECOND)) == ([], [A])
    assert members.follow(FIRST, {A: Listed("1", heir=SECOND)}, ()) == MemberChange()
    assert members.table[A].catalog == FIRST
    assert members.follow(SECOND, {A: Listed("1")}, ()) == MemberChange(moved=(A,))
    assert (members.clashes(FIRST), members.clashes(SECOND)) == ([], [])
    assert members.follow(FIRST, {}, ()) == MemberChange()
    assert members.table[A] == Membership(SECOND, "1")


def test_a_zone_that_is_given_away_stays_until_the_other_catalog_lists_it() -> None:
    members = Members()
    members.follow(SECOND, {B: Listed("2")}, ())
    members.follow(FIRST, {A: Listed("1", heir=SECOND)}, ())
    assert members.follow(SECOND, {C: Listed("3")}, ()) == MemberChange(added=(C,), removed=(B,))
    assert members.table[A].catalog == FIRST
    assert members.follow(SECOND, {A: Listed("1"), C: Listed("3")}, ()) == MemberChange(moved=(A,))


def test_a_zone_that_is_given_away_under_another_label_begins_anew() -> None:
    members = Members()
    members.follow(FIRST, {A: Listed("1", heir=SECOND)}, ())
    assert members.follow(SECOND, {A: Listed("2")}, ()) == MemberChange(reset=(A,))
    assert members.table[A] == Membership(SECOND, "2")


def test_nobody_gets_a_zone_that_is_given_to_somebody_else() -> None:
    members = Members()
    third = name("third.catalog")
    members.follow(FIRST, {A: Listed("1", heir=third)}, ())
    assert members.follow(SECOND, {A: Listed("1")}, ()) == MemberChange()
    assert members.table[A].catalog == FIRST
    assert members.clashes(SECOND) == [A]


def test_a_zone_that_is_no_longer_given_away_stays() -> None:
    members = Members()
    members.follow(FIRST, {A: Listed("1", heir=SECOND)}, ())
    members.follow(FIRST, {A: Listed("1")}, ())
    assert members.follow(SECOND, {A: Listed("1")}, ()) == MemberChange()
    assert members.table[A].catalog == FIRST


def test_a_start_knows_whose_the_zones_are_that_several_list() -> None:
    members = Members()
    members.follow(SECOND, {A: Listed("1"), B: Listed("1")}, ())
    members.follow(FIRST, {A: Listed("1"), C: Listed("1")}, ())
    again = Members()
    again.owners = members.disputed()
    assert again.owners == {A: SECOND}
    again.take_up(FIRST, {A: Listed("1"), C: Listed("1")}, ())
    assert set(again.table) == {C}
    assert again.disputed() == {A: SECOND}
    again.take_up(SECOND, {A: Listed("1"), B: Listed("1")}, ())
    assert again.table == members.table


def test_a_start_gives_no_zone_away() -> None:
    members = Members()
    members.owners = {A: FIRST}
    members.take_up(FIRST, {A: Listed("1", heir=SECOND)}, ())
    members.take_up(SECOND, {A: Listed("1")}, ())
    assert members.table[A].catalog == FIRST


def test_the_groups_of_a_zone_may_change_without_anything_else() -> None:
    members = Members()
    members.follow(FIRST, {A: Listed("1", ("x",)), B: Listed("1")}, ())
    assert members.follow(FIRST, {A: Listed("1", ("y",)), B: Listed("1")}, ()) == MemberChange(regrouped=(A,))
    assert members.table[A].groups == ("y",)


def test_a_promoted_zone_stays_as_it_is_until_it_is_promoted_no_more() -> None:
    members = Members()
    members.follow(FIRST, {A: Listed("1"), B: Listed("1")}, ())
    members.promoted = {A, B}
    assert members.follow(FIRST, {B: Listed("2")}, ()) == MemberChange()
    assert members.orphans() == [A]
    assert members.follow(SECOND, {A: Listed("1")}, ()) == MemberChange()
    again = Members()
    again.owners, again.promoted = members.disputed(), {A, B}
    again.take_up(FIRST, {B: Listed("2")}, ())
    assert again.orphans() == [A]
    members.promoted = ()
    assert members.catch_up(()) == MemberChange(reset=(B, A))
    assert members.configure({FIRST}, ()) == MemberChange(removed=(A,))


def test_what_is_found_out_with_a_copy_changes_nothing() -> None:
    members = Members()
    members.follow(FIRST, {A: Listed("1")}, ())
    members.broken[SECOND] = "it has no version"
    copy = members.copy()
    assert copy.follow(FIRST, {B: Listed("2")}, ()) == MemberChange(added=(B,), removed=(A,))
    copy.broken.clear()
    assert members.table == {A: Membership(FIRST, "1")}
    assert members.broken == {SECOND: "it has no version"}
    assert members.follow(FIRST, {A: Listed("1")}, ()) == MemberChange()
