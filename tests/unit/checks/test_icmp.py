from __future__ import annotations

import socket
from typing import Any

import pytest

from understudy.checks import icmp
from understudy.model.observation import Outcome
from understudy.testing.check_contract import see


@pytest.fixture(params=[socket.SOCK_DGRAM, socket.SOCK_RAW], ids=["ping socket", "raw socket"])
def allowed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Only one kind of socket is to be had; whether this process may have it at all."""
    only: int = request.param
    try:
        socket.socket(socket.AF_INET, only, socket.IPPROTO_ICMP).close()
    except PermissionError:
        is_allowed = False
    else:
        is_allowed = True
    allow_only(monkeypatch, only)
    return is_allowed


def allow_only(monkeypatch: pytest.MonkeyPatch, *kinds: int) -> None:
    real = socket.socket

    def restricted(family: int = -1, kind: int = -1, *rest: Any, **named: Any) -> socket.socket:
        bare = kind & ~(socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        if rest[:1] in {(socket.IPPROTO_ICMP,), (socket.IPPROTO_ICMPV6,)} and bare not in kinds:
            raise PermissionError(13, "Permission denied")
        return real(family, kind, *rest, **named)

    monkeypatch.setattr(socket, "socket", restricted)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("size", [16, 57, 1400])
def test_loopback_answers_on_every_kind_of_socket(host: str, size: int, allowed: bool) -> None:
    seen = see("icmp", {"size": size}, host=host)
    expected = (Outcome.PASS, "") if allowed else (Outcome.INCONCLUSIVE, "local.icmp-forbidden")
    assert (seen.outcome, seen.reason) == expected


def test_a_host_that_forbids_ping_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    allow_only(monkeypatch)
    seen = see("icmp", None)
    assert (seen.outcome, seen.reason) == (Outcome.INCONCLUSIVE, "local.icmp-forbidden")
    assert "net.ipv4.ping_group_range" in seen.text
    assert "CAP_NET_RAW" in seen.text


def test_silence_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch, allowed: bool) -> None:
    monkeypatch.setattr(icmp._Echo, "is_answered_by", lambda *_, **__: False)
    seen = see("icmp", None, timeout_s=0.1)
    expected = (Outcome.FAIL, "timeout.first_octet") if allowed else (Outcome.INCONCLUSIVE, "local.icmp-forbidden")
    assert (seen.outcome, seen.reason) == expected


ECHO = icmp._Echo(icmp._FAMILIES[4], 0x1234, 0x0005, b"payload!")
REPLY = b"\0\0\0\0\x12\x34\x00\x05payload!"


@pytest.mark.parametrize(
    ("octets", "is_ours"),
    [
        (REPLY, True),
        (b"\x08" + REPLY[1:], False),
        (REPLY[:4] + b"\x43\x21" + REPLY[6:], False),
        (REPLY[:6] + b"\x00\x06" + REPLY[8:], False),
        (REPLY[:-1] + b"?", False),
        (REPLY[:7], False),
        (b"", False),
    ],
)
def test_only_the_reply_to_our_own_request_counts(octets: bytes, is_ours: bool) -> None:
    assert ECHO.is_answered_by(octets, checks_identifier=True) is is_ours


def test_a_ping_sockets_identifier_is_the_kernels() -> None:
    assert ECHO.is_answered_by(REPLY[:4] + b"\x43\x21" + REPLY[6:], checks_identifier=False)


def test_the_checksum_is_the_internets() -> None:
    assert icmp._checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0x220D  # the example of RFC 1071 3
    assert icmp._checksum(ECHO.request()) == 0
