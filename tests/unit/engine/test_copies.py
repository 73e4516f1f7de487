"""Copies of served zones: prepared unseen, served in one step, with the differences that led to them."""

from __future__ import annotations

from collections.abc import Iterator

import dns.message
import dns.rdatatype
import pytest

from understudy.engine import Engine, Prepared, StaleVersionError, Zone, ZoneNotFoundError

A = 1
SERIAL = 2026112201
"""Of the fixture's zone file."""


@pytest.fixture
def engine(zone: Zone) -> Iterator[Engine]:
    engine = Engine([])
    engine.publish_zone(zone, [])
    yield engine
    engine.stop()


def address(last: int) -> bytes:
    return bytes([192, 0, 2, last])


def view(*addresses: int, owner: str = "www.example.com.", ttl: int = 30) -> tuple[str, int, int, list[bytes]]:
    return (owner, A, ttl, [address(last) for last in addresses])


def answered_serial(engine: Engine) -> int:
    query = dns.message.make_query("example.com.", "SOA")
    reply = engine.answer(query.to_wire())
    assert reply is not None
    (soa,) = dns.message.from_wire(reply).answer[0]
    return int(soa.serial)


def committed(engine: Engine, serial: int, views: list[tuple[str, int, int, list[bytes]]]) -> Prepared:
    prepared = engine.prepare("example.com.", serial, views)
    engine.commit(prepared)
    return prepared


def test_a_prepared_copy_is_seen_by_nobody_before_it_is_committed(engine: Engine, zone: Zone) -> None:
    prepared = engine.prepare("example.com.", 7, [view(1)], zone)
    assert (prepared.serial, prepared.difference, prepared.is_same) == (7, None, False)
    assert answered_serial(engine) == SERIAL
    engine.commit(prepared)
    assert answered_serial(engine) == 7
    assert [(origin, serial) for origin, serial, _ in engine.zones()] == [("example.com.", 7)]


def test_what_differs_from_the_copy_before_is_told(engine: Engine, zone: Zone) -> None:
    engine.commit(engine.prepare("example.com.", 7, [view(1)], zone))
    prepared = engine.prepare("example.com.", 8, [view(2)])
    difference = prepared.difference
    assert difference is not None
    assert not prepared.is_same
    assert address(1) in difference
    assert address(2) in difference
    assert difference.index(address(1)) < difference.index(address(2)), "deletions stand before additions"


def test_a_copy_that_has_nothing_new_is_the_same_and_has_the_same_digest(engine: Engine, zone: Zone) -> None:
    first = engine.prepare("example.com.", 7, [view(1)], zone)
    engine.commit(first)
    same = engine.prepare("example.com.", 8, [view(1)])
    other = engine.prepare("example.com.", 8, [view(1, 2)])
    assert (same.is_same, other.is_same) == (True, False)
    assert same.digest == first.digest
    assert other.digest != first.digest
    assert len(first.digest) == 16


def test_the_digest_of_changes_is_that_of_the_zone_made_at_once(engine: Engine, zone: Zone) -> None:
    engine.commit(engine.prepare("example.com.", 7, [view(1)], zone))
    committed(engine, 8, [view(2, 3), view(owner="ns1.example.com.")])
    step = engine.prepare("example.com.", 9, [view(4, owner="new.example.com.")])
    views = [view(2, 3), view(owner="ns1.example.com."), view(4, owner="new.example.com.")]
    assert engine.prepare("example.com.", 9, views, zone).digest == step.digest


def test_a_base_is_compared_with_the_copy_as_a_whole(engine: Engine, zone: Zone) -> None:
    engine.commit(engine.prepare("example.com.", 7, [view(1)], zone))
    reloaded = engine.prepare("example.com.", 8, [view(1)], zone)
    assert reloaded.is_same
    text = zone.to_master_file().replace("198.51.100", "203.0.113") + "more 60 IN A 192.0.2.99\n"
    other = engine.prepare("example.com.", 8, [view(1)], Zone.parse("example.com.", text.encode()))
    assert other.difference is not None
    assert address(99) in other.difference
    assert address(1) not in other.difference


def test_a_copy_prepared_before_another_was_committed_is_stale(engine: Engine, zone: Zone) -> None:
    early = engine.prepare("example.com.", 7, [], zone)
    engine.commit(engine.prepare("example.com.", 8, [], zone))
    late = engine.prepare("example.com.", 9, [view(1)])
    committed(engine, 10, [view(2)])
    for stale in (early, late):
        with pytest.raises(StaleVersionError, match=r"another copy of example\.com\. has been served"):
            engine.commit(stale)
    assert answered_serial(engine) == 10


@pytest.mark.parametrize("serial", [7, 6, 7 + 2**31])
def test_a_serial_that_no_secondary_would_take_is_refused(engine: Engine, zone: Zone, serial: int) -> None:
    engine.commit(engine.prepare("example.com.", 7, [], zone))
    with pytest.raises(ValueError, match="is not newer than 7, which is served"):
        engine.prepare("example.com.", serial % 2**32, [view(1)])


def test_a_reloaded_zone_keeps_the_serial_of_its_copy(engine: Engine, zone: Zone) -> None:
    engine.commit(engine.prepare("example.com.", SERIAL + 5, [], zone))
    engine.publish_zone(zone, [])
    assert answered_serial(engine) == SERIAL + 5
    engine.publish("example.com.", [("www.example.com.", A, "nodata", 5, None, "one", [])])
    assert answered_serial(engine) == SERIAL + 5


def test_a_zone_that_was_withdrawn_begins_anew(engine: Engine, zone: Zone) -> None:
    engine.commit(engine.prepare("example.com.", 7, [], zone))
    late = engine.prepare("example.com.", 8, [])
    engine.withdraw_zone("example.com.")
    with pytest.raises(ZoneNotFoundError):
        engine.commit(late)
    engine.publish_zone(zone, [])
    with pytest.raises(StaleVersionError):
        engine.commit(late)
    with pytest.raises(ValueError, match="has no copy yet"):
        engine.prepare("example.com.", 9, [])


def test_views_and_bases_that_are_not_of_the_zone_are_refused(engine: Engine, zone: Zone) -> None:
    for views, why in (
        ([view(1, owner="www.example.net.")], "is not in the zone"),
        ([("www.example.com.", A, 30, [b"abc"])], "malformed A rdata"),
        ([("www.example.com.", 255, 30, [b"abc"])], "cannot have ANY records"),
        ([view(1, ttl=2**31)], "is more than 2147483647 seconds"),
    ):
        with pytest.raises(ValueError, match=why):
            engine.prepare("example.com.", 7, views, zone)
    other = Zone.parse("example.net.", b"@ 60 SOA a b 1 2 3 4 5\n@ 60 NS a\n")
    with pytest.raises(ValueError, match=r"the zone to begin from is example\.net\."):
        engine.prepare("example.com.", 7, [], other)
    with pytest.raises(ZoneNotFoundError):
        engine.prepare("example.net.", 7, [], other)


def test_differences_of_an_earlier_run_hold_as_far_as_they_lead_to_the_copy(engine: Engine, zone: Zone) -> None:
    engine.commit(engine.prepare("example.com.", 7, [view(1)], zone))
    steps = [committed(engine, serial, [view(serial)]).difference for serial in (8, 9, 10)]
    differences = [step for step in steps if step is not None]
    assert len(differences) == 3
    damaged = differences[1][:-1] + bytes([differences[1][-1] ^ 1])
    for restored, holding in (
        (differences, 3),
        (differences[1:], 2),
        (differences[:2], 0),
        ([differences[0], damaged, differences[2]], 1),
        ([], 0),
    ):
        other = Engine([])
        other.publish_zone(zone, [])
        with pytest.raises(ValueError, match="has no copy yet"):
            other.restore_history("example.com.", restored)
        other.commit(other.prepare("example.com.", 10, [view(10)], zone))
        assert other.restore_history("example.com.", restored) == holding
    with pytest.raises(ZoneNotFoundError):
        engine.restore_history("example.net.", differences)


def test_access_is_for_networks_and_keys_of_a_served_zone(engine: Engine) -> None:
    engine.set_access("example.com.", ["192.0.2.0/24", "2001:db8::1"], ["corp-key"])
    engine.set_access("example.com.", [], [], [("192.0.2.0/24", "corp-key")])
    for networks, keys in ((["192.0.2.1/24"], []), (["corp"], []), ([], ["a..b"])):
        with pytest.raises(ValueError, match="is not a"):
            engine.set_access("example.com.", networks, keys)
    for both in (("corp", "corp-key"), ("192.0.2.0/24", "a..b")):
        with pytest.raises(ValueError, match="is not a"):
            engine.set_access("example.com.", [], [], [both])
    with pytest.raises(ZoneNotFoundError):
        engine.set_access("example.net.", [], [])
