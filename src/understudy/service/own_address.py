"""Which addresses this host has a way to."""

from __future__ import annotations

import os
import socket

from understudy.checks.transport.faults import LocalError, of_os_error
from understudy.checks.transport.own import is_own

_ANY_PORT = 53  # no packet goes there


def find_route_fault(address: str, via: str = "") -> str:
    """Why this host cannot send to an address, such as one of IPv6 where there is none; empty if it can.

    `via` is the address of its own that it is to send from.
    """
    if via and not is_own(via):
        return no_such_address(via)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as trial:
            trial.connect((address, _ANY_PORT))
    except OSError as error:
        fault = of_os_error(error, "connect", is_at_once=True)
        return error_text(error) if isinstance(fault, LocalError) else ""
    return ""


def no_such_address(via: str) -> str:
    """Why nothing is sent from an address."""
    return f"this host has no address {via}"


def error_text(error: OSError) -> str:
    """What the system says, in a sentence's middle."""
    return os.strerror(error.errno).lower() if error.errno else str(error) or "no answer"
