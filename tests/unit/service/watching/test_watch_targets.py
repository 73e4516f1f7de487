"""What is found out once for all zones whose servers are looked for together."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path

import pytest

from understudy.engine import Zone
from understudy.model.transfer import NotifyTarget, Primary, TransferOut
from understudy.model.watch import ServerPlace
from understudy.model.zone import ZoneDefinition, ZoneSource
from understudy.service.watching import watch_targets
from understudy.service.watching.addresses import Unsaid
from understudy.service.watching.watch_targets import Host, Ways, find_targets
from understudy.service.zone_table import LoadedZone
from understudy.testing.builders import name


def test_the_system_is_asked_for_each_address_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def is_own(address: str) -> bool:
        asked.append(address)
        return address == "192.0.2.1"

    monkeypatch.setattr(watch_targets, "is_own", is_own)
    host = Host(["192.0.2.1:53"])
    assert [host.is_own(f"192.0.2.{last}") for last in (1, 2, 1, 2)] == [True, False, True, False]
    assert asked == ["192.0.2.1", "192.0.2.2"]


def test_servers_see_what_is_written_beside_them_else_the_address_of_their_family() -> None:
    told = TransferOut((), (), (NotifyTarget("192.0.2.54", 53, via="192.0.2.2"), NotifyTarget("192.0.2.55", 53)))
    primaries = (Primary("192.0.2.56", 5300, via="192.0.2.3"),)
    definition = ZoneDefinition(name("example.com"), ZoneSource.TRANSFER, Path("/nonexistent"), told, primaries)
    ways = Ways(definition, ["2001:db8::1", "192.0.2.1"])
    servers = [("192.0.2.54", 53), ("192.0.2.55", 53), ("192.0.2.56", 5300), ("192.0.2.56", 53), ("2001:db8::54", 53)]
    assert [ways.to(*server).via for server in servers] == ["192.0.2.2", "", "192.0.2.3", "192.0.2.1", "2001:db8::1"]


def test_a_primary_is_upstream_whatever_it_sees() -> None:
    primary = Primary("192.0.2.54", 53, via="192.0.2.1")
    definition = ZoneDefinition(name("example.com"), ZoneSource.TRANSFER, Path("/nonexistent"), None, (primary,))
    text = b"@ 60 SOA ns2 hostmaster 7 60 60 60 60\n@ 60 NS ns2\nns2 60 A 192.0.2.54\n"
    loaded = LoadedZone(definition, Zone.parse("example.com.", text), 0.0)

    async def nobody(_host: str) -> Collection[str]:
        return ()

    (found,) = asyncio.run(find_targets(loaded, {}, Host([]), resolve=nobody))
    place = ServerPlace("192.0.2.54", 53, via="192.0.2.1")
    assert (found.name, found.place, found.is_upstream) == ("ns2.example.com", place, True)


@pytest.mark.parametrize(
    ("listen", "place", "expected"),
    [
        ("192.0.2.9:53", ServerPlace("192.0.2.9", 53), True),  # as it is written
        ("127.0.0.1:53", ServerPlace("127.0.0.1", 5300), False),
        ("0.0.0.0:53", ServerPlace("127.0.0.1", 53), True),
        ("0.0.0.0:53", ServerPlace("192.0.2.9", 53), False),  # another host's
        ("[::]:53", ServerPlace("127.0.0.1", 53), False),
    ],
)
def test_this_server_answers_where_it_listens_and_at_all_addresses_of_its_host(
    listen: str, place: ServerPlace, *, expected: bool
) -> None:
    assert Host([listen]).is_listening(place) is expected


@pytest.mark.parametrize("server", ["ns.example.net", "example.net"])
def test_a_name_server_in_another_zone_that_is_served_here_needs_no_resolver(server: str) -> None:
    definition = ZoneDefinition(name("example.com"), ZoneSource.FILE, Path("/nonexistent"))
    own = f"@ 60 SOA a h 7 1 1 1 1\n@ 60 NS {server}.\n"
    here = LoadedZone(definition, Zone.parse("example.com.", own.encode()), 0.0)
    text = f"@ 60 SOA ns h 7 1 1 1 1\n@ 60 NS ns\nns 60 A 192.0.2.54\n{server}. 60 A 192.0.2.54\n".encode()
    there = LoadedZone(definition, Zone.parse("example.net.", text), 0.0)

    async def unasked(host: str) -> Collection[str]:
        raise AssertionError(f"asked for {host}")

    (found,) = asyncio.run(find_targets(here, {name("example.net"): there}, Host([]), resolve=unasked))
    assert (found.name, found.place) == (server, ServerPlace("192.0.2.54", 53))


def test_primaries_are_watched_also_where_no_record_names_them() -> None:
    definition = ZoneDefinition(
        name("example.com"), ZoneSource.TRANSFER, Path("/nonexistent"), None, (Primary("192.0.2.56", 5300),)
    )
    text = b"@ 60 SOA ns2 h 7 1 1 1 1\n@ 60 NS ns2\nns2 60 A 192.0.2.54\n"
    loaded = LoadedZone(definition, Zone.parse("example.com.", text), 0.0)

    async def nobody(_host: str) -> Collection[str]:
        return ()

    found = asyncio.run(find_targets(loaded, {}, Host([]), resolve=nobody))
    assert {(str(each), each.is_upstream) for each in found} == {
        ("ns2.example.com (192.0.2.54:53)", False),
        ("192.0.2.56:5300", True),
    }


def test_names_that_the_resolver_knows_not_are_told_from_those_that_it_does_not_speak_of() -> None:
    definition = ZoneDefinition(name("example.com"), ZoneSource.FILE, Path("/nonexistent"))
    text = b"@ 60 SOA a h 7 1 1 1 1\n@ 60 NS none.example.net.\n@ 60 NS silent.example.net.\n"
    loaded = LoadedZone(definition, Zone.parse("example.com.", text), 0.0)

    async def say(host: str) -> Collection[str] | Unsaid:
        return Unsaid("why") if host.startswith("silent") else ()

    found = asyncio.run(find_targets(loaded, {}, Host([]), resolve=say))
    stands = {each.name: (each.place, each.is_unresolved) for each in found}
    assert stands == {"none.example.net": (None, False), "silent.example.net": (None, True)}
