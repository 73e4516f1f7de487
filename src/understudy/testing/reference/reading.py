"""Messages of every opcode, read as queries are: dnspython has other rules for UPDATE (RFC 2136)."""

from __future__ import annotations

import dns.message
from dns.opcode import Opcode

_OPCODE = 0x78


def read(octets: bytes, *, is_each_record_alone: bool = False) -> dns.message.Message:
    """Raises what dnspython raises for what is no message."""
    plain = octets[:2] + bytes([octets[2] & ~_OPCODE]) + octets[3:]
    message = dns.message.from_wire(plain, one_rr_per_rrset=is_each_record_alone)
    message.set_opcode(opcode_of(octets))
    return message


def opcode_of(octets: bytes) -> Opcode:
    """The opcode of what has at least a header's first three octets."""
    return Opcode.make((octets[2] & _OPCODE) >> 3)
