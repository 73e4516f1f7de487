"""Whose fault it is: every way in which a probe can end without passing."""

from __future__ import annotations

import errno
import os
import ssl

TEXT_MAX = (
    240  # chosen: two lines on a terminal; a text is stored and shown, so its size is not the endpoint's to choose
)


class ProbeError(Exception):
    """A probe that did not pass: a stable dotted `reason` and a `text` for people."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(reason, text)
        self.reason = reason
        self.text = text

    def __str__(self) -> str:
        return f"{self.reason}: {self.text}"


class EndpointError(ProbeError):
    """The endpoint's failure."""


class LocalError(ProbeError):
    """Our own fault: the probe is inconclusive, and the endpoint is never blamed (semantics 1.2)."""


_OURS = {
    errno.EMFILE: ("local.descriptors", "this process has no file descriptor left (raise LimitNOFILE or ulimit -n)"),
    errno.ENFILE: ("local.descriptors", "this host has no file descriptor left (raise fs.file-max)"),
    errno.ENOBUFS: ("local.memory", "this host has no socket buffer left"),
    errno.ENOMEM: ("local.memory", "this host has no memory left"),
    errno.EAGAIN: ("local.memory", "this host has no socket buffer or local port left"),
    errno.EADDRINUSE: ("local.ports", "this host has no free local port left"),
    errno.EADDRNOTAVAIL: ("local.no-address", "this host has no address to probe from, or no free local port"),
    errno.EAFNOSUPPORT: ("local.no-family", "this host does not speak the endpoint's address family"),
    errno.EPROTONOSUPPORT: ("local.no-family", "this host does not speak the protocol"),
    errno.ENETDOWN: ("local.no-route", "this host's network is down"),
    errno.EACCES: ("local.forbidden", "this host's firewall or routing forbids the connection"),
    errno.EPERM: ("local.forbidden", "this host's firewall forbids the connection"),
}

# An error that the kernel gives at once, before any packet left, speaks of our own routing table; the same
# error some time later was told by a router or by a neighbour that did not answer, and so is the endpoint's.
_OURS_AT_ONCE = {
    errno.ENETUNREACH: ("local.no-route", "this host has no route to the endpoint"),
    errno.EHOSTUNREACH: ("local.no-route", "this host's routing table rejects the endpoint"),
    errno.EINVAL: ("local.no-route", "this host's routing table discards packets to the endpoint"),
}

_THEIRS = {
    errno.ECONNREFUSED: ("refused", "connection refused"),
    errno.ECONNRESET: ("reset", "connection reset by the endpoint"),
    errno.EPIPE: ("reset", "connection closed by the endpoint while we were sending"),
    errno.ENOTCONN: ("reset", "connection reset by the endpoint"),
    errno.ECONNABORTED: ("reset", "connection aborted"),
    errno.ETIMEDOUT: ("timeout", "the endpoint stopped acknowledging"),
    errno.ENETUNREACH: ("unreachable", "a router says that the endpoint's network is unreachable"),
    errno.EHOSTUNREACH: (
        "unreachable",
        "the endpoint's host is unreachable (no neighbour answers, or a router says so)",
    ),
    errno.ENOPROTOOPT: ("unreachable", "the endpoint's host refuses the protocol"),
    errno.EPROTO: ("malformed", "protocol error"),
}

_STAGES = {"connect": "connect", "tls": "tls"}
_ALWAYS_CONNECT = {"refused", "unreachable"}  # a datagram's refusal comes while we wait for the answer


def of_os_error(error: OSError, phase: str, *, is_at_once: bool = False) -> ProbeError:
    """Whose fault an error of the operating system or of TLS is; `is_at_once`: connect(2) itself returned it."""
    if isinstance(error, ssl.SSLError):
        return _of_tls_error(error)
    number = error.errno or 0
    ours = _OURS.get(number) or (_OURS_AT_ONCE.get(number) if is_at_once else None)
    if ours:
        return LocalError(*ours)
    if number not in _THEIRS:
        name = errno.errorcode.get(number, "unknown error")
        return LocalError("local.system", f"{name}: {os.strerror(number) if number else plain(str(error))}")
    word, text = _THEIRS[number]
    if word == "timeout":
        return EndpointError(f"timeout.{phase}", text)
    stage = "connect" if word in _ALWAYS_CONNECT else _STAGES.get(phase, "read")
    return EndpointError(f"{stage}.{word}", text)


def _of_tls_error(error: ssl.SSLError) -> EndpointError:
    """What is wrong with the certificate, or with the conversation."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return EndpointError("tls.certificate", f"certificate not accepted: {plain(error.verify_message)}")
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return EndpointError("tls.closed", "the endpoint closed the connection within TLS")
    detail = (error.reason or str(error)).lower().replace("_", " ")
    return EndpointError("tls.handshake", f"TLS failed: {plain(detail)}")


def plain(seen: str | bytes, limit: int = 80) -> str:
    """What an endpoint sent, fit for a log line: one line, printable characters only, at most `limit` of them."""
    text = seen[: limit * 4].decode("utf-8", "replace") if isinstance(seen, bytes) else seen[: limit * 4]
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= limit and len(seen) <= limit * 4 else line[: limit - 3] + "..."
