"""Where there is no way to is told without a packet."""

from __future__ import annotations

from understudy.service.own_address import find_route_fault


def test_there_is_a_way_to_the_loopback_and_none_to_what_is_no_host() -> None:
    assert find_route_fault("127.0.0.1") == ""
    assert find_route_fault("255.255.255.255") == "permission denied"


def test_there_is_no_way_from_an_address_of_another_host() -> None:
    assert find_route_fault("127.0.0.1", "127.0.0.3") == ""
    assert find_route_fault("127.0.0.1", "203.0.113.1") == "this host has no address 203.0.113.1"
