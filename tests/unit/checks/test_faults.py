from __future__ import annotations

import errno
import os
import ssl

import pytest

from understudy.checks.transport.faults import EndpointError, LocalError, ProbeError, of_os_error, plain

CONNECTING: list[tuple[int, bool, type[ProbeError], str]] = [
    (errno.ECONNREFUSED, False, EndpointError, "connect.refused"),
    (errno.ECONNREFUSED, True, EndpointError, "connect.refused"),
    (errno.ECONNRESET, False, EndpointError, "connect.reset"),
    (errno.ETIMEDOUT, False, EndpointError, "timeout.connect"),
    (errno.EHOSTUNREACH, False, EndpointError, "connect.unreachable"),
    (errno.EHOSTUNREACH, True, LocalError, "local.no-route"),
    (errno.ENETUNREACH, False, EndpointError, "connect.unreachable"),
    (errno.ENETUNREACH, True, LocalError, "local.no-route"),
    (errno.EINVAL, True, LocalError, "local.no-route"),
    (errno.ENETDOWN, False, LocalError, "local.no-route"),
    (errno.EMFILE, True, LocalError, "local.descriptors"),
    (errno.ENFILE, True, LocalError, "local.descriptors"),
    (errno.ENOBUFS, True, LocalError, "local.memory"),
    (errno.ENOMEM, True, LocalError, "local.memory"),
    (errno.EADDRNOTAVAIL, True, LocalError, "local.no-address"),
    (errno.EAFNOSUPPORT, True, LocalError, "local.no-family"),
    (errno.EPERM, True, LocalError, "local.forbidden"),
    (errno.EIO, True, LocalError, "local.system"),
]


@pytest.mark.parametrize(("number", "is_at_once", "fault", "reason"), CONNECTING)
def test_each_error_of_connecting_has_its_culprit(
    number: int, is_at_once: bool, fault: type[ProbeError], reason: str
) -> None:
    seen = of_os_error(OSError(number, os.strerror(number)), "connect", is_at_once=is_at_once)
    assert (type(seen), seen.reason) == (fault, reason)


@pytest.mark.parametrize(
    ("phase", "number", "reason"),
    [
        ("tls", errno.ECONNRESET, "tls.reset"),
        ("read", errno.ECONNRESET, "read.reset"),
        ("first_octet", errno.ECONNRESET, "read.reset"),
        ("send", errno.EPIPE, "read.reset"),
        ("first_octet", errno.ECONNREFUSED, "connect.refused"),
        ("read", errno.ETIMEDOUT, "timeout.read"),
    ],
)
def test_the_reason_says_in_which_phase_it_failed(phase: str, number: int, reason: str) -> None:
    assert of_os_error(OSError(number, ""), phase).reason == reason


def test_an_unknown_error_is_never_the_endpoints() -> None:
    assert isinstance(of_os_error(OSError("odd"), "read"), LocalError)


def test_an_end_within_tls_is_the_endpoints() -> None:
    seen = of_os_error(ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), "tls")
    assert (type(seen), seen.reason) == (EndpointError, "tls.closed")


@pytest.mark.parametrize(
    ("seen", "text"),
    [
        (b"ready\n", "ready"),
        (b"a\x00b\x1b[31mc", "a b [31mc"),
        ("right\u202eleft", "right left"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"x" * 100, "x" * 77 + "..."),
        (b" " * 1000 + b"x", "..."),
        ("", ""),
    ],
)
def test_what_an_endpoint_sent_is_made_fit_for_a_line(seen: str | bytes, text: str) -> None:
    assert plain(seen) == text
