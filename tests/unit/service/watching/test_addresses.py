"""What the system's resolver says of a host, and what is kept of it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Collection

import pytest

from understudy.service.watching.addresses import AT_ONCE, FRESH_S, RESOLVE_S, Addresses, Unsaid, resolve
from understudy.testing.builders import name
from understudy.testing.virtual_time import VirtualClock, run_virtual

HOST, ZONE, OTHER = "ns.example.net.", name("example.com"), name("example.org")


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (socket.EAI_NONAME, ()),
        (
            socket.EAI_AGAIN,
            Unsaid(f"our resolver could not answer for {HOST[:-1]}: it does not answer, or answers SERVFAIL"),
        ),
        (socket.EAI_FAIL, Unsaid(f"our resolver could not answer for {HOST[:-1]}: as the system has it")),
    ],
)
def test_a_name_that_is_none_is_told_from_a_resolver_that_says_nothing(
    number: int, said: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_options: object) -> None:
        raise socket.gaierror(number, "as the system has it")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert asyncio.run(resolve(HOST)) == said


def test_a_resolver_that_takes_too_long_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_host: str) -> None:
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr("understudy.service.watching.addresses.look_up", never)

    async def main(clock: VirtualClock) -> None:
        begin = clock.now()
        assert await resolve(HOST) == Unsaid(f"our resolver did not answer for {HOST[:-1]} in 15 s")
        assert clock.now() == begin + RESOLVE_S

    run_virtual(main)


class _Resolver:
    """Says one address of every host, or nothing; `asked` counts."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.said: Collection[str] | Unsaid = ("192.0.2.1",)
        self.asked = self.under_way = self.most_under_way = 0

    async def resolve(self, _host: str) -> Collection[str] | Unsaid:
        self.asked += 1
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await self._clock.sleep(1)
        self.under_way -= 1
        return self.said


def test_many_hosts_are_asked_for_some_at_a_time_and_one_host_once() -> None:
    async def main(clock: VirtualClock) -> None:
        resolver = _Resolver(clock)
        addresses = Addresses(resolver.resolve, clock)
        await asyncio.gather(*(addresses.of(f"ns{number}.example.net.") for number in range(3 * AT_ONCE)))
        assert (resolver.asked, resolver.most_under_way) == (3 * AT_ONCE, AT_ONCE)
        await addresses.of("ns1.example.net.")
        assert resolver.asked == 3 * AT_ONCE

    run_virtual(main)


def test_what_is_known_is_asked_for_again_after_a_while_and_goes_on_where_nothing_is_said() -> None:
    async def main(clock: VirtualClock) -> None:
        resolver = _Resolver(clock)
        addresses = Addresses(resolver.resolve, clock)
        assert await addresses.of(HOST) == ("192.0.2.1",)
        resolver.said = Unsaid("why")
        await clock.sleep(FRESH_S - 1)
        assert (await addresses.of(HOST), resolver.asked) == (("192.0.2.1",), 1)
        await clock.sleep(2)
        assert (await addresses.of(HOST), resolver.asked) == (("192.0.2.1",), 2)
        assert addresses.silences[HOST].why == "why"
        resolver.said = ()
        await clock.sleep(FRESH_S)
        assert (await addresses.of(HOST), addresses.silences) == ((), {})
        await addresses.of(HOST)
        assert resolver.asked == 4, "a host without an address may get one at any time"

    run_virtual(main)


def test_what_no_zone_asks_for_any_more_is_forgotten() -> None:
    async def main(clock: VirtualClock) -> None:
        resolver = _Resolver(clock)
        addresses = Addresses(resolver.resolve, clock)
        await addresses.of(HOST)
        for zone in (ZONE, OTHER):
            addresses.keep(zone, frozenset((HOST,)))
        addresses.keep(ZONE, frozenset())
        assert addresses.last(HOST) == ("192.0.2.1",), "another zone names it"
        addresses.keep(OTHER, frozenset())
        assert addresses.last(HOST) == ()

    run_virtual(main)


def test_a_zone_is_concerned_by_a_silence_about_its_own_servers_only() -> None:
    async def main(clock: VirtualClock) -> None:
        resolver = _Resolver(clock)
        addresses = Addresses(resolver.resolve, clock)
        addresses.keep(OTHER, frozenset(("ns.example.org.",)))
        await addresses.of("ns.example.org.")
        resolver.said = Unsaid("why")
        await addresses.of(HOST)
        addresses.keep(ZONE, frozenset((HOST,)))
        assert (addresses.is_silent_for(ZONE), addresses.is_silent_for(OTHER)) == (True, False)

    run_virtual(main)
