"""Which addresses are those of this host, and which it has a way to."""

from __future__ import annotations

import os
import socket

from understudy.checks.transport.faults import LocalError, of_os_error

_ANY_PORT = 53  # no packet goes there


def is_own(address: str) -> bool:
    """Whether this host has the address: a server tells and asks nothing of itself (RFC 1996 2.1, ADR 0026)."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as trial:
            trial.bind((address, 0))
    except OSError:
        return False
    return True


def find_route_fault(address: str) -> str:
    """Why this host cannot send to an address, such as one of IPv6 where there is none; empty if it can."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as trial:
            trial.connect((address, _ANY_PORT))
    except OSError as error:
        fault = of_os_error(error, "connect", is_at_once=True)
        return error_text(error) if isinstance(fault, LocalError) else ""
    return ""


def error_text(error: OSError) -> str:
    """What the system says, in a sentence's middle."""
    return os.strerror(error.errno).lower() if error.errno else str(error) or "no answer"
