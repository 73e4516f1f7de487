"""Which addresses are those of this host."""

from __future__ import annotations

import socket


def is_own(address: str) -> bool:
    """Whether this host has the address: a server tells and asks nothing of itself (RFC 1996 2.1, ADR 0026)."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as trial:
            trial.bind((address, 0))
    except OSError:
        return False
    return True
