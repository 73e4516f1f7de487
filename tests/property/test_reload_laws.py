"""However a server came by its configuration, it answers what a fresh start with it would."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import dns.message
import dns.rcode
import dns.rdatatype
import dns.xfr
import dns.zone
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.testing.builders import endpoint
from understudy.testing.fake_network import Behaviour
from understudy.testing.server_world import ServerWorld, write_settled
from understudy.testing.virtual_time import VirtualClock, run_virtual

ZONES = ("example.com", "sub.example.com", "example.net")
FILES = (
    "plain IN A 192.0.2.1\n",
    "www IN TXT beneath\nx.api IN A 192.0.2.2\nplain IN A 192.0.2.1\n",
    "* IN TXT wild\nwww IN TXT other\nwww IN TXT beneath\n",
    "api 77 IN A 192.0.2.3\n",  # in the way of a record there, so that it is refused
)
NAMES = (
    "example.com",
    "www.example.com",
    "api.example.com",
    "www.sub.example.com",
    "a.b.sub.example.com",
    "api.example.net",
)
BETWEEN = ("plain.example.com", "x.api.example.com", "b.sub.example.com", "none.sub.example.com", "www.example.net")
POOLS = {"one": ("192.0.2.10", "2001:db8::10"), "two": ("192.0.2.20", "192.0.2.66"), "three": ("192.0.2.66",)}
DEAD = ("192.0.2.66", "192.0.2.67")
SETTLED_S = 100.0
"""Every verdict is known, and every hold has ended."""


@dataclass(frozen=True)
class Layout:
    """One configuration: its zones with their files and whether they are handed on, its pools, and its records."""

    zones: Mapping[str, tuple[int, bool]]
    pools: Mapping[str, tuple[str, ...]]
    records: Mapping[str, tuple[str, int]]
    fall: int = 1
    is_broken: bool = False
    serial: int = field(default=7)

    @property
    def text(self) -> str:
        """What is in its file."""
        zones = "".join(
            f"  {origin}: {{file: {origin}.zone{', transfer: {to: [192.0.2.0/24]}' if is_handed_on else ''}}}\n"
            for origin, (_, is_handed_on) in self.zones.items()
        )
        pools = "".join(f"  {name}: [{', '.join(map(repr, members))}]\n" for name, members in self.pools.items())
        records = "".join(
            f"  {name}: {{{policy}, ttl: {ttl}, failback: {{delay: 1s}}}}\n"
            for name, (policy, ttl) in self.records.items()
            if name.endswith(tuple(self.zones))
        )
        check = f"checks:\n  web: {{tcp: 80, interval: 5s, rise: 1, fall: {self.fall}}}\n"
        wrong = "nonsense: 1\n" if self.is_broken else ""
        return f"listen: 127.0.0.1:0\nzones:\n{zones}{check}pools:\n{pools}records:\n{records}{wrong}"

    @property
    def files(self) -> dict[str, str]:
        """Those of its zones."""
        soa = f"$TTL 1h\n@ IN SOA ns1 hostmaster {self.serial} 1h 15m 1w 60\n  IN NS ns1\nns1 IN A 192.0.2.53\n"
        return {f"{origin}.zone": soa + FILES[number] for origin, (number, _) in self.zones.items()}


POLICIES = st.sampled_from(
    ["tiers: [one, two], check: web", "tiers: [three, one], check: web", "all: [one, two]", "all: [three], check: web"]
)
LAYOUTS = st.builds(
    Layout,
    st.fixed_dictionaries(
        {"example.com": st.tuples(st.integers(0, 3), st.booleans())},
        optional={origin: st.tuples(st.integers(0, 3), st.booleans()) for origin in ZONES[1:]},
    ),
    st.fixed_dictionaries(
        {name: st.sampled_from([members, (*members, "192.0.2.67")]) for name, members in POOLS.items()}
    ),
    st.dictionaries(st.sampled_from(NAMES), st.tuples(POLICIES, st.sampled_from([30, 60])), min_size=1, max_size=5),
    fall=st.sampled_from([1, 2]),
    is_broken=st.sampled_from([False, False, False, True]),
    serial=st.integers(7, 9),
)
Answers: TypeAlias = dict[tuple[str, str], tuple[str, ...]]


def answers(world: ServerWorld) -> Answers:
    """What is answered to anybody, but for serials; records of a set may come in any order."""
    found = {}
    now = world.clock.to_monotonic(world.clock.now())
    for name in (*NAMES, *BETWEEN):
        for rtype in ("A", "AAAA", "TXT", "CNAME"):
            query = dns.message.make_query(name, rtype)
            wire = world.server.engine.answer(query.to_wire(), "192.0.2.200", transport="tcp", now=now)
            assert wire is not None
            message = dns.message.from_wire(wire)
            sets = [rrset for rrset in (*message.answer, *message.authority) if rrset.rdtype != dns.rdatatype.SOA]
            found[name, rtype] = (
                dns.rcode.to_text(message.rcode()),
                *sorted(f"{rrset.name} {rrset.ttl} {sorted(map(str, rrset))}" for rrset in sets),
            )
    return found


class Secondary:
    """Has a copy of each zone that it may have, brought up to date by differences."""

    def __init__(self) -> None:
        self._held: dict[str, dns.zone.Zone] = {}

    def refresh(self, world: ServerWorld) -> None:
        """Ask for what is new in each zone."""
        for origin in ZONES:
            held = self._held.get(origin) or dns.zone.Zone(origin, relativize=False)
            query, serial = dns.xfr.make_query(held)
            wire = world.server.engine.answer(query.to_wire(), "192.0.2.53", transport="tcp")
            assert wire is not None
            message = dns.message.from_wire(wire, xfr=True, one_rr_per_rrset=True)
            if message.rcode():
                self._held.pop(origin, None)
                continue
            with dns.xfr.Inbound(held, query.question[0].rdtype, serial) as inbound:
                assert inbound.process_message(message)
            self._held[origin] = held

    def content(self) -> dict[str, set[str]]:
        """All but the SOA."""
        return {
            origin: {f"{name} {ttl} {it.rdtype} {it}" for name, ttl, it in zone.iterate_rdatas() if it.rdtype != 6}
            for origin, zone in self._held.items()
        }


async def pass_s(world: ServerWorld, duration_s: float) -> None:
    await world.advance(world.clock.now() - world.clock.start + duration_s)


def save(folder: Path, layout: Layout) -> None:
    """Write the files of zones that are others than before, so that the rest is not read again."""
    for file, text in layout.files.items():
        path = folder / file
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_settled(path, text)


async def begin(clock: VirtualClock, layout: Layout, folder: str) -> ServerWorld:
    world = ServerWorld(clock, Path(folder))
    for address in DEAD:
        world.behave(endpoint(address), Behaviour.parse("refuses"), check="web")
    save(world.folder, layout)
    await world.start({"understudy.yaml": layout.text})
    await pass_s(world, 0.2)
    return world


PAUSES = st.lists(st.sampled_from([0.0, 0.05, 3.0]), min_size=5, max_size=5)
FIRST = Layout({"example.com": (0, True)}, POOLS, {"www.example.com": ("all: [one]", 30)})


@settings(max_examples=30)
@given(layouts=st.lists(LAYOUTS, min_size=1, max_size=5), pauses=PAUSES)
def test_any_sequence_of_reloads_answers_what_a_fresh_start_would(layouts: list[Layout], pauses: list[float]) -> None:
    async def main(clock: VirtualClock) -> None:
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
            world, secondary, last = await begin(clock, FIRST, folder), Secondary(), FIRST
            for layout, pause_s in zip(layouts, pauses, strict=False):
                save(world.folder, layout)
                if await world.reload(layout.text) == "":
                    last = layout
                await pass_s(world, pause_s)
                secondary.refresh(world)
            save(world.folder, last)
            assert await world.reload(last.text) == ""
            fresh, newcomer = await begin(clock, last, other), Secondary()
            for each, follower in ((world, secondary), (fresh, newcomer)):
                await pass_s(each, SETTLED_S)
                follower.refresh(each)
            assert answers(world) == answers(fresh)
            assert secondary.content() == newcomer.content()
            for each in (world, fresh):
                await each.end()

    run_virtual(main)
