"""What the engine is told: only what changed, each zone in one step."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import dns.message
import pytest

from understudy.engine import Engine, Zone
from understudy.model.decision import Decision, Mode, Selector, Variant
from understudy.model.endpoint import Family
from understudy.model.name import Name
from understudy.service.publisher import Publication, Publisher
from understudy.testing.builders import EXAMPLE, endpoint, name
from understudy.testing.virtual_time import VirtualClock, run_virtual

ZONE = b"$TTL 1h\n@ IN SOA ns1 h 1 1h 15m 1w 60\n@ IN NS ns1\nns1 IN A 192.0.2.53\n"
WWW = name("www.example.com")


def decision(*addresses: str, owner: Name = WWW, ttl_s: int = 30, mode: Mode = Mode.NORMAL) -> Decision:
    variants = (Variant(tuple(endpoint(each) for each in addresses)),) if addresses else ()
    return Decision(owner, Family.IPV4, mode, 0, Selector.ONE, variants, ttl_s, None, 0.0, ())


class ListeningEngine:
    """The engine, and what it was told."""

    def __init__(self) -> None:
        self.engine = Engine([])
        self.told: list[tuple[str, list[str]]] = []

    def publish(self, origin: str, sets: Sequence[Any]) -> None:
        self.told.append((origin, [each[0] for each in sets]))
        self.engine.publish(origin, sets)

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self.engine, attribute)

    def ask(self, owner: str = "www.example.com") -> str:
        wire = self.engine.answer(dns.message.make_query(owner, "A").to_wire(), transport="tcp")
        assert wire is not None
        response = dns.message.from_wire(wire)
        return ", ".join(each.to_text() for rrset in response.answer for each in rrset) or response.rcode().name


def publisher() -> tuple[Publisher, ListeningEngine]:
    engine: Any = ListeningEngine()

    async def main(clock: VirtualClock) -> Publisher:
        return Publisher(engine, clock)

    made = run_virtual(main)
    www = made.render(EXAMPLE, WWW, [decision("192.0.2.10")])
    made.publish_zones({EXAMPLE: Publication(Zone.parse("example.com.", ZONE), {WWW: www})})
    return made, engine


def test_a_zone_and_its_records_are_served_in_one_step() -> None:
    made, engine = publisher()
    assert engine.ask() == "192.0.2.10"
    assert engine.told == []
    assert made.count_steered() == {EXAMPLE: 1}


def test_only_what_is_another_answer_is_published() -> None:
    made, engine = publisher()
    assert made.publish({WWW: (EXAMPLE, [decision("192.0.2.10")])}) == 0
    assert engine.told == []
    assert made.publish({WWW: (EXAMPLE, [decision("192.0.2.11")])}) == 1
    assert engine.told == [("example.com.", ["www.example.com."])]
    assert engine.ask() == "192.0.2.11"


def test_another_ttl_is_another_answer() -> None:
    made, _ = publisher()
    assert made.publish({WWW: (EXAMPLE, [decision("192.0.2.10", ttl_s=5)])}) == 2, "AAAA has nothing with it"


def test_an_answer_that_was_due_to_change_before_this_host_booted_is_served() -> None:
    """As after a reboot in which an override ended or a hold was over: the clock of the engine begins at the boot."""
    made, engine = publisher()
    overdue = replace(decision("192.0.2.11"), due=-1e9)
    assert made.publish({WWW: (EXAMPLE, [overdue])}) == 2
    assert engine.ask() == "192.0.2.11"


def test_records_of_one_zone_go_out_together() -> None:
    made, engine = publisher()
    others = [name(f"r{number}.example.com") for number in range(3)]
    made.publish({owner: (EXAMPLE, [decision("192.0.2.1", owner=owner)]) for owner in others})
    assert [origin for origin, _ in engine.told] == ["example.com."]
    assert engine.ask("r2.example.com") == "192.0.2.1"


def test_a_record_that_decides_nothing_any_more_is_the_zones_own_again() -> None:
    made, engine = publisher()
    made.publish({WWW: (EXAMPLE, [])})
    assert engine.ask() == "NXDOMAIN"


@pytest.mark.parametrize(("mode", "rcode"), [(Mode.NODATA, "NOERROR"), (Mode.SERVFAIL, "SERVFAIL")])
def test_nothing_to_answer_is_never_nxdomain(mode: Mode, rcode: str) -> None:
    made, engine = publisher()
    made.publish({WWW: (EXAMPLE, [decision(mode=mode)])})
    assert engine.ask() == rcode


def test_records_of_a_zone_that_is_not_served_wait_for_it() -> None:
    made, engine = publisher()
    other = name("www.example.net")
    assert made.publish({other: (name("example.net"), [decision("192.0.2.1", owner=other)])}) == 0
    assert engine.ask("www.example.net") == "REFUSED"


def test_a_zone_that_goes_takes_its_records_with_it() -> None:
    made, engine = publisher()
    made.withdraw_zones((EXAMPLE,))
    assert engine.ask() == "REFUSED"
    assert not made.count_steered()
    assert made.publish({WWW: (EXAMPLE, [decision("192.0.2.11")])}) == 0
