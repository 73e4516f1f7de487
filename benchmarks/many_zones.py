"""A fresh secondary of many small zones, beside Knot, until it answers all of them.

Once from the start of its process; and once a secondary that runs and has no zones gets all of them at once, because
the catalog (RFC 9432) that it follows grows by them. Both fetch from the same Knot primary over loopback, in
interleaved rounds, each from nothing.
"""

from __future__ import annotations

import argparse
import compileall
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Self, TypeAlias

import dns.flags
import dns.message

from benchmarks.contest.generator import ROOT
from benchmarks.contest.machine import describe
from benchmarks.contest.result import DOCUMENT, PAGE, add
from benchmarks.contest.rounds import Range
from understudy.model.name import Name
from understudy.testing.other_servers import OtherServer, Peers, Place, find_program, knot, knot_beside
from understudy.testing.ports import free_port
from understudy.testing.running_server import RunningServer
from understudy.zones.catalog import Member, catalog_text

ROUNDS = 5
ZONES, RECORDS = 1000, 100
PEER, OURS = "knot", "understudy"
LIMIT_S = 120.0
LOOK_S = 0.002  # chosen: a hundredth of what is measured
SETTLE_S = 1.5  # chosen: a catalog of nothing is fetched in a tenth of that
WINDOW = 100  # zones that are asked for at a time: a socket's buffer has room for their answers

CATALOG, READY = "catalog.example", "ready.example"
FOLLOWING = f"""\
  - domain: {CATALOG}
    master: peer
    catalog-role: interpret
    catalog-template: member
"""
STARTED, FOLLOWED = "from the start of its process", "from the change of the catalog that it follows"

Files: TypeAlias = dict[str, Path]
"""The master file of each zone."""

Questions: TypeAlias = Mapping[int, bytes]
"""Queries by their numbers."""

Times: TypeAlias = dict[str, dict[str, list[float]]]
"""Seconds of each round by what is measured, and by server."""


def main() -> None:
    arguments = _arguments()
    rounds = 1 if arguments.quick else arguments.rounds
    compileall.compile_dir(ROOT / "src", quiet=1)  # as what is installed is: a start would compile what has changed
    print(f"many_zones: {arguments.zones} zones of {RECORDS} records, {rounds} rounds", flush=True)
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as temporary:
        times = _times(Path(temporary), arguments.zones, rounds)
    found = {case: summarised(each) for case, each in times.items()}
    lines = section(found, arguments.zones)
    document = {"machine": describe(), "zones": arguments.zones, "servers": found}
    add(arguments.folder, "many_zones", document, section=lines)
    print("\n".join(lines))
    print(f"added to {arguments.folder / DOCUMENT} and {arguments.folder / PAGE}")


def _times(folder: Path, zones: int, rounds: int) -> Times:
    files = write_zones(folder / "zones", zones)
    primary = Place(folder / "primary", free_port(), next(iter(files)))
    times: Times = {case: {PEER: [], OURS: []} for case in (STARTED, FOLLOWED)}
    with knot(primary, files, Peers()):
        for _ in range(rounds):
            times[STARTED][PEER].append(_time_knot(folder / PEER, files, primary.port))
            times[STARTED][OURS].append(_time_ours(folder / OURS, files, primary.port))
    with Cataloguing(folder / "catalogue", files) as primary_of_catalog:
        for _ in range(rounds):
            times[FOLLOWED][PEER].append(_time_following_knot(folder / PEER, primary_of_catalog))
            times[FOLLOWED][OURS].append(_time_following_ours(folder / OURS, primary_of_catalog))
    return times


class Cataloguing:
    """A Knot primary of all zones, with a catalog that lists all or none of them and is told to one secondary."""

    def __init__(self, folder: Path, files: Files) -> None:
        folder.mkdir()
        self.files = files
        self.secondary = free_port()
        self._place = Place(folder, free_port(), next(iter(files)))
        self.port = self._place.port
        self._file = folder / f"{CATALOG}.zone"
        self._serial = 0
        self._server = ExitStack()

    def __enter__(self) -> Self:
        self._write([])
        zones = "".join(f"  - domain: {origin}\n    file: {file}\n" for origin, file in self.files.items())
        catalog = f"  - domain: {CATALOG}\n    file: {self._file}\n    notify: peer\n"
        self._server.enter_context(knot_beside(self._place, self.secondary, zones + catalog))
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def list(self, origins: Iterable[str]) -> None:
        """List these zones, and no others, from now on."""
        self._write(origins)
        command = [find_program("knotc"), "-s", str(self._place.folder / "knot.sock"), "zone-reload", CATALOG]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # found by find_program

    def _write(self, origins: Iterable[str]) -> None:
        self._serial += 1
        text = catalog_text(dict.fromkeys(map(Name.parse, origins), Member()))
        self._file.write_text(text.replace("invalid. 1 ", f"invalid. {self._serial} "))


def _time_following_knot(folder: Path, primary: Cataloguing) -> float:
    place = Place(folder, primary.secondary, READY)
    ready = f"  - domain: {READY}\n    file: {next(iter(primary.files.values()))}\n"
    with knot_beside(place, primary.port, FOLLOWING + ready):
        taken_s = _time_growth(primary)
    shutil.rmtree(folder)
    return taken_s


def _time_following_ours(folder: Path, primary: Cataloguing) -> float:
    folder.mkdir()
    server = RunningServer(folder, primary.secondary)
    catalog = f"  {CATALOG}: {{source: transfer, primaries: ['127.0.0.1:{primary.port}'], catalog: true}}\n"
    server.write("understudy.yaml", f"listen: 127.0.0.1:{server.port}\nstate_dir: state\nzones:\n{catalog}")
    server.start()
    try:
        return _time_growth(primary)
    finally:
        server.stop()
        shutil.rmtree(folder)


def _time_growth(primary: Cataloguing) -> float:
    """Seconds until all zones are answered that were listed a moment ago; afterwards none is."""
    asked = questions(primary.files)
    time.sleep(SETTLE_S)  # it has the catalog without them
    begun = time.monotonic()
    primary.list(primary.files)
    wait_for_all(primary.secondary, asked)
    taken_s = time.monotonic() - begun
    primary.list(())
    return taken_s


def write_zones(folder: Path, count: int) -> Files:
    """Small zones that differ by name only."""
    folder.mkdir()
    hosts = "".join(f"host{number} A 192.0.2.{number}\n" for number in range(RECORDS - 3))
    text = f"$TTL 300\n@ SOA ns1 hostmaster 1 3600 600 86400 60\n@ NS ns1\nns1 A 192.0.2.53\n{hosts}"
    files = {f"zone{number}.example": folder / f"zone{number}.example.zone" for number in range(count)}
    for file in files.values():
        file.write_text(text)
    return files


def _time_knot(folder: Path, files: Files, primary: int) -> float:
    place = Place(folder, free_port(), next(iter(files)))
    copies = {origin: folder / f"{origin}.zone" for origin in files}
    return _time_start(knot(place, copies, Peers(primary)), place, files)


def _time_ours(folder: Path, files: Files, primary: int) -> float:
    folder.mkdir()
    server = RunningServer(folder, free_port())
    zones = "".join(f"  {origin}: {{source: transfer, primaries: ['127.0.0.1:{primary}']}}\n" for origin in files)
    server.write("understudy.yaml", f"listen: 127.0.0.1:{server.port}\nstate_dir: state\nzones:\n{zones}")
    return _time_start(server, server, files)


def _time_start(server: OtherServer | RunningServer, place: Place | RunningServer, files: Files) -> float:
    """Seconds from its start until it answers all zones; afterwards nothing is left of it."""
    asked = questions(files)
    begun = time.monotonic()
    server.launch()
    try:
        wait_for_all(place.port, asked)
        return time.monotonic() - begun
    finally:
        server.stop()
        shutil.rmtree(place.folder)


def questions(origins: Iterable[str]) -> Questions:
    """Made before anything is timed: that takes as long as a quick server needs for all of it."""
    queries = (dns.message.make_query(origin, "SOA", id=number) for number, origin in enumerate(origins))
    return {query.id: query.to_wire() for query in queries}


def wait_for_all(port: int, asked: Questions) -> None:
    """Ask for one zone after the other until each was answered with authority. Raises TimeoutError.

    Before anything is answered, only the first is asked for: that is no work for a server that begins.
    """
    missing = dict(asked)
    deadline = time.monotonic() + LIMIT_S
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", port))
        client.settimeout(LOOK_S)
        while missing:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(missing)} zones are not answered after {LIMIT_S:.0f} s")
            some = list(islice(missing.values(), 1 if len(missing) == len(asked) else WINDOW))
            answered = _answered(client, some)
            for number in answered:
                missing.pop(number, None)
            if len(answered) < len(some):
                time.sleep(LOOK_S)


def _answered(client: socket.socket, queries: Sequence[bytes]) -> list[int]:
    """The numbers of the queries that are answered with authority; what comes late counts the next time."""
    found = []
    with suppress(TimeoutError, ConnectionRefusedError):
        for query in queries:
            client.send(query)
        for _ in queries:
            octets = client.recv(65535)
            if int.from_bytes(octets[2:4], "big") & dns.flags.AA and not octets[3] & 15:
                found.append(int.from_bytes(octets[:2], "big"))
    return found


def summarised(times: Mapping[str, Sequence[float]]) -> dict[str, dict[str, dict[str, float]]]:
    """The range of each server, and of its ratio to the peer within each round."""
    found = {}
    for server, seconds in times.items():
        ratios = [mine / theirs for mine, theirs in zip(seconds, times[PEER], strict=True)]
        found[server] = {"seconds": asdict(Range.of(seconds)), "to_knot": asdict(Range.of(ratios))}
    return found


def section(cases: Mapping[str, Mapping[str, Mapping[str, Mapping[str, float]]]], zones: int) -> list[str]:
    """As Markdown."""
    show: Callable[[Mapping[str, float]], str] = "{median:.2f} ({low:.2f}-{high:.2f})".format_map
    rows = [
        f"| {case} | {server} | {show(each['seconds'])} | {show(each['to_knot'])} |"
        for case, found in cases.items()
        for server, each in found.items()
    ]
    head = ["| | secondary | seconds until it answers all | x Knot's (goal: at most 1.5) |", "|---|---|---|---|"]
    return ["## Many zones", "", f"{zones} zones of {RECORDS} records, fetched by a fresh secondary:", "", *head, *rows]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zones", type=int, default=ZONES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--quick", action="store_true", help="one round: shows that it works, measures little")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench", help="where the result is written")
    return parser.parse_args()


if __name__ == "__main__":
    main()
