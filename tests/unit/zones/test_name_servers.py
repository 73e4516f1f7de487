"""Whom a zone names: names come out as the engine is asked for them, whatever octets they have."""

from __future__ import annotations

import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.model.name import Name
from understudy.zones.name_servers import named_servers

LABELS = st.lists(st.binary(min_size=1, max_size=20), max_size=6)


class OneServer:
    """A zone with one name server."""

    def __init__(self, server: bytes) -> None:
        self.server = server

    def rrset(self, owner: str, rtype: int) -> tuple[str, int, int, list[bytes]] | None:
        return (owner, rtype, 300, [self.server]) if rtype == 2 else None


def named(server: bytes) -> str:
    [(name, addresses)] = named_servers(OneServer(server), Name.parse("example.com"))
    assert addresses == ()
    return name


@pytest.mark.parametrize(
    ("wire", "text"),
    [
        (b"\x02NS\x07Example\0", "ns.example."),
        (b"\0", "."),
        (b"\x04a.b_\x03com\0", "a\\.b_.com."),
        (b"\x02\xc3\xa4\0", "\\195\\164."),
    ],
)
def test_a_server_is_called_as_a_master_file_has_it_in_lower_case(wire: bytes, text: str) -> None:
    assert named(wire) == text


@given(LABELS)
def test_names_are_written_as_by_dnspython(labels: list[bytes]) -> None:
    wire = b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
    assert named(wire) == dns.name.from_wire(wire, 0)[0].to_text().lower()
