"""Zones that come, go and are expected from elsewhere, in any order: who answers for a name, by a plain model."""

from __future__ import annotations

import random

import dns.message
import dns.rcode
import pytest

from understudy.engine import Engine, Zone, ZoneNotFoundError

ORIGINS = [f"{'a.' * (number % 3)}z{number}.example." for number in range(200)] + ["example.", "a.z1.example."]
ROUNDS = 600


def content(origin: str) -> Zone:
    return Zone.parse(origin, b"@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns\n* 60 TXT x\n")


def rcode(engine: Engine, name: str) -> int:
    wire = engine.answer(dns.message.make_query(name, "TXT").to_wire())
    return dns.message.from_wire(wire or b"").rcode()


def nearest(name: str, origins: set[str]) -> str:
    return max((origin for origin in origins if name.endswith(f".{origin}")), key=len, default="")


def test_each_name_is_answered_from_the_nearest_zone_that_is_here_or_should_be() -> None:
    engine, chance = Engine([]), random.Random(9432)
    here: set[str] = set()
    expected: set[str] = set()
    for _ in range(ROUNDS):
        origin = chance.choice(ORIGINS)
        if chance.random() < 0.02:
            expected = set(chance.sample(ORIGINS, chance.choice([0, 3, 150])))
            engine.set_secondaries([(each, ["192.0.2.1"], []) for each in expected])
        elif origin in here and chance.random() < 0.05:
            going = chance.sample(sorted(here), chance.randrange(len(here) + 1))
            engine.withdraw_zones(going)
            here.difference_update(going)
        elif origin in here and chance.random() < 0.3:
            engine.withdraw_zone(origin)
            here.discard(origin)
        else:
            engine.publish_zone(content(origin), [])
            here.add(origin)
        for name in (f"x.{origin}", f"x.{chance.choice(ORIGINS)}"):
            found = nearest(name, here | expected)
            wanted = dns.rcode.REFUSED if not found else dns.rcode.NOERROR if found in here else dns.rcode.SERVFAIL
            assert rcode(engine, name) == wanted
    assert {origin for origin, _, _ in engine.zones()} == here
    engine.stop()


def test_zones_go_together_or_not_at_all() -> None:
    engine = Engine([])
    engine.publish_zones([(content(origin), [], None) for origin in ORIGINS[:3]])
    with pytest.raises(ZoneNotFoundError):
        engine.withdraw_zones([*ORIGINS[:2], ORIGINS[7]])
    assert len(engine.zones()) == 3
    engine.withdraw_zones([])
    engine.withdraw_zones([ORIGINS[0].upper(), ORIGINS[2], ORIGINS[2]])
    assert [origin for origin, _, _ in engine.zones()] == [ORIGINS[1]]
    engine.stop()
