"""What an operator is told of that would be lost."""

from __future__ import annotations

import pytest

from understudy.engine import Zone
from understudy.zones import loss
from understudy.zones.loss import compare

HEAD = "@ 60 SOA ns h {serial} 1 1 1 1\n@ 60 NS ns.example.net.\n"


def zone(serial: int, more: str = "") -> Zone:
    return Zone.parse("example.com.", (HEAD.format(serial=serial) + more).encode())


def test_the_same_records_are_no_loss_whatever_the_serial() -> None:
    ours = zone(9, "www 60 A 192.0.2.1\nwww 60 A 192.0.2.2\n")
    theirs = zone(3, "www 60 A 192.0.2.2\nwww 60 A 192.0.2.1\n")
    assert compare(ours, theirs) == "the records are the same"


def test_what_goes_and_what_changes_is_named_and_what_comes_is_counted() -> None:
    ours = zone(9, "a 60 A 192.0.2.1\nb 60 A 192.0.2.1\nc 60 TYPE65280 \\# 0\n")
    theirs = zone(3, "a 61 A 192.0.2.1\nd 60 A 192.0.2.1\ne 60 MX 1 a\n")
    text = "2 would go (b.example.com. A, c.example.com. TYPE65280), 1 would be others (a.example.com. A), 2 would come"
    assert compare(ours, theirs) == text


def test_of_many_the_first_are_named() -> None:
    ours = zone(9, "".join(f"n{number} 60 A 192.0.2.1\n" for number in range(7)))
    assert compare(ours, zone(3)).endswith("n4.example.com. A and 2 more)")


def test_large_zones_are_told_by_their_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loss, "COMPARED_MAX", 2)
    assert "3 records here, 2 there" in compare(zone(9, "a 60 A 192.0.2.1\n"), zone(3))
    assert "2 records here, 3 there" in compare(zone(9), zone(3, "a 60 A 192.0.2.1\n"))
