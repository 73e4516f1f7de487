"""From a change at the primary to the answer of secondaries of other makes: ours and Knot as primaries, side by side.

Each primary has secondaries of its own of every make, over NOTIFY, IXFR and TSIG. Changes alternate between the two
camps, at uneven distances. At ours an operator's override makes another decision, by the API; at Knot the zone is
changed by its control socket. The clock starts before the order is given, and stops for each server at its first answer
with the new address. Every server of the camp is asked every two milliseconds meanwhile.
"""

from __future__ import annotations

import argparse
import random
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.contest.competitors.competitor import program
from benchmarks.contest.exchange import MAKES, OURS, versions
from benchmarks.contest.generator import ROOT
from benchmarks.contest.machine import describe
from benchmarks.contest.questions import Question, message
from benchmarks.contest.result import DOCUMENT, PAGE, add
from understudy.cli.client import Client
from understudy.config.places import SOCKET_NAME
from understudy.service.reports.views import OverrideRequest, OverrideView
from understudy.service.reports.zone_views import ZoneView
from understudy.testing import other_servers
from understudy.testing.other_servers import CORP_KEY, Peers, Place
from understudy.testing.ports import free_port
from understudy.testing.running_server import RunningServer, wait_until

CHANGES = 50
LOOK_S = 0.002
GIVE_UP_S = 15.0
PAUSE_S = (0.12, 1.12)
"""Longer than changes are merged for; spread over a second, so that every phase of a timer of a second is met."""
ZONE = "example.com"
NAME = f"www.{ZONE}"
ADDRESSES = ("127.0.0.2", "127.0.0.3")
GOAL_S = {"p50": 0.3, "p99": 1.0}
"""How much later than from Knot a change may be answered."""
_RECORDS = "$TTL 1h\n@ SOA ns1 hostmaster 1 1h 15m 1w 60\n@ NS ns1\nns1 A 127.0.0.1\n"
_CONFIGURATION = """\
listen: 127.0.0.1:{port}
keys: {{corp-key: {{secret_file: corp.key}}}}
zones:
  example.com:
    file: example.com.zone
    transfer: {{to: [{{key: corp-key}}], notify: [{tells}]}}
    watch: false
checks:
  web: {{tcp: {web}, interval: 1s}}
records:
  www.example.com:
    check: web
    tiers: [[127.0.0.2], [127.0.0.3]]
    failback: {{delay: 0s}}
"""


@dataclass(frozen=True, slots=True)
class Camp:
    """A primary with its secondaries: the ports by name, and how it is made ready to give `www` another address.

    What that gives is the order, which the clock is for.
    """

    ports: Mapping[str, int]
    prepare: Callable[[str], Callable[[], None]]


def main() -> None:
    arguments = _arguments()
    changes = 5 if arguments.quick else arguments.changes
    makes = [key for key, (_, _, (name, *_)) in MAKES.items() if program(name)]
    print(f"following: {changes} changes at each of two primaries, {', '.join(makes)} as secondaries", flush=True)
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as temporary, ExitStack() as stack:
        folder = Path(temporary)
        camps = {
            OURS: stack.enter_context(_ours(folder / OURS, makes)),
            "knot": stack.enter_context(_knot(folder / "knot", makes)),
        }
        seconds = _measured(camps, changes)
    percentiles = summarised(seconds)
    found = {"machine": describe(), "versions": versions([OURS, *makes]), "seconds": percentiles}
    lines = section(percentiles, changes=changes)
    add(arguments.folder, "following", found, section=lines)
    print("\n".join(lines))
    print(f"added to {arguments.folder / DOCUMENT} and {arguments.folder / PAGE}")


@contextmanager
def _ours(folder: Path, makes: Sequence[str]) -> Iterator[Camp]:
    """Understudy as primary; the endpoints are up, and an override says which one is used."""
    folder.mkdir()
    ports = {make: free_port() for make in makes}
    server = RunningServer(folder, free_port())
    web = free_port()
    with ExitStack() as stack:
        for address in ADDRESSES:
            stack.enter_context(socket.create_server((address, web), backlog=512))
        tells = ", ".join(f'{{address: "127.0.0.1:{port}", key: corp-key}}' for port in ports.values())
        text = _CONFIGURATION.format(port=server.port, web=web, tells=tells)
        (folder / "understudy.yaml").write_text(text)
        (folder / "corp.key").write_text(CORP_KEY.secret)
        (folder / "example.com.zone").write_text(_RECORDS)
        server.start()
        stack.callback(server.stop)
        client = Client(folder / "state" / SOCKET_NAME)
        client.get("/zones", list[ZoneView])  # the first call of a server's life waits for the API, and no change does

        def prepare(address: str) -> Callable[[], None]:
            kind = "force_up" if address == ADDRESSES[0] else "force_down"
            request = OverrideRequest(kind=kind, subject=ADDRESSES[0], reason="measured", author="b", is_forced=True)
            return lambda: _ordered(client, request)

        yield from _with_secondaries(stack, folder, server.port, ports=ports, prepare=prepare)


def _ordered(client: Client, request: OverrideRequest) -> None:
    client.post("/overrides", OverrideView, request)


@contextmanager
def _knot(folder: Path, makes: Sequence[str]) -> Iterator[Camp]:
    """Knot as primary, changed by its control socket."""
    folder.mkdir()
    ports = {make: free_port() for make in makes}
    file = folder / "example.com.zone"
    file.write_text(f"{_RECORDS}www 5 A {ADDRESSES[0]}\n")
    place = Place(folder / "primary", free_port(), ZONE)
    command = [program("knotc") or "knotc", "-s", str(place.folder / "knot.sock")]

    def control(*words: str) -> None:
        subprocess.run([*command, *words], check=True, capture_output=True)

    def prepare(address: str) -> Callable[[], None]:
        control("zone-begin", ZONE)
        control("zone-unset", ZONE, f"{NAME}.", "A")
        control("zone-set", ZONE, f"{NAME}.", "5", "A", address)
        return lambda: control("zone-commit", ZONE)

    with ExitStack() as stack:
        stack.enter_context(other_servers.knot(place, file, Peers(None, tuple(ports.values()), CORP_KEY)))
        yield from _with_secondaries(stack, folder, place.port, ports=ports, prepare=prepare)


def _with_secondaries(
    stack: ExitStack,
    folder: Path,
    primary: int,
    *,
    ports: Mapping[str, int],
    prepare: Callable[[str], Callable[[], None]],
) -> Iterator[Camp]:
    """The camp, once every secondary answers."""
    peers = Peers(primary, key=CORP_KEY)
    for make, port in ports.items():
        place = Place(folder / make, port, ZONE)
        stack.enter_context(MAKES[make][1](place, place.folder / "copy", peers))
    everybody = {"the primary itself": primary, **ports}
    for port in everybody.values():
        wait_until(partial(_answers_first, port), f"port {port} answers")
    yield Camp(everybody, prepare)


def _answers_first(port: int) -> bool:
    """Whether the first address is answered, waiting a little for it."""
    with _asking(port) as asking:
        asking.settimeout(0.1)
        asking.send(_query())
        return _address_in(asking) == ADDRESSES[0]


def _query() -> bytes:
    return message(Question(NAME, "A", 0, 1))


@contextmanager
def _asking(port: int) -> Iterator[socket.socket]:
    with socket.socket(type=socket.SOCK_DGRAM) as asking:
        asking.connect(("127.0.0.1", port))
        yield asking


def _address_in(asking: socket.socket) -> str:
    """What the next answer has; nothing if none has come. Its only answer record stands before an OPT of 11 octets."""
    try:
        octets = asking.recv(4096)
    except OSError:
        return ""
    return next((each for each in ADDRESSES if b"\0\4" + socket.inet_aton(each) in octets), "")


def _measured(camps: Mapping[str, Camp], changes: int) -> dict[str, dict[str, list[float]]]:
    """Seconds of each change by primary and secondary."""
    seconds: dict[str, dict[str, list[float]]] = {key: {each: [] for each in camp.ports} for key, camp in camps.items()}
    dice = random.Random(1)
    for turn in range(changes):
        for key, camp in camps.items():
            for server, taken in _once(camp, ADDRESSES[(turn + 1) % 2]).items():
                seconds[key][server].append(taken)
            time.sleep(dice.uniform(*PAUSE_S))
    return seconds


def _once(camp: Camp, address: str) -> dict[str, float]:
    """One change: when each server answers it."""
    found: dict[str, float] = {}
    with ExitStack() as stack:
        sockets = {server: stack.enter_context(_asking(port)) for server, port in camp.ports.items()}
        for asking in sockets.values():
            asking.settimeout(0)
        order = camp.prepare(address)
        begun = time.monotonic()
        order()
        while sockets and time.monotonic() - begun < GIVE_UP_S:
            changed = _changed(sockets, address)
            found |= dict.fromkeys(changed, time.monotonic() - begun)
            sockets = {server: asking for server, asking in sockets.items() if server not in changed}
    if sockets:
        raise SystemExit(f"after {GIVE_UP_S:g} s not followed by: {', '.join(sockets)}")
    return found


def _changed(sockets: Mapping[str, socket.socket], address: str) -> list[str]:
    """The servers that answer the new address, asked once."""
    for asking in sockets.values():
        asking.send(_query())
    time.sleep(LOOK_S)
    return [server for server, asking in sockets.items() if _address_in(asking) == address]


def summarised(seconds: Mapping[str, Mapping[str, Sequence[float]]]) -> dict[str, dict[str, dict[str, float]]]:
    """The percentiles of each, by server and primary."""
    return {
        server: {
            primary: {name: percentile(found[server], share) for name, share in (("p50", 50), ("p99", 99))}
            for primary, found in seconds.items()
        }
        for server in seconds[OURS]
    }


def percentile(values: Sequence[float], share: int) -> float:
    """The least that so many in a hundred do not exceed."""
    ordered = sorted(values)
    return ordered[-(-share * len(ordered) // 100) - 1]


def section(found: Mapping[str, Mapping[str, Mapping[str, float]]], *, changes: int) -> list[str]:
    """As Markdown."""
    lines = ["## From a change to the answer of secondaries", ""]
    lines.append(f"{changes} changes at each primary, milliseconds, NOTIFY, IXFR and TSIG:")
    lines += [
        "",
        "| secondary | p50 from Understudy | p50 from Knot | p99 from Understudy | p99 from Knot | in the goal |",
    ]
    lines.append("|---|---|---|---|---|---|")
    for server, primaries in found.items():
        cells = [f"{primaries[key][name] * 1e3:.0f}" for name in GOAL_S for key in (OURS, "knot")]
        later = {name: primaries[OURS][name] - primaries["knot"][name] for name in GOAL_S}
        is_reached = all(later[name] < most for name, most in GOAL_S.items())
        lines.append(f"| {server} | {' | '.join(cells)} | {'yes' if is_reached else 'no'} |")
    return lines


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, default=CHANGES)
    parser.add_argument("--quick", action="store_true", help="five changes: shows that it works, measures little")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench", help="where the result is written")
    return parser.parse_args()


if __name__ == "__main__":
    main()
