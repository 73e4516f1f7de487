"""Secondaries of secondaries among BIND, Knot and us: how long a version is good is told and believed (RFC 7314)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import dns.edns
import dns.exception
import dns.message
import dns.query
import pytest

from understudy.testing.other_servers import OtherServer, Peers, Place, bind, knot
from understudy.testing.ports import free_port
from understudy.testing.running_server import RunningServer, wait_until

pytestmark = pytest.mark.integration

ZONE = "example.com."
CONTENT = "$TTL 60\n@ SOA ns1 hostmaster 7 1 1 86400 60\n@ NS ns1\nns1 A 192.0.2.53\n"
WHOLE_S = 86400
EXPIRE = dns.edns.OptionType.make(9)
Make = Callable[[Place, Path, Peers], OtherServer]


def told(port: int, rtype: str = "SOA") -> int | None:
    """For how long the server there says that its version is good; None: it says nothing."""
    query = dns.message.make_query(ZONE, rtype)
    query.use_edns(0, options=[dns.edns.GenericOption(EXPIRE, b"")])
    with suppress(OSError, dns.exception.DNSException):
        ask = dns.query.udp if rtype == "SOA" else dns.query.tcp
        response = ask(query, "127.0.0.1", port=port, timeout=5.0)
        return next((int.from_bytes(each.to_wire() or b"") for each in response.options if each.otype == EXPIRE), None)
    return None


def assert_not_longer(port: int, primary: int) -> None:
    """The server never says more than its primary did, through some refreshes, of a second each."""
    for _ in range(3):
        wait_until(lambda: told(primary) is not None and told(port, "AXFR") is not None, "both say something")
        left, found = told(primary), told(port)
        assert left is None or found is None or found <= left + 1  # None: it was too busy to say


@contextmanager
def ours(folder: Path, primary: int) -> Iterator[RunningServer]:
    """A secondary that hands the zone on; its primary may still be starting."""
    folder.mkdir()
    server = RunningServer(folder, free_port())
    server.write(
        "understudy.yaml",
        "listen: 127.0.0.1:{port}\nstate_dir: state\nzones:\n"
        f"  example.com: {{source: transfer, primaries: ['127.0.0.1:{primary}'],"
        " transfer: {to: [127.0.0.1], notify: []}, watch: false}\n",
    )
    try:
        server.start()
        wait_until(lambda: told(server.port) is not None, "the zone has come")
        yield server
    finally:
        server.stop()


@pytest.mark.parametrize("make", [bind, knot])
def test_a_secondary_of_ours_believes_another_make_what_is_left(tmp_path: Path, make: Make) -> None:
    """The zone goes to BIND or Knot, whose primary is gone then, and from there to us."""
    files = Place(tmp_path / "first", free_port(), ZONE)
    files.folder.mkdir()
    (files.folder / "zone").write_text(CONTENT)
    middle = Place(tmp_path / "middle", free_port(), ZONE)
    middle.folder.mkdir()
    with make(files, files.folder / "zone", Peers()) as first:
        assert told(files.port) == WHOLE_S
        with make(middle, middle.folder / "copy", Peers(primary=files.port)):
            first.stop()
            wait_until(lambda: (told(middle.port) or WHOLE_S) < WHOLE_S - 2, "the secondary counts down")
            with ours(tmp_path / "ours", middle.port) as server:
                assert_not_longer(server.port, middle.port)


@pytest.mark.parametrize("make", [bind, knot])
def test_a_secondary_of_another_make_believes_us_what_is_left(tmp_path: Path, make: Make) -> None:
    files = Place(tmp_path / "first", free_port(), ZONE)
    files.folder.mkdir()
    (files.folder / "zone").write_text(CONTENT)
    first = make(files, files.folder / "zone", Peers())
    with first, ours(tmp_path / "ours", files.port) as server:
        first.stop()
        wait_until(lambda: (told(server.port) or WHOLE_S) < WHOLE_S - 2, "we count down")
        last = Place(tmp_path / "last", free_port(), ZONE)
        last.folder.mkdir()
        with make(last, last.folder / "copy", Peers(primary=server.port)):
            wait_until(lambda: told(last.port) is not None, "the zone has gone on")
            # BIND 9.18 asks when it refreshes, once a second, and not when it fetches; Knot asks both times.
            wait_until(lambda: (told(last.port) or WHOLE_S) < WHOLE_S - 3, "it counts down and is not confirmed anew")
