"""What is ours is told without a packet."""

from __future__ import annotations

import pytest

from understudy.checks.transport.own import is_own


@pytest.mark.parametrize(("address", "expected"), [("127.0.0.1", True), ("127.9.9.9", True), ("192.0.2.1", False)])
def test_an_address_is_ours_if_this_host_has_it(address: str, *, expected: bool) -> None:
    """RFC 1996 2.1: nobody tells itself."""
    assert is_own(address) is expected
