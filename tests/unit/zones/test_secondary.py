"""The state chart of a zone that comes from other servers."""

from __future__ import annotations

import math
import struct

import pytest

from understudy.model.transfer import Primary
from understudy.zones.secondary import (
    INTERVAL_MAX_S,
    PAUSE_FIRST_S,
    PAUSE_GROWTH,
    PAUSE_MAX_S,
    Offer,
    Secondary,
    Standing,
    Timers,
    worth_fetching,
)

NOW = 1_700_000_000.0
TIMERS = Timers(refresh_s=100.0, retry_s=10.0, expire_s=1000.0)
EMPTY = Secondary.empty(NOW)
CURRENT = EMPTY.refreshed(TIMERS, NOW, chance=0.0)
RETRYING = CURRENT.failed(NOW + 100, chance=0.0)
EXPIRED = RETRYING.at(NOW + 1000)
PROMOTED = EXPIRED.promoted()


def soa(refresh: int, retry: int, expire: int) -> bytes:
    return b"\x02ns\0\0" + struct.pack(">IIIII", 7, refresh, retry, expire, 60)


@pytest.mark.parametrize(
    ("before", "success", "failure", "after_expire"),
    [
        (EMPTY, Standing.CURRENT, Standing.EMPTY, Standing.EMPTY),
        (CURRENT, Standing.CURRENT, Standing.RETRYING, Standing.EXPIRED),
        (RETRYING, Standing.CURRENT, Standing.RETRYING, Standing.EXPIRED),
        (EXPIRED, Standing.CURRENT, Standing.EXPIRED, Standing.EXPIRED),
        (PROMOTED, Standing.PROMOTED, Standing.PROMOTED, Standing.PROMOTED),
    ],
)
def test_the_chart_is_kept(before: Secondary, success: Standing, failure: Standing, after_expire: Standing) -> None:
    soon = NOW + 500
    assert before.refreshed(TIMERS, soon, chance=0.0).standing is success
    assert before.failed(soon, chance=0.0).standing is failure
    assert before.at(NOW + 999.9).standing is before.standing
    assert before.at(NOW + 1000).standing is after_expire


@pytest.mark.parametrize("before", [CURRENT, RETRYING, EXPIRED])
def test_whatever_has_a_version_can_be_promoted_and_asks_nobody_until_it_is_demoted(before: Secondary) -> None:
    promoted = before.promoted()
    assert (promoted.standing, promoted.is_served, promoted.expires_at) == (Standing.PROMOTED, True, None)
    assert promoted.asked_for(NOW).due == math.inf
    demoted = promoted.demoted(NOW + 9000)
    assert (demoted.standing, demoted.due, demoted.expires_at) == (Standing.RETRYING, NOW + 9000, NOW + 10_000)


def test_what_is_not_here_cannot_be_promoted_and_what_is_not_promoted_not_demoted() -> None:
    assert EMPTY.promoted() is EMPTY
    assert CURRENT.demoted(NOW) is CURRENT


def test_each_standing_is_asked_for_again_in_its_own_time() -> None:
    assert EMPTY.due == NOW
    assert CURRENT.due == NOW + 100
    assert RETRYING.due == NOW + 110
    assert EXPIRED.failed(NOW + 2000, chance=0.0).due == NOW + 2010


def test_a_zone_that_never_came_is_asked_for_less_and_less_often() -> None:
    zone, pauses = EMPTY, []
    for _ in range(30):
        before, zone = zone.due, zone.failed(zone.due, chance=0.0)
        pauses.append(zone.due - before)
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (PAUSE_FIRST_S, PAUSE_MAX_S)
    assert sum(pause < PAUSE_MAX_S for pause in pauses) < 20, "in the first five minutes"


def test_a_primary_that_begins_is_found_after_a_quarter_more_of_the_time_that_it_took() -> None:
    zone = EMPTY
    while zone.due < NOW + 60:
        before, zone = zone.due, zone.failed(zone.due, chance=0.0)
        assert zone.due <= NOW + PAUSE_FIRST_S + PAUSE_GROWTH * (before - NOW)


def test_a_zone_that_nobody_is_answered_is_asked_for_once_a_minute_at_the_least() -> None:
    slow = Timers(3600.0, 900.0, 5000.0)
    zone = EMPTY.renewed(slow, NOW, chance=0.0).failed(NOW + 4000, chance=0.0)
    assert (zone.standing, zone.due) == (Standing.RETRYING, NOW + 4900)
    zone = zone.failed(NOW + 4900, chance=0.0).at(NOW + 5000)
    assert (zone.standing, zone.due) == (Standing.EXPIRED, NOW + 5000 + PAUSE_MAX_S)
    zone = zone.failed(NOW + 6000, chance=0.0)
    assert (zone.standing, zone.due) == (Standing.EXPIRED, NOW + 6000 + PAUSE_MAX_S)


def test_chance_makes_questions_earlier_and_never_later() -> None:
    assert EMPTY.refreshed(TIMERS, NOW, chance=1.0).due == pytest.approx(NOW + 90)
    assert CURRENT.failed(NOW, chance=1.0).due == pytest.approx(NOW + 9)


def test_expiry_counts_from_the_last_success_across_restarts() -> None:
    restored = Secondary.restored(TIMERS, NOW, NOW + 999)
    assert (restored.standing, restored.due, restored.is_served) == (Standing.RETRYING, NOW + 999, True)
    assert restored.expires_at == NOW + 1000
    assert Secondary.restored(TIMERS, NOW, NOW + 1001).standing is Standing.EXPIRED
    assert not Secondary.restored(TIMERS, NOW, NOW + 1001).is_served


def test_a_success_in_the_future_counts_as_now() -> None:
    assert Secondary.restored(TIMERS, NOW + 1e6, NOW).expires_at == NOW + 1000


def test_a_failure_does_not_put_expiry_off() -> None:
    zone = CURRENT
    for _ in range(200):
        zone = zone.failed(zone.due, chance=0.5)
    assert zone.standing is Standing.EXPIRED
    assert zone.expires_at == NOW + 1000
    assert zone.refreshed(TIMERS, NOW + 5000, chance=0.0).is_served


STATED = Timers(refresh_s=100.0, retry_s=10.0, expire_s=1000.0, stated_expire_s=1000.0)


@pytest.mark.parametrize(("left_s", "expires_in_s"), [(None, 1000), (1000, 1000), (5000, 1000), (999, 999), (1, 1)])
def test_a_newer_version_is_good_for_as_long_as_where_it_came_from(left_s: float | None, expires_in_s: float) -> None:
    for before in (EMPTY, CURRENT, RETRYING, EXPIRED):
        assert before.renewed(STATED, NOW + 500, chance=0.0, left_s=left_s).expires_at == NOW + 500 + expires_in_s


@pytest.mark.parametrize(
    ("left_s", "expires_in_s"), [(None, 1000), (1000, 1000), (5000, 1000), (700, 700), (500, 500), (499, 500), (0, 500)]
)
def test_a_version_that_is_confirmed_is_good_for_the_longer_of_both(left_s: float | None, expires_in_s: float) -> None:
    zone = RETRYING.refreshed(STATED, NOW + 500, chance=0.0, left_s=left_s)
    assert (zone.standing, zone.expires_at) == (Standing.CURRENT, NOW + 500 + expires_in_s)


def test_what_has_expired_there_too_is_not_good_again() -> None:
    assert EXPIRED.refreshed(STATED, NOW + 2000, chance=0.0, left_s=0).standing is Standing.EXPIRED
    assert EXPIRED.refreshed(STATED, NOW + 2000, chance=0.0, left_s=1).standing is Standing.CURRENT
    assert PROMOTED.renewed(STATED, NOW + 2000, chance=0.0, left_s=0) is PROMOTED


def test_a_primary_whose_soa_expires_too_soon_to_be_asked_twice_is_still_the_primary() -> None:
    timers = Timers.of_soa(soa(100, 50, 1))
    assert EMPTY.renewed(timers, NOW, chance=0.0, left_s=1).expires_at == NOW + 150


def test_who_is_told_of_something_new_asks_at_once_and_not_later() -> None:
    assert CURRENT.asked_for(NOW + 3).due == NOW + 3
    assert CURRENT.asked_for(NOW + 300).due == NOW + 100


@pytest.mark.parametrize(
    ("numbers", "timers"),
    [
        ((3600, 600, 86400), Timers(3600, 600, 86400, 86400)),
        ((0, 0, 0), Timers(2, 2, 4, 0)),
        ((100, 50, 1), Timers(100, 50, 150, 1)),
        ((2**32 - 1, 2**32 - 1, 2**32 - 1), Timers(INTERVAL_MAX_S, INTERVAL_MAX_S, 2**32 - 1, 2**32 - 1)),
    ],
)
def test_timers_are_those_of_the_soa_within_reason(numbers: tuple[int, int, int], timers: Timers) -> None:
    assert Timers.of_soa(soa(*numbers)) == timers


FIRST, SECOND, THIRD = (Primary(f"192.0.2.{last}", 53) for last in (1, 2, 3))


@pytest.mark.parametrize(
    ("serials", "held", "order"),
    [
        ((5, 5, 5), 5, ()),
        ((4, 3, 5), 5, ()),
        ((5, 6, 5), 5, (SECOND,)),
        ((6, 7, 6), 5, (SECOND, FIRST, THIRD)),
        ((6, 6, 6), 5, (FIRST, SECOND, THIRD)),
        ((5, 1, 5), 2**32 - 1, (FIRST, THIRD, SECOND)),
        ((1, 3, 2), None, (SECOND, THIRD, FIRST)),
        ((0, 0, 2**32 - 1), None, (FIRST, SECOND, THIRD)),
    ],
)
def test_the_newest_offer_is_fetched_first(
    serials: tuple[int, int, int], held: int | None, order: tuple[Primary, ...]
) -> None:
    offers = [Offer(primary, serial) for primary, serial in zip((FIRST, SECOND, THIRD), serials, strict=True)]
    assert tuple(offer.primary for offer in worth_fetching(offers, held)) == order


@pytest.mark.parametrize(
    ("left_s", "pause_s"),
    [(1000.0, 100.0), (110.0, 100.0), (109.0, 10.0), (21.0, 10.0), (12.0, 6.0), (3.0, 2.0), (-5.0, 2.0)],
)
def test_what_is_good_for_a_short_time_only_is_asked_for_sooner(left_s: float, pause_s: float) -> None:
    assert TIMERS.pause_s(left_s) == pause_s


def test_a_version_that_a_peer_confirms_for_a_short_time_is_asked_for_again_before_it_expires() -> None:
    later = NOW + 900
    confirmed = CURRENT.refreshed(TIMERS, later, chance=0.0, left_s=100.0)
    assert confirmed.expires_at == NOW + 1000
    assert confirmed.due == later + 10
    assert CURRENT.refreshed(TIMERS, later, chance=0.0).due == later + 100
