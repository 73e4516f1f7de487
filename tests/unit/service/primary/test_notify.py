"""Secondaries are told of new versions over UDP; only their own answers count."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.tsig
import pytest

from understudy.clock.clock import SystemClock
from understudy.engine import Zone
from understudy.model.event import EventKind
from understudy.model.key import Key
from understudy.model.name import Name
from understudy.model.transfer import NotifyTarget, TransferOut
from understudy.model.watch import ServerPlace
from understudy.model.zone import ZoneDefinition, ZoneSource
from understudy.service.journal import Journal
from understudy.service.primary import notify
from understudy.service.primary.notify import BURST, Notifier, make_notify
from understudy.service.zone_table import LoadedZone
from understudy.store.store import EventFilter
from understudy.telemetry.logging import LogLevel, LogStyle, make_log
from understudy.testing.builders import name
from understudy.testing.memory_store import MemoryStore
from understudy.zones.notices import Notice

ORIGIN, KEY = name("example.com"), Key(name("corp-key"), "hmac-sha256", Path("/nonexistent"))
SECRET = bytes(range(32))
ZONE = "$TTL 1h\n@ IN SOA ns1 hostmaster 7 1h 15m 1w 60\n  IN NS ns1\n"


@dataclass
class Secondary(asyncio.DatagramProtocol):
    """Answers as `answer` makes it; None: silence."""

    answer: Callable[[dns.message.Message], dns.message.Message | None]
    heard: list[dns.message.Message] = field(default_factory=list)
    transport: asyncio.DatagramTransport | None = None
    told_from: list[str] = field(default_factory=list)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        message = dns.message.from_wire(data, keyring={dns.name.from_text("corp-key"): SECRET})
        self.heard.append(message)
        self.told_from.append(addr[0])
        answer = self.answer(message)
        if answer is not None and self.transport is not None:
            self.transport.sendto(answer.to_wire(), addr)


def response(query: dns.message.Message, rcode: dns.rcode.Rcode = dns.rcode.NOERROR) -> dns.message.Message:
    made = dns.message.make_response(query)
    made.set_rcode(rcode)
    return made


@dataclass
class Scene:
    """A notifier that has told one secondary of serial 8."""

    notifier: Notifier
    secondary: Secondary
    store: MemoryStore
    loaded: LoadedZone
    acknowledged: list[tuple[Name, NotifyTarget, int]] = field(default_factory=list)

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not is_so():
                await self.secondary_turn()

    @property
    def seen(self) -> list[str]:
        """The addresses that the secondary was told from."""
        return self.secondary.told_from

    def again(self, serial: int) -> None:
        """There is another version."""
        transfer = self.loaded.definition.transfer
        assert transfer is not None
        self.notifier.announce(self.loaded, transfer, serial)

    async def secondary_turn(self) -> None:
        await SystemClock().sleep_until(0)

    @property
    def problem(self) -> str:
        *_, (_, told, _) = self.notifier.notices.standing(ORIGIN)
        return told.problem

    @property
    def serial(self) -> int | None:
        *_, (_, told, _) = self.notifier.notices.standing(ORIGIN)
        return told.serial

    async def told(self) -> list[str]:
        return [each.text for each in await self.store.events(EventFilter(kinds=frozenset({EventKind.ZONE})))]


def play(
    answer: Callable[[dns.message.Message], dns.message.Message | None],
    story: Callable[[Scene], Awaitable[None]],
    *,
    key: Key | None = None,
    secret: bytes = SECRET,
    others: tuple[NotifyTarget, ...] = (),
    via: str = "",
) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        transport, secondary = await loop.create_datagram_endpoint(
            lambda: Secondary(answer), local_addr=("127.0.0.1", 0)
        )
        secondary.transport = transport
        port = transport.get_extra_info("sockname")[1]
        store = MemoryStore()
        notifier = Notifier(SystemClock(), Journal(store, make_log(LogLevel.ERROR, LogStyle.JSON)))
        notifier.keys = {KEY.name: (KEY, secret)}
        target = NotifyTarget("127.0.0.1", port, key.name if key else None, via)
        transfer = TransferOut((), (), (*others, target))
        definition = ZoneDefinition(ORIGIN, ZoneSource.FILE, Path("/nonexistent"), transfer)
        loaded = LoadedZone(definition, Zone.parse("example.com.", ZONE.encode()), 0.0)
        notifier.announce(loaded, transfer, 8)
        scene = Scene(notifier, secondary, store, loaded)
        notifier.on_acknowledged = lambda *told: scene.acknowledged.append(told)
        running = asyncio.ensure_future(notifier.run())
        try:
            await story(scene)
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            transport.close()

    asyncio.run(main())


def test_a_secondary_is_told_at_once_and_its_answer_counts() -> None:
    """The message is that of RFC 1996 3.7."""

    async def story(scene: Scene) -> None:
        await scene.until(lambda: scene.serial == 8)
        assert [(origin, serial) for origin, _, serial in scene.acknowledged] == [(ORIGIN, 8)]
        (message,) = scene.secondary.heard
        assert message.opcode() == dns.opcode.NOTIFY
        assert message.flags & dns.flags.AA
        assert not message.flags & dns.flags.RD
        assert [each.to_text() for each in message.question] == ["example.com. IN SOA"]
        assert [each.rdtype for each in message.answer] == [dns.rdatatype.SOA]
        assert "knows of serial 8" in (await scene.told())[-1]

    play(response, story)


def test_secondaries_of_many_zones_are_told_of_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    zones = [name(f"z{number}.example") for number in range(2 * BURST + 1)]
    sizes: list[int] = []

    async def story(scene: Scene) -> None:
        await scene.until(lambda: scene.serial == 8)
        ((target, _, _),) = scene.notifier.notices.standing(ORIGIN)
        take = scene.notifier.notices.take

        def watched(now: float, most: int | None = None) -> tuple[list[Notice], list[Notice]]:
            due, given_up = take(now, most)
            sizes.append(len(due))
            return due, given_up

        monkeypatch.setattr(scene.notifier.notices, "take", watched)
        for zone in zones:
            scene.notifier.notices.announce(zone, 9, [target], now=SystemClock().now())
        scene.notifier.announce(scene.loaded, TransferOut((), (), (target,)), 9)
        await scene.until(lambda: {origin for origin, _, _ in scene.acknowledged} == {ORIGIN, *zones})
        assert max(sizes) == BURST

    play(response, story)


def test_a_refusal_is_an_event_and_no_acknowledgement() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(lambda: bool(scene.problem))
        assert scene.acknowledged == []
        assert scene.problem == "answers REFUSED to NOTIFY"
        assert scene.serial is None
        assert "answers REFUSED to NOTIFY" in (await scene.told())[-1]

    play(lambda query: response(query, dns.rcode.REFUSED), story)


def test_a_server_that_has_learnt_of_the_zone_since_it_refused_is_told_once_more() -> None:
    rcodes = [dns.rcode.NOTAUTH, dns.rcode.NOERROR]

    async def story(scene: Scene) -> None:
        await scene.until(lambda: bool(scene.problem))
        ((target, _, _),) = scene.notifier.notices.standing(ORIGIN)
        scene.notifier.heed_sight(ORIGIN, ServerPlace(target.address, target.port))
        await scene.until(lambda: scene.serial == 8)
        assert scene.problem == ""
        assert "knows of serial 8" in (await scene.told())[-1]

    play(lambda query: response(query, rcodes.pop(0)), story)


def test_what_is_signed_is_verified() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(lambda: scene.serial == 8)
        assert scene.secondary.heard[0].had_tsig

    def answer(query: dns.message.Message) -> dns.message.Message:
        made = response(query)
        made.use_tsig(dns.tsig.Key("corp-key", SECRET, dns.tsig.HMAC_SHA256))
        return made

    play(answer, story, key=KEY)


@pytest.mark.parametrize("kind", ["another id", "no response", "no notify", "unsigned"])
def test_an_answer_that_is_none_is_not_heard(kind: str) -> None:
    def answer(query: dns.message.Message) -> dns.message.Message:
        made = dns.message.make_response(query)
        made.tsig = None
        made.keyring = None
        if kind == "another id":
            made.id = (query.id + 1) % 65536
        elif kind == "no response":
            made.flags &= ~dns.flags.QR
        elif kind == "no notify":
            made.set_opcode(dns.opcode.QUERY)
        return made

    async def story(scene: Scene) -> None:
        await scene.until(lambda: len(scene.secondary.heard) == 1)
        for _ in range(50):
            await scene.secondary_turn()
        assert scene.serial is None
        assert not scene.problem

    play(answer, story, key=KEY if kind == "unsigned" else None)


def test_what_is_told_has_the_soa_of_the_version() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(lambda: scene.serial == 8)
        (heard,) = scene.secondary.heard
        assert [each.to_text() for each in heard.answer] == [
            "example.com. 3600 IN SOA ns1.example.com. hostmaster.example.com. 8 3600 900 604800 60"
        ]
        scene.notifier.announce(scene.loaded, TransferOut((), (), (target_of(scene),)), 2**32 - 1)
        await scene.until(lambda: scene.serial == 2**32 - 1)
        assert " 4294967295 3600 " in scene.secondary.heard[-1].answer[0].to_text()

    play(response, story)


def target_of(scene: Scene) -> NotifyTarget:
    ((target, _, _),) = scene.notifier.notices.standing(ORIGIN)
    return target


def test_a_soa_that_is_too_long_for_a_datagram_is_left_out() -> None:
    long = name(".".join(["x" * 63] * 3 + ["y" * 40]))
    question = make_notify(long, 7)
    assert len(make_notify(long, 7, bytes(512 - len(question)))) == 512
    assert make_notify(long, 7, bytes(513 - len(question))) == question
    assert dns.message.from_wire(question).answer == []


def test_a_key_without_its_secret_is_a_problem_and_nothing_is_sent() -> None:
    async def story(scene: Scene) -> None:
        scene.notifier.keys = {}
        await scene.until(lambda: bool(scene.problem))
        assert "corp-key" in scene.problem
        assert scene.secondary.heard == []

    play(response, story, key=KEY)


def test_a_host_without_ipv6_tells_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    there = NotifyTarget("2001:db8::53", 53)

    make = asyncio.BaseEventLoop.create_datagram_endpoint

    async def without_ipv6(loop: asyncio.BaseEventLoop, *args: Any, **kwargs: Any) -> Any:
        if kwargs["local_addr"][0] == "::":
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        return await make(loop, *args, **kwargs)

    monkeypatch.setattr(asyncio.BaseEventLoop, "create_datagram_endpoint", without_ipv6)

    async def story(scene: Scene) -> None:
        await scene.until(lambda: scene.serial == 8)
        problems = {target: told.problem for target, told, _ in scene.notifier.notices.standing(ORIGIN)}
        assert problems.pop(there) == "is not told: this host has no IPv6"
        assert list(problems.values()) == [""]
        assert any("[2001:db8::53]:53 is not told: this host has no IPv6" in text for text in await scene.told())

    play(response, story, others=(there,))


def test_a_secondary_sees_the_address_that_it_is_to_see() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(lambda: scene.serial == 8)
        assert scene.seen == ["127.0.0.3"]

    play(response, story, via="127.0.0.3")


def test_while_this_host_has_not_the_address_nothing_is_sent_and_that_is_told_once() -> None:
    problem = "is not told: this host has no address 203.0.113.1"

    async def story(scene: Scene) -> None:
        await scene.until(lambda: bool(scene.problem))
        scene.again(9)
        await scene.until(lambda: (scene.notifier.notices.next_due() or 0.0) > SystemClock().now())
        ((target, told, is_pending),) = scene.notifier.notices.standing(ORIGIN)
        assert (told.problem, is_pending) == (problem, True)
        assert await scene.told() == [f"the secondary {target} {problem}"]
        assert scene.seen == []

    play(response, story, via="203.0.113.1")


def test_an_address_that_this_host_gets_is_sent_from(monkeypatch: pytest.MonkeyPatch) -> None:
    have: list[str] = []
    monkeypatch.setattr(notify, "is_own", lambda address: address in have)

    async def story(scene: Scene) -> None:
        await scene.until(lambda: bool(scene.problem))
        have.append("127.0.0.3")
        scene.again(9)
        await scene.until(lambda: scene.serial == 9)
        have.clear()
        scene.again(10)
        await scene.until(lambda: bool(scene.problem))
        assert scene.seen == ["127.0.0.3"]

    play(response, story, via="127.0.0.3")


def test_who_is_not_named_sees_the_address_of_the_server() -> None:
    text = ZONE + "  IN NS ns2\nns2 IN A 192.0.2.54\nns2 IN AAAA 2001:db8::54\n"

    async def story(scene: Scene) -> None:
        scene.notifier.vias = ("2001:db8::1", "192.0.2.1")
        loaded = replace(scene.loaded, zone=Zone.parse("example.com.", text.encode()))
        scene.notifier.announce(loaded, TransferOut((), ()), 9)
        told = [target.via for target, _, _ in scene.notifier.notices.standing(ORIGIN)]
        assert told == ["192.0.2.1", "2001:db8::1"]

    play(response, story)


def test_who_is_not_named_is_found_in_the_zone_but_for_this_host() -> None:
    text = ZONE + "  IN NS ns2\n  IN NS ns3\nns1 IN A 192.0.2.53\nns2 IN A 127.0.0.1\nns3 IN A 192.0.2.54\n"

    async def story(scene: Scene) -> None:
        loaded = replace(scene.loaded, zone=Zone.parse("example.com.", text.encode()))
        scene.notifier.announce(loaded, TransferOut((), ()), 9)
        found = [str(target) for target, _, _ in scene.notifier.notices.standing(ORIGIN)]
        assert found == ["192.0.2.54:53"]

    play(lambda _query: None, story)


def test_of_a_server_that_says_nothing_one_answer_is_awaited_and_that_to_the_last_message() -> None:
    late: list[bytes] = []

    async def story(scene: Scene) -> None:
        ((target, _, _),) = scene.notifier.notices.standing(ORIGIN)
        await scene.until(lambda: len(scene.secondary.heard) == 1)
        scene.notifier.announce(scene.loaded, TransferOut((), (), (target,)), 9)
        await scene.until(lambda: len(scene.secondary.heard) == 2)
        for number, query in enumerate(scene.secondary.heard):
            scene.notifier._hear(response(query).to_wire(), (target.address, target.port))
            late.append(response(query).to_wire())
            assert scene.serial == (None, 9)[number]

    play(lambda _query: None, story)
    assert late[0][:2] != late[1][:2]
