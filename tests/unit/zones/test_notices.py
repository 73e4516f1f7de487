"""Each secondary is told of the newest version until it answers."""

from __future__ import annotations

from understudy.model.transfer import NotifyTarget
from understudy.model.watch import ServerPlace
from understudy.testing.builders import name
from understudy.zones.notices import GIVE_UP_S, Notice, Notices, Told

ZONE = name("example.com")
ONE, TWO = NotifyTarget("192.0.2.53", 53), NotifyTarget("192.0.2.54", 53)


def sent(notices: Notices, until: float) -> list[float]:
    """When something was sent from 0 on, seconds."""
    moments = []
    while (due := notices.next_due()) is not None and due <= until:
        if notices.take(due)[0]:
            moments.append(due)
    return moments


def test_a_new_version_is_told_at_once_and_again_until_it_is_acknowledged() -> None:
    notices = Notices()
    notices.announce(ZONE, 7, [ONE, TWO], now=0.0)
    due, given_up = notices.take(0.0)
    assert (due, given_up) == ([Notice(ZONE, ONE, 7), Notice(ZONE, TWO, 7)], [])
    notices.acknowledge(Notice(ZONE, ONE, 7), 0.5)
    assert notices.take(1.0)[0] == [Notice(ZONE, TWO, 7)]
    assert list(notices.standing(ZONE)) == [(ONE, Told(7, 0.5, has_zone=True), False), (TWO, Told(), True)]


def test_the_pauses_double_to_a_minute_and_end_after_ten() -> None:
    """RFC 1996 3.6 suggests the minute."""
    notices = Notices()
    notices.announce(ZONE, 7, [ONE], now=0.0)
    assert sent(notices, 200.0) == [0, 1, 3, 7, 15, 31, 63, 123, 183]
    assert sent(notices, 2 * GIVE_UP_S)[-1] < GIVE_UP_S
    assert notices.next_due() is None
    ((_, told, is_pending),) = notices.standing(ZONE)
    assert (told.problem, is_pending) == ("no answer to NOTIFY of serial 7 in 10 minutes", False)


def test_servers_that_are_found_later_are_told_and_nobody_twice() -> None:
    notices = Notices()
    assert not notices.amend(ZONE, [ONE], now=0.0)
    notices.announce(ZONE, 7, [ONE], now=0.0)
    notices.take(0.0)
    notices.acknowledge(Notice(ZONE, ONE, 7), 0.1)
    assert notices.amend(ZONE, [ONE, TWO], now=0.2)
    assert notices.take(0.2)[0] == [Notice(ZONE, TWO, 7)]
    assert not notices.amend(ZONE, [ONE, TWO], now=0.3)
    assert list(notices.standing(ZONE)) == [(ONE, Told(7, 0.1, has_zone=True), False), (TWO, Told(), True)]
    assert not notices.amend(ZONE, [ONE], now=0.4)
    assert list(notices.standing(ZONE)) == [(ONE, Told(7, 0.1, has_zone=True), False)]
    assert notices.next_due() is None


def test_what_is_given_up_is_said_once() -> None:
    notices = Notices()
    notices.announce(ZONE, 7, [ONE], now=0.0)
    notices.take(0.0)
    assert notices.take(GIVE_UP_S) == ([], [Notice(ZONE, ONE, 7)])
    assert notices.take(GIVE_UP_S) == ([], [])


def test_only_the_newest_serial_is_told_and_at_once() -> None:
    notices = Notices()
    notices.announce(ZONE, 7, [ONE], now=0.0)
    notices.take(0.0)
    notices.announce(ZONE, 8, [ONE], now=0.2)
    assert notices.take(0.2)[0] == [Notice(ZONE, ONE, 8)]
    notices.acknowledge(Notice(ZONE, ONE, 7), 0.3)
    assert list(notices.standing(ZONE)) == [(ONE, Told(7, 0.3, has_zone=True), True)]
    notices.acknowledge(Notice(ZONE, ONE, 8), 0.4)
    assert list(notices.standing(ZONE)) == [(ONE, Told(8, 0.4, has_zone=True), False)]


def test_the_newest_news_come_first_and_what_was_told_before_last() -> None:
    notices, zones = Notices(), [name(f"z{number}.example") for number in range(5)]
    for zone in zones[:3]:
        notices.announce(zone, 7, [ONE], now=0.0)
    assert notices.take(0.0, 1) == ([Notice(zones[2], ONE, 7)], [])
    notices.announce(zones[3], 7, [ONE], now=1.0)
    notices.announce(zones[0], 8, [ONE], now=1.1)
    assert notices.next_due() is not None
    assert notices.take(1.1, 2)[0] == [Notice(zones[0], ONE, 8), Notice(zones[3], ONE, 7)]
    assert notices.take(1.1, 2)[0] == [Notice(zones[1], ONE, 7), Notice(zones[2], ONE, 7)]
    assert notices.take(1.1, 2)[0] == []
    assert notices.next_due() == 2.1


def test_a_refusal_ends_it_until_the_next_version() -> None:
    notices = Notices()
    notices.announce(ZONE, 7, [ONE], now=0.0)
    notices.refuse(Notice(ZONE, ONE, 7), "REFUSED")
    assert notices.next_due() is None
    assert [told.problem for _, told, _ in notices.standing(ZONE)] == ["REFUSED"]
    notices.announce(ZONE, 8, [ONE], now=1.0)
    notices.acknowledge(Notice(ZONE, ONE, 8), 1.1)
    assert list(notices.standing(ZONE)) == [(ONE, Told(8, 1.1, has_zone=True), False)]


def test_what_cannot_be_sent_is_tried_again_and_its_problem_stays_when_it_is_given_up() -> None:
    notices = Notices()
    notices.announce(ZONE, 7, [ONE], now=0.0)
    (notice,) = notices.take(0.0)[0]
    assert notices.hinder(notice, "no way")
    assert list(notices.standing(ZONE)) == [(ONE, Told(problem="no way"), True)]
    assert notices.take(0.9)[0] == []
    assert notices.take(1.0)[0] == [notice]
    assert not notices.hinder(notice, "no way")  # that is known
    assert notices.take(GIVE_UP_S) == ([], [])
    assert list(notices.standing(ZONE)) == [(ONE, Told(problem="no way"), False)]
    assert not notices.hinder(notice, "no way")  # it is over


def test_what_was_sent_at_last_and_not_answered_is_given_up_as_any_other() -> None:
    notices = Notices()
    notices.announce(ZONE, 7, [ONE], now=0.0)
    (notice,) = notices.take(0.0)[0]
    notices.hinder(notice, "no way")
    notices.take(1.0)
    assert notices.take(GIVE_UP_S) == ([], [notice])
    (told,) = (told for _, told, _ in notices.standing(ZONE))
    assert told.problem == "no answer to NOTIFY of serial 7 in 10 minutes"


def test_a_server_that_refused_is_told_once_more_when_it_is_seen_to_have_the_zone() -> None:
    notices, place = Notices(), ServerPlace(ONE.address, ONE.port)
    notices.announce(ZONE, 7, [ONE, TWO], now=0.0)
    notices.take(0.0)
    notices.refuse(Notice(ZONE, ONE, 7), "NOTAUTH")
    assert not notices.seen(name("example.net"), place, 0.4)
    assert not notices.seen(ZONE, ServerPlace(ONE.address, 5353), 0.4)
    assert notices.seen(ZONE, place, 0.5)
    assert notices.take(0.5)[0] == [Notice(ZONE, ONE, 7)]
    notices.refuse(Notice(ZONE, ONE, 7), "REFUSED")
    assert not notices.seen(ZONE, place, 0.6)
    assert [told.problem for _, told, _ in notices.standing(ZONE)] == ["REFUSED", ""]


def test_a_server_that_is_seen_to_have_the_zone_and_is_silent_is_told_as_before() -> None:
    notices = Notices()
    notices.announce(ZONE, 7, [ONE], now=0.0)
    notices.take(0.0)
    assert not notices.seen(ZONE, ServerPlace(ONE.address, ONE.port), 0.5)
    assert notices.next_due() == 1.0


def test_a_server_that_acknowledged_a_version_and_does_not_come_for_it_is_told_once_more() -> None:
    notices, place = Notices(), ServerPlace(ONE.address, ONE.port)
    notices.announce(ZONE, 7, [ONE, TWO], now=0.0)
    notices.take(0.0)
    assert not notices.lacking(ZONE, place, None, now=0.1), "it is told as before until it answers"
    notices.acknowledge(Notice(ZONE, ONE, 7), 0.2)
    assert not notices.lacking(ZONE, place, 6, now=1.1), "it may be fetching it"
    assert not notices.lacking(ZONE, place, 7, now=1.2), "it has it"
    assert not notices.lacking(ZONE, ServerPlace(ONE.address, 5353), 6, now=1.2)
    assert not notices.lacking(name("example.net"), place, 6, now=1.2)
    assert notices.lacking(ZONE, place, 6, now=1.2)
    assert Notice(ZONE, ONE, 7) in notices.take(1.2)[0]
    notices.acknowledge(Notice(ZONE, ONE, 7), 1.3)
    assert not notices.lacking(ZONE, place, 6, now=9.0), "once for each version"
    notices.announce(ZONE, 8, [ONE], now=10.0)
    notices.acknowledge(Notice(ZONE, ONE, 8), 10.1)
    assert notices.lacking(ZONE, place, None, now=12.0)


def test_a_server_that_refused_is_told_once_more_when_it_has_fetched_the_zone() -> None:
    """Also where nobody watches it; a client has any port."""
    notices, elsewhere = Notices(), NotifyTarget("192.0.2.99", 53)
    notices.announce(ZONE, 7, [ONE, elsewhere], now=0.0)
    notices.take(0.0)
    notices.refuse(Notice(ZONE, ONE, 7), "NOTAUTH")
    assert not notices.fetched(ZONE, elsewhere.address, 0.4)
    assert not notices.fetched(name("example.net"), ONE.address, 0.4)
    assert notices.fetched(ZONE, ONE.address, 0.5)
    assert notices.take(0.5)[0] == [Notice(ZONE, ONE, 7)]
    notices.refuse(Notice(ZONE, ONE, 7), "REFUSED")
    assert not notices.fetched(ZONE, ONE.address, 0.6)


def test_which_of_two_servers_at_one_address_has_fetched_the_zone_is_not_known() -> None:
    notices = Notices()
    notices.announce(ZONE, 7, [ONE, NotifyTarget(ONE.address, 5353)], now=0.0)
    notices.take(0.0)
    notices.refuse(Notice(ZONE, ONE, 7), "NOTAUTH")
    assert not notices.fetched(ZONE, ONE.address, 0.5)


def test_a_server_that_is_named_no_more_is_forgotten() -> None:
    notices = Notices()
    notices.announce(ZONE, 7, [ONE, TWO], now=0.0)
    notices.acknowledge(Notice(ZONE, TWO, 7), 0.1)
    notices.announce(ZONE, 8, [TWO], now=1.0)
    assert notices.take(1.0)[0] == [Notice(ZONE, TWO, 8)]
    assert list(notices.standing(ZONE)) == [(TWO, Told(7, 0.1, has_zone=True), True)]
    notices.forget(ZONE)
    assert notices.next_due() is None
    notices.acknowledge(Notice(ZONE, TWO, 8), 2.0)
    assert list(notices.standing(ZONE)) == []
