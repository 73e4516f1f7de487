"""All servers over the same zones, asked the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from understudy.engine import Engine
from understudy.testing import other_servers
from understudy.testing.ports import free_port
from understudy.testing.side_by_side.comparison import Finding, compare
from understudy.testing.side_by_side.exchange import ADDRESS, SENTINEL, Exchange
from understudy.testing.side_by_side.messages import UDP_OCTETS, Case, octets_of
from understudy.testing.side_by_side.zones import World, publish

US = "us"
IDENTITY = "peer"
COOKIE_SECRET = "e5e973e5a6b2a43f48e7dc849e37bfcf"  # noqa: S105  # that of RFC 9018 appendix A.1: a secret that is none
_PORTION = 8000  # chosen: so many messages are with their answers in memory at once


class Servers:
    """Entering the context starts Understudy's engine and the others over a world; `ports` by name."""

    def __init__(self, world: World, folder: Path) -> None:
        self.ports: Mapping[str, int] = {}
        self._world = world
        self._folder = folder
        self._running = ExitStack()
        self._engine: Engine | None = None
        self._first = next(iter(world.files))
        self._origins = frozenset(octets_of(origin).lower() for origin in world.files)

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            engine = Engine(
                [f"{ADDRESS}:0"],
                udp_size=UDP_OCTETS,
                cookie_secrets=[bytes.fromhex(COOKIE_SECRET)],
                version_bind=IDENTITY,
                hostname_bind=IDENTITY,
            )
            publish(self._world, engine)
            starting.callback(engine.stop)
            engine.start()
            ports = {US: int(engine.addresses[0].rpartition(":")[2])}
            for name in self._world.peers:
                ports[name] = starting.enter_context(self._peer(name)).port
            self._running = starting.pop_all()
        self.ports, self._engine = ports, engine
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def _peer(self, name: str) -> other_servers.OtherServer:
        place = other_servers.Place(
            self._folder / name,
            free_port(),
            self._first,
            identity=IDENTITY,
            udp_size=UDP_OCTETS,
            cookie_secret=COOKIE_SECRET,
        )
        start = {"bind": other_servers.bind, "nsd": other_servers.nsd, "knot": other_servers.knot}[name]
        return start(place, self._world.files)

    def counted(self, counter: str) -> int:
        """What our engine has counted; 0 before it has begun."""
        return self._engine.counters().get(counter, 0) if self._engine else 0

    def differences(self, cases: Iterable[Case]) -> Iterator[Finding]:
        """Where a server answers otherwise than we do. Raises UnreadableError for an answer of ours that is none."""
        portion: list[Case] = []
        for case in cases:
            portion.append(case.numbered(len(portion) % SENTINEL))
            if len(portion) == _PORTION:
                yield from self._compare(portion)
                portion = []
        yield from self._compare(portion)

    def _compare(self, cases: list[Case]) -> Iterator[Finding]:
        replies = {name: self._ask(name, cases) for name in self.ports}
        for index, case in enumerate(cases):
            theirs = {name: replies[name][index] for name in self._world.peers}
            yield from compare(case, replies[US][index], theirs, origins=self._origins)

    def _ask(self, name: str, cases: list[Case]) -> list[bytes | None]:
        exchange = Exchange(self.ports[name], self._first)
        over_udp = iter(exchange.ask_over_udp([case.octets for case in cases if case.transport == "udp"]))
        over_tcp = iter(exchange.ask_over_tcp([case.octets for case in cases if case.transport == "tcp"]))
        return [next(over_udp if case.transport == "udp" else over_tcp) for case in cases]
