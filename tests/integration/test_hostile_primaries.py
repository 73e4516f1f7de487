"""Primaries that lie, stall, break off and forge, over real sockets: nothing of it is used, and the cause is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import count
from pathlib import Path

import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsig
import pytest

from understudy.engine import Engine, Zone
from understudy.model.errors import TransferError
from understudy.model.key import Key
from understudy.model.name import Name
from understudy.model.transfer import Primary
from understudy.service.secondary.contact import Contact
from understudy.service.secondary.transfers import ask_offer, fetch
from understudy.testing.played_primary import Piece, PlayedPrimary, Records, Script, answers, soa
from understudy.testing.ports import free_port
from understudy.testing.running_server import RunningServer, wait_until

pytestmark = pytest.mark.integration

ORIGIN = Name.parse("example.com")
SECRET = bytes(range(32))
KEY = dns.tsig.Key("corp-key.", SECRET, dns.tsig.HMAC_SHA256)
OURS = Key(Name.parse("corp-key"), "hmac-sha256", Path("corp.key"))
NS = ("example.com.", "NS", "ns.example.com.")
GLUE = ("ns.example.com.", "A", "192.0.2.53")
BODY: Records = [NS, GLUE, ("www.example.com.", "A", "192.0.2.20")]
WHOLE: list[Records] = [[soa(2)], BODY, [("x.example.com.", "A", "192.0.2.30")], [soa(2)]]


def held() -> Zone:
    text = "@ 60 SOA ns hostmaster 1 3600 3600 86400 60\n@ 60 NS ns\nns 60 A 192.0.2.53\nwww 60 A 192.0.2.10\n"
    return Zone.parse(ORIGIN.absolute, f"{text}a.sub 60 A 192.0.2.11\n".encode())


def gives(*parts: Records) -> Script:
    return lambda query: answers(query, parts)


def differs(*added: tuple[str, str, str]) -> Script:
    """A difference from serial 1 to 2; whoever asks for all of it gets the same as a whole zone."""
    kept = [NS, GLUE, ("www.example.com.", "A", "192.0.2.10"), ("a.sub.example.com.", "A", "192.0.2.11")]

    def script(query: dns.message.Message) -> Iterator[bytes]:
        if query.question[0].rdtype == dns.rdatatype.IXFR:
            return answers(query, [[soa(2), soa(1), soa(2), *added, soa(2)]])
        return answers(query, [[soa(2), *kept, *added, soa(2)]])

    return script


def stalls(query: dns.message.Message) -> Iterator[Piece]:
    yield from list(answers(query, WHOLE))[:2]
    yield None


def breaks_off(query: dns.message.Message) -> Iterator[Piece]:
    yield from list(answers(query, WHOLE))[:2]


def says_nothing(_query: dns.message.Message) -> Iterator[Piece]:
    return iter(())


def has_no_end(query: dns.message.Message) -> Iterator[Piece]:
    names = ([(f"n{first + each}.example.com.", "A", "192.0.2.1") for each in range(500)] for first in count(0, 500))
    return answers(query, (part for parts in ([[soa(2)]], names) for part in parts))


def another_id(query: dns.message.Message) -> Iterator[Piece]:
    for message in answers(query, WHOLE):
        yield bytes((message[0] ^ 1,)) + message[1:]


def another_question(query: dns.message.Message) -> Iterator[Piece]:
    other = dns.message.make_query("example.org.", query.question[0].rdtype, id=query.id)
    return answers(other, WHOLE)


def refuses(query: dns.message.Message) -> Iterator[Piece]:
    response = dns.message.make_response(query)
    response.set_rcode(dns.rcode.REFUSED)
    yield response.to_wire()


def garbage(query: dns.message.Message) -> Iterator[Piece]:
    query.use_edns(False)  # dnspython's word for none, so that what is cut is a record of the zone
    yield next(answers(query, WHOLE))[:-3]


async def take(primary: Primary, zone: Zone | None, key: Key | None = None) -> Zone | None:
    return await fetch(ORIGIN, Contact(primary, key, SECRET if key is not None else b""), zone)


def cause(script: Script, *, zone: Zone | None = None, signed: bool = False) -> str:
    with PlayedPrimary(2, script, KEY if signed else None) as played, pytest.raises(TransferError) as caught:
        asyncio.run(take(played.primary, zone, OURS if signed else None))
    assert str(played.primary) in str(caught.value)
    return caught.value.code


def test_an_honest_primary_is_believed() -> None:
    for signed in (False, True):
        with PlayedPrimary(2, gives(*WHOLE), KEY if signed else None) as played:
            contact = Contact(played.primary, *((OURS, SECRET) if signed else ()))
            assert asyncio.run(ask_offer(ORIGIN, contact)).serial == 2
            zone = asyncio.run(fetch(ORIGIN, contact, held()))
        assert zone is not None
        assert (zone.serial, zone.record_count) == (2, 5)
    with PlayedPrimary(2, differs(("b.example.com.", "A", "192.0.2.40"))) as played:
        zone = asyncio.run(take(played.primary, held()))
        assert zone is not None
        assert (zone.serial, zone.record_count) == (2, 6)


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (stalls, "transfer.stalled"),
        (breaks_off, "transfer.unfinished"),
        (says_nothing, "transfer.unfinished"),
        (has_no_end, "transfer.too-large"),
        (another_id, "transfer.mismatch"),
        (another_question, "transfer.mismatch"),
        (refuses, "transfer.refused"),
        (garbage, "transfer.malformed"),
        (gives([soa(4294967295)], BODY, [soa(4294967295)]), "transfer.behind"),
        (gives([soa(2)], BODY, [("www.example.org.", "A", "192.0.2.1")], [soa(2)]), "transfer.foreign"),
        (gives([soa(2, "example.org.")], [soa(2, "example.org.")]), "transfer.foreign"),
        (gives([soa(2)], BODY, [soa(3)]), "transfer.soa"),
        (gives(BODY, [soa(2)]), "transfer.soa"),
        (gives([soa(2)], [GLUE], [soa(2)]), "transfer.zone"),
        (differs(("sub.example.com.", "DNAME", "example.net.")), "transfer.zone"),
        (differs(("www.example.com.", "CNAME", "ns.example.com.")), "transfer.zone"),
        (differs(("example.com.", "DNAME", "example.net.")), "transfer.zone"),
        (differs(("example.com.", "CNAME", "example.net.")), "transfer.zone"),
    ],
)
def test_what_a_hostile_primary_sends_is_refused_with_its_cause(
    monkeypatch: pytest.MonkeyPatch, script: Script, code: str
) -> None:
    if script is stalls:  # all others say what they have to say, however long a busy machine takes for it
        monkeypatch.setattr("understudy.service.secondary.transfers.STALL_S", 0.3)
    monkeypatch.setattr("understudy.service.secondary.transfers.LIMIT_OCTETS", 200_000)
    zone = held()
    before = zone.to_master_file()
    assert cause(script, zone=zone) == code
    assert zone.to_master_file() == before


def drips(query: dns.message.Message) -> Iterator[Piece]:
    for message in has_no_end(query):
        yield message
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("script", "bound", "why"),
    [(stalls, "STALL_S", "nothing whole in 0.5 s"), (drips, "WHOLE_S", "it was not through in 0.5 s")],
)
def test_a_primary_that_stops_is_told_from_one_that_takes_too_long(
    monkeypatch: pytest.MonkeyPatch, script: Script, bound: str, why: str
) -> None:
    """Only the bound that is to be met is made short: a busy machine takes long for every message."""
    monkeypatch.setattr(f"understudy.service.secondary.transfers.{bound}", 0.5)
    with PlayedPrimary(2, script) as played, pytest.raises(TransferError, match=f"stalled: {why}") as caught:
        asyncio.run(take(played.primary, held()))
    assert caught.value.code == "transfer.stalled"


def test_a_primary_that_claims_more_than_it_has_gives_nothing() -> None:
    with PlayedPrimary(9, gives([soa(1)], BODY, [soa(1)])) as played:
        assert asyncio.run(take(played.primary, held())) is None


def unsigned(query: dns.message.Message) -> Iterator[Piece]:
    return answers(dns.message.make_query("example.com.", query.question[0].rdtype, id=query.id), WHOLE)


def other_secret(query: dns.message.Message) -> Iterator[Piece]:
    query.use_tsig(dns.tsig.Key("corp-key.", SECRET[::-1], dns.tsig.HMAC_SHA256))
    return answers(query, WHOLE)


def clock_differs(query: dns.message.Message) -> Iterator[Piece]:
    response = dns.message.make_response(query, tsig_error=int(dns.rcode.BADTIME))
    response.set_rcode(dns.rcode.NOTAUTH)
    yield response.to_wire()


def without(*places: int) -> Script:
    def script(query: dns.message.Message) -> Iterable[Piece]:
        return [message for place, message in enumerate(answers(query, WHOLE)) if place not in places]

    return script


def changed(query: dns.message.Message) -> Iterator[Piece]:
    for message in answers(query, WHOLE):
        yield message.replace(bytes((192, 0, 2, 30)), bytes((192, 0, 2, 66)))


def last_unsigned(query: dns.message.Message) -> Iterator[Piece]:
    *proven, _ = answers(query, WHOLE)
    yield from proven
    *_, last = answers(dns.message.make_query("example.com.", query.question[0].rdtype, id=query.id), WHOLE)
    yield last


class Replayed:
    """What was sent to an earlier query, with the id of the new one."""

    def __init__(self) -> None:
        self.earlier: list[bytes] = []

    def __call__(self, query: dns.message.Message) -> Iterator[Piece]:
        if not self.earlier:
            self.earlier = list(answers(query, WHOLE))
            return iter(self.earlier)
        return iter([query.id.to_bytes(2) + message[2:] for message in self.earlier])


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (unsigned, "transfer.unsigned"),
        (last_unsigned, "transfer.unsigned"),
        (other_secret, "transfer.signature"),
        (changed, "transfer.signature"),
        (without(1), "transfer.signature"),
        (without(1, 2), "transfer.signature"),
        (without(3), "transfer.unfinished"),
        (clock_differs, "transfer.key"),
    ],
)
def test_what_is_not_proven_is_not_used(script: Script, code: str) -> None:
    assert cause(script, zone=held(), signed=True) == code


def test_an_earlier_answer_proves_nothing_again() -> None:
    replayed = Replayed()
    with PlayedPrimary(2, replayed, KEY) as played:
        assert asyncio.run(take(played.primary, None, OURS)) is not None
        with pytest.raises(TransferError) as caught:
            asyncio.run(take(played.primary, None, OURS))
    assert caught.value.code == "transfer.signature"


def test_a_clock_that_is_wrong_here_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(["127.0.0.1:0"])
    engine.set_keys([("corp-key.", "hmac-sha256", SECRET)])
    engine.publish_zone(held(), [])
    engine.commit(engine.prepare(ORIGIN.absolute, 1, [], held()))
    engine.set_access(ORIGIN.absolute, [], ["corp-key."])
    engine.start()
    contact = Contact(Primary("127.0.0.1", int(engine.addresses[0].rpartition(":")[2])), OURS, SECRET)
    assert asyncio.run(fetch(ORIGIN, contact, None)) is not None
    true_time = time.time
    monkeypatch.setattr("time.time", lambda: true_time() - 1000)
    found = []
    for ask in (fetch(ORIGIN, contact, None), ask_offer(ORIGIN, contact)):
        with pytest.raises(TransferError, match="does not take the key corp-key: BADTIME, its clock") as caught:
            asyncio.run(_run(ask))
        found.append(caught.value.code)
    engine.stop()
    assert found == ["transfer.key", "transfer.key"]


def test_a_primary_that_knows_no_edns_is_asked_without() -> None:
    with PlayedPrimary(2, gives(*WHOLE)) as played:
        played.knows_edns = False
        contact = Contact(played.primary)
        assert asyncio.run(ask_offer(ORIGIN, contact)).serial == 2
        for zone in (None, held()):
            found = asyncio.run(fetch(ORIGIN, contact, zone))
            assert found is not None
            assert (found.serial, found.record_count) == (2, 5)


def test_a_serial_that_is_not_proven_is_not_believed() -> None:
    with PlayedPrimary(2, gives(*WHOLE), KEY) as played:
        played.says_unsigned = True
        with pytest.raises(TransferError) as caught:
            asyncio.run(ask_offer(ORIGIN, Contact(played.primary, OURS, SECRET)))
    assert caught.value.code == "transfer.unsigned"


async def _run(awaitable: object) -> object:
    return await awaitable  # type: ignore[misc]  # either conversation


def notify(port: int) -> None:
    message = dns.message.make_query("example.com.", "SOA")
    message.set_opcode(dns.opcode.NOTIFY)
    assert dns.query.udp(message, "127.0.0.1", port=port, timeout=10).rcode() == dns.rcode.NOERROR


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    found = RunningServer(tmp_path, free_port())
    yield found
    found.stop()


def has(server: RunningServer, address: str) -> bool:
    return server.addresses("www.example.com") == [address]


def tells(server: RunningServer, code: str) -> bool:
    return code in server.run("events", "--json").stdout


def test_a_primary_that_is_not_there_is_told_of_in_the_words_of_the_system() -> None:
    primary = Primary("127.0.0.1", free_port())
    with pytest.raises(TransferError) as caught:
        asyncio.run(fetch(ORIGIN, Contact(primary), None))
    assert caught.value.code == "transfer.unreachable"
    assert caught.value.message == f"{primary} cannot be reached: connection refused"


def test_the_last_good_version_stays_and_the_next_primary_is_asked(server: RunningServer) -> None:
    def good(serial: int) -> Script:
        return gives([soa(serial), NS, GLUE, ("www.example.com.", "A", f"192.0.2.{serial}"), soa(serial)])

    causes: list[tuple[Script, str]] = [
        (breaks_off, "transfer.unfinished"),
        (another_question, "transfer.mismatch"),
        (gives([soa(200), NS, ("www.example.org.", "A", "192.0.2.1")]), "transfer.foreign"),
        (gives([soa(1)], BODY, [soa(1)]), "transfer.false-serial"),
        (gives([soa(200), NS, GLUE, ("example.com.", "DNAME", "example.net."), soa(200)]), "transfer.zone"),
    ]
    with ExitStack() as stack:
        hostile, honest = (stack.enter_context(PlayedPrimary(1, good(1))) for _ in range(2))
        server.write(
            "understudy.yaml",
            "listen: 127.0.0.1:{port}\nstate_dir: state\nzones:\n  example.com:\n    source: transfer\n"
            f"    primaries: ['{hostile.primary}', '{honest.primary}']\n",
        )
        server.start()
        wait_until(partial(has, server, "192.0.2.1"), "the first version is here")
        for serial, (script, code) in enumerate(causes, start=2):
            hostile.serial, hostile.script = 200, script
            notify(server.port)
            wait_until(partial(tells, server, code), f"{code} is told")
            assert has(server, f"192.0.2.{serial - 1}")
            honest.serial, honest.script = serial, good(serial)
            notify(server.port)
            wait_until(partial(has, server, f"192.0.2.{serial}"), "the next primary is asked")
