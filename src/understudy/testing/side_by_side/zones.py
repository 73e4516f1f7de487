"""The zones that all servers serve: master files from a folder, and one that is made to measure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import dns.name

from understudy.engine import Engine, Zone
from understudy.model.frozen import frozen
from understudy.testing.side_by_side.queries import Contents

PEERS = ("bind", "nsd", "knot")
LARGE = "large.test."
_HEAD = """\
$ORIGIN large.test.
$TTL 3600
@ IN SOA ns1.test. hostmaster 1 7200 900 1209600 300
  IN NS ns1.test.
"""
_LIMITS = (512, 1232, 4096)
_AROUND = (-13, -12, -11, -1, 0, 1, 11)
"""Octets beside a limit: with and without the eleven of OPT, just so and one more."""


@frozen
class World:
    """Zones that are served together, by us and these others: the master file of each origin."""

    files: Mapping[str, Path]
    peers: tuple[str, ...] = PEERS


def many_zones(folder: Path, made: Path, more: Mapping[str, Path]) -> World:
    """Parents and children and their like, from the files of `folder`, and `more`; what is made goes to `made`."""
    files = {_origin(path): path for path in sorted(folder.glob("*.zone")) if path.stem != "root"} | dict(more)
    files[LARGE] = made / "large.test.zone"
    files[LARGE].write_text(large_zone(), encoding="utf-8")
    return World(files)


def root_zone(folder: Path) -> World:
    """The root alone, so that there is no name without a zone."""
    return World({".": folder / "root.zone"})


def odd_zone(file: Path) -> World:
    """What not everybody loads."""
    return World({_origin(file): file}, peers=("nsd", "knot"))


def _origin(path: Path) -> str:
    return f"{path.stem}."


def contents(world: World) -> dict[str, Contents]:
    """Owners and types of every zone, read by our own loader: whoever compares the answers compares that too."""
    found: dict[str, Contents] = {}
    for origin, path in world.files.items():
        zone: dict[dns.name.Name, set[int]] = {}
        for owner, rtype, _, _ in Zone.load(origin, str(path)).rrsets():
            zone.setdefault(dns.name.from_text(owner), set()).add(rtype)
        found[origin] = {owner: frozenset(types) for owner, types in zone.items()}
    return found


def publish(world: World, engine: Engine) -> None:
    """Serve all of it."""
    for origin, path in world.files.items():
        engine.publish_zone(Zone.load(origin, str(path)), [])


def large_zone() -> str:
    """Sets whose responses end just before, at and just behind what fits."""
    return _HEAD + "\n".join((*_texts(), *_addresses(), *_delegations(), *_hosts())) + "\n"


def _texts() -> Iterator[str]:
    """`t1232` has a TXT answer of 1,232 octets without EDNS; others have a little less or more."""
    for limit in _LIMITS:
        for size in sorted({limit + by for by in _AROUND}):
            owner = f"t{size}"
            frame = 12 + len(f"{owner}.large.test.") + 1 + 4
            yield from _filled(owner, size - frame)


def _filled(owner: str, octets: int) -> Iterator[str]:
    """TXT records that take exactly so many octets in an answer, the owner compressed."""
    index = 0
    while octets:
        part = min(octets, 220) if octets not in range(221, 240) else 200
        text = f"{index:03}".ljust(part - 13, "x")
        yield f'{owner} IN TXT "{text}"'
        octets -= part
        index += 1


def _addresses() -> Iterator[str]:
    """Address sets that grow past each limit, A before AAAA; MX sets whose hints fit only in part."""
    for count in (1, 10, 27, 28, 29, 30, 74, 75, 76, 100, 255, 256):
        for index in range(count):
            yield f"a{count} IN A 10.{count % 256}.{index // 256}.{index % 256}"
    for count in (5, 10, 15, 20, 21, 25, 40):
        for index in range(count):
            yield f"mx{count} IN MX {index} host{index}"


def _delegations() -> Iterator[str]:
    """Cuts with so many name servers: in the zone itself, in a sibling, elsewhere; with A, and with A and AAAA."""
    for count in (1, 5, 10, 12, 13, 14, 18, 20, 21, 25, 30, 60):
        for index in range(count):
            server = f"ns{index}.in{count}"
            yield from (f"in{count} IN NS {server}", f"{server} IN A 10.1.{count}.{index}")
            yield from (f"both{count} IN NS ns{index}.both{count}", f"ns{index}.both{count} IN A 10.2.{count}.{index}")
            yield f"ns{index}.both{count} IN AAAA 2001:db8:{count}::{index}"
            yield f"sib{count} IN NS {server}"
            yield f"out{count} IN NS ns{index}.elsewhere.invalid."
            yield f"mix{count} IN NS " + (f"ns{index}.elsewhere.invalid." if index % 2 else f"ns{index}.mix{count}")
            yield f"ns{index}.mix{count} IN A 10.3.{count}.{index}"


def _hosts() -> Iterator[str]:
    for index in range(40):
        yield f"host{index} IN A 10.4.0.{index}"
        yield f"host{index} IN AAAA 2001:db8:4::{index}"
