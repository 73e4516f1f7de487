from __future__ import annotations

from typing import Any

import pytest

from understudy.model.observation import Outcome
from understudy.testing.check_contract import see
from understudy.testing.honest_peers import answers
from understudy.testing.hostile_peers import echoes, floods, half_closes, is_deaf, parrots, stays_silent
from understudy.testing.peers import Behaviour, DatagramBehaviour, DatagramPeer, Peer

PASS, FAIL = Outcome.PASS, Outcome.FAIL


def connect(behaviour: Behaviour, **settings: Any) -> tuple[Outcome, str, str]:
    with Peer(behaviour) as peer:
        seen = see("tcp", {"port": peer.port, **settings})
    return seen.outcome, seen.reason, seen.text


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_port_that_listens_passes(host: str) -> None:
    with Peer(stays_silent, host="127.0.0.1" if host == "localhost" else host) as peer:
        assert see("tcp", {"port": peer.port}, host=host).outcome is PASS


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_port_that_nobody_listens_on_is_refused(host: str) -> None:
    with Peer(stays_silent, host=host) as peer:
        port = peer.port
    seen = see("tcp", {"port": port}, host=host)
    assert (seen.outcome, seen.reason) == (FAIL, "connect.refused")


def test_a_dialogue_passes_when_the_expected_words_come() -> None:
    assert connect(echoes, send="hello", expect="hello") == (PASS, "", "answered 'hello'")
    assert connect(echoes, send_hex="00ff68656c6c6f", expect="hello")[0] is PASS
    assert connect(answers(b"+PO" + b"NG", after=b"PING"), send="PING\r\n", expect="PONG")[0] is PASS


def test_a_dialogue_without_the_expected_words_fails() -> None:
    assert connect(answers(b"goodbye", after=b"hello"), send="hello", expect="welcome") == (
        FAIL,
        "tcp.closed",
        "expected 'welcome', seen 'goodbye' and the end",
    )
    assert connect(half_closes, expect="x")[:2] == (FAIL, "tcp.closed")
    assert connect(floods(b""), expect="never")[:2] == (FAIL, "tcp.answer")


def test_what_was_said_is_told_where_the_connection_stays_open() -> None:
    with Peer(echoes) as peer:
        seen = see("tcp", {"port": peer.port, "send": "hi", "expect": "ho"}, timeout_s=0.2)
    assert (seen.outcome, seen.reason, seen.text) == (
        FAIL,
        "timeout.read",
        "expected 'ho', seen 'hi' and no end within 200ms",
    )


def test_a_probe_leaves_from_its_source_address() -> None:
    callers: list[str] = []

    def note_the_caller(connection: Any, _: object) -> None:
        callers.append(connection.getpeername()[0])

    assert connect(note_the_caller, source="127.0.0.9", send="x", expect="y")[0] is FAIL
    assert callers == ["127.0.0.9"]


@pytest.mark.parametrize(("source", "reason"), [("192.0.2.99", "local.no-address"), ("::1", "local.no-family")])
def test_a_source_address_that_cannot_be_used_blames_nobody(source: str, reason: str) -> None:
    assert connect(stays_silent, source=source)[:2] == (Outcome.INCONCLUSIVE, reason)


def send(behaviour: DatagramBehaviour, *, timeout_s: float = 0.2, **settings: Any) -> tuple[Outcome, str, str]:
    with DatagramPeer(behaviour) as peer:
        seen = see("udp", {"port": peer.port, **settings}, timeout_s=timeout_s)
    return seen.outcome, seen.reason, seen.text


def test_a_datagram_passes_when_the_expected_answer_comes() -> None:
    assert send(parrots, timeout_s=5, send="hello", expect="hello") == (PASS, "", "answered 'hello'")
    assert send(parrots, timeout_s=5, send="hello", expect="bye")[:2] == (FAIL, "udp.answer")
    assert send(is_deaf, send="hello", expect="hello")[:2] == (FAIL, "timeout.first_octet")


def test_silence_passes_where_no_answer_is_expected() -> None:
    assert send(is_deaf) == (PASS, "", "no refusal within 0.1 s")
    assert send(parrots, timeout_s=5) == (PASS, "", "answered")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("settings", [{}, {"expect": "x"}])
def test_a_datagram_port_that_nobody_listens_on_is_refused(host: str, settings: dict[str, str]) -> None:
    with DatagramPeer(is_deaf, host=host) as peer:
        port = peer.port
    seen = see("udp", {"port": port, **settings}, host=host)
    assert (seen.outcome, seen.reason) == (FAIL, "connect.refused")
