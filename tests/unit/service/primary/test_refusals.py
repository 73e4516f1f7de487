"""Secondaries that are refused a zone are told of, with what is to be mended, and not too often."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import dns.tsig
import pytest

from understudy.engine import Engine, Zone
from understudy.service.primary.refusals import AGAIN_S, MOST, Refusals
from understudy.service.primary.refused import MOST as KEPT
from understudy.service.primary.refused import Refusal, Refused
from understudy.testing.builders import name
from understudy.testing.server_world import ServerWorld
from understudy.testing.virtual_time import VirtualClock, run_virtual

ORIGIN = "example.com."
CONFIGURATION = """
listen: 127.0.0.1:5300
zones:
  example.com: {file: zone, transfer: {to: [192.0.2.53], notify: []}}
  example.net: {file: zone}
"""
SECRET = bytes(range(32))
ZONE = Zone.parse(ORIGIN, b"@ 60 SOA ns hostmaster 7 7200 3600 1209600 60\n@ 60 NS ns\nns 60 A 192.0.2.53\n")


def ask(engine: Engine, key: str = "", *, secret: bytes = SECRET, rtype: str = "AXFR", origin: str = ORIGIN) -> None:
    """As a secondary does, from 127.0.0.1; whatever comes is read and forgotten."""
    query = dns.message.make_query(origin, rtype)
    if key:
        query.use_tsig(dns.tsig.Key(key, secret, dns.tsig.HMAC_SHA256))
    host, _, port = engine.addresses[0].rpartition(":")
    wire = query.to_wire()
    with socket.create_connection((host, int(port)), 20) as connection:
        connection.sendall(len(wire).to_bytes(2) + wire)
        assert len(connection.recv(2)) > 0


@pytest.fixture
def engine() -> Engine:
    engine = Engine(["127.0.0.1:0"])
    engine.publish_zone(ZONE, [])
    engine.commit(engine.prepare(ORIGIN, 7, [], ZONE))
    engine.set_keys([("ours.", "hmac-sha256", SECRET), ("other.", "hmac-sha256", SECRET)])
    engine.set_access(ORIGIN, ["192.0.2.0/24"], ["ours."])
    engine.start()
    return engine


def test_the_engine_says_who_was_refused_what_with_which_key_and_why(engine: Engine) -> None:
    ask(engine)
    ask(engine, "other")
    ask(engine, "OURS", secret=bytes(32))
    ask(engine, "strange")
    ask(engine, "strange")
    assert sorted(engine.take_refusals(), key=str) == [
        (ORIGIN, "127.0.0.1", "other.", 5),
        (ORIGIN, "127.0.0.1", "ours.", 16),
        (ORIGIN, "127.0.0.1", "strange.", 17),
        (ORIGIN, "127.0.0.1", None, 5),
    ]
    assert engine.take_refusals() == []
    engine.stop()


def test_what_is_given_and_what_is_no_transfer_and_what_is_not_here_is_no_refusal(engine: Engine) -> None:
    ask(engine, "ours")
    ask(engine, "strange", rtype="SOA")
    ask(engine, rtype="A")
    ask(engine, origin="example.net.")
    query = dns.message.make_query(ORIGIN, "IXFR")  # over UDP the address may be anybody's
    assert engine.answer(query.to_wire(), "198.51.100.1") is not None
    assert engine.take_refusals() == []
    engine.stop()


class FakeEngine:
    """Has refused these."""

    def __init__(self, refused: Sequence[tuple[str, str, str | None, int]]) -> None:
        self.refused = list(refused)

    def take_refusals(self) -> list[tuple[str, str, str | None, int]]:
        """All of them, each time."""
        return self.refused


def texts(
    folder: Path,
    rounds: Sequence[Sequence[tuple[str, str, str | None, int]]],
    pause_s: float,
    configuration: str = CONFIGURATION,
) -> list[str]:
    """The events of a server whose engine has refused this in each look."""
    found: list[str] = []
    folder.mkdir(exist_ok=True)

    async def main(clock: VirtualClock) -> None:
        world = ServerWorld(clock, folder)
        (folder / "key").write_text("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n")
        await world.start({"understudy.yaml": configuration, "zone": "@ 60 SOA ns. root. 1 2 3 4 5\n@ 60 NS ns.\n"})
        refusals = Refusals(world.server)
        for refused in rounds:
            world.server.engine = FakeEngine(refused)  # type: ignore[assignment]  # nothing else of it is asked for
            refusals.heed(clock.now())
            await asyncio.sleep(pause_s)
        clients = {client for refused in rounds for _, client, _, _ in refused}
        assert {each.client for each in world.server.refused.of(name("example.com"))} <= clients
        assert world.server.refused.of(name("example.net")) == []
        found.extend(each.text for each in await world.server.store.events() if "was refused" in each.text)
        assert bool(found) == bool(world.server.refused.of(name("example.com")))

    run_virtual(main)
    return found


def test_the_event_names_client_key_and_reason(tmp_path: Path) -> None:
    refused = [
        (ORIGIN, "192.0.2.7", None, 5),
        (ORIGIN, "192.0.2.7", "other.", 5),
        (ORIGIN, "2001:db8::7", "ours.", 16),
        (ORIGIN, "192.0.2.7", "ours.", 18),
        ("example.net.", "192.0.2.7", None, 5),  # is given to nobody, and that is no news
    ]
    assert sorted(texts(tmp_path, [refused], 1)) == [
        "a transfer to 192.0.2.7 with the key other was refused: `transfer.to` does not permit it",
        "a transfer to 192.0.2.7 with the key ours was refused: BADTIME, its clock and ours differ too much",
        "a transfer to 192.0.2.7 without a key was refused: `transfer.to` does not permit it",
        "a transfer to 2001:db8::7 with the key ours was refused: BADSIG, it has another secret",
    ]


def test_too_many_transfers_at_once_are_told_of_once_and_blamed_on_nobody(tmp_path: Path) -> None:
    found: list[str] = []

    async def main(clock: VirtualClock) -> None:
        world = ServerWorld(clock, tmp_path)
        (tmp_path / "key").write_text("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n")
        configuration = CONFIGURATION + "server: {transfers: 2}\n"
        await world.start({"understudy.yaml": configuration, "zone": "@ 60 SOA ns. root. 1 2 3 4 5\n@ 60 NS ns.\n"})
        refusals = Refusals(world.server)
        refused = [(ORIGIN, "192.0.2.53", None, 0), (ORIGIN, "192.0.2.54", None, 0)]
        world.server.engine = FakeEngine(refused)  # type: ignore[assignment]  # nothing else of it is asked for
        for _ in range(3):
            refusals.heed(clock.now())
            await asyncio.sleep(AGAIN_S / 4)
        found.extend(each.text for each in await world.server.store.events() if each.subject == "transfers")
        assert {each.client for each in world.server.refused.of(name("example.com"))} == {"192.0.2.53", "192.0.2.54"}

    run_virtual(main)
    assert found == [
        (
            "2 zones are being sent to secondaries, and no more go out at once (`server.transfers`): example.com is"
            " not sent to 192.0.2.53 until that asks again"
        )
    ]


def test_who_asks_before_the_first_version_is_ready_is_not_said_to_lack_a_permission(tmp_path: Path) -> None:
    """The engine answers before it has been told who may have what."""
    known = [(ORIGIN, "192.0.2.53", None, 5), (ORIGIN, "198.51.100.1", "ours.", 5), (ORIGIN, "2001:db8::1", "both.", 5)]
    strange = [(ORIGIN, "192.0.2.54", None, 5), (ORIGIN, "192.0.2.54", "both.", 5), (ORIGIN, "2001:db8::1", None, 5)]
    to = "[192.0.2.53, {key: ours}, {network: 2001:db8::/32, key: both}]"
    keys = "keys: {ours: {secret_file: key}, both: {secret_file: key}}\n"
    configuration = CONFIGURATION.replace("[192.0.2.53]", to) + keys
    assert texts(tmp_path / "known", [known], 1, configuration) == []
    assert len(texts(tmp_path / "strange", [strange], 1, configuration)) == len(strange)


def test_the_last_of_each_client_is_kept_and_only_of_a_few() -> None:
    refused, origin, other = Refused(), name("example.com"), name("example.net")
    for last in range(KEPT + 2):
        refused.note(origin, Refusal(f"192.0.2.{last}", None, "first", last))
    refused.note(origin, Refusal("192.0.2.3", "corp-key", "second", 9.0))
    refused.note(other, Refusal("192.0.2.3", None, "first", 9.0))
    assert [(each.client, each.why) for each in refused.of(origin)] == [
        ("192.0.2.3", "second"),
        ("192.0.2.6", "first"),
        ("192.0.2.5", "first"),
        ("192.0.2.4", "first"),
        ("192.0.2.2", "first"),
    ]
    refused.forget(origin, "192.0.2.3")
    assert [each.client for each in refused.of(other)] == ["192.0.2.3"]
    refused.keep([origin])
    assert (len(refused.of(origin)), refused.of(other)) == (KEPT - 1, [])


def test_the_same_is_told_once_in_an_hour(tmp_path: Path) -> None:
    rounds = [[(ORIGIN, "192.0.2.7", None, 5)]] * 5
    assert len(texts(tmp_path / "often", rounds, AGAIN_S / 10)) == 1
    assert len(texts(tmp_path / "seldom", rounds, AGAIN_S + 1)) == 5


def test_many_clients_do_not_fill_the_history(tmp_path: Path) -> None:
    flood = [(ORIGIN, f"192.0.2.{last}", None, 5) for last in range(100, 200)]
    found = texts(tmp_path, [flood, [(ORIGIN, "198.51.100.1", None, 5)]], 61)
    assert len(found) == MOST + 1
    assert sum(f"; {100 - MOST} more were not told of" in text for text in found) == 1


def test_any_minute_has_no_more_than_so_many_lines(tmp_path: Path) -> None:
    """What was told half a minute ago counts still, when what was told before it does no more."""
    half = MOST // 2
    looks = [
        [(ORIGIN, f"192.0.{look}.{last}", None, 5) for last in range(count)]
        for look, count in enumerate((half, MOST - half, MOST))
    ]
    assert len(texts(tmp_path, looks, 31)) == MOST + half
