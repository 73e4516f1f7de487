"""What is found out once for all zones whose servers are looked for together."""

from __future__ import annotations

import pytest

from understudy.model.watch import ServerPlace
from understudy.service import watch_targets
from understudy.service.watch_targets import Host


def test_the_system_is_asked_for_each_address_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def is_own(address: str) -> bool:
        asked.append(address)
        return address == "192.0.2.1"

    monkeypatch.setattr(watch_targets, "is_own", is_own)
    host = Host(["192.0.2.1:53"])
    assert [host.is_own(f"192.0.2.{last}") for last in (1, 2, 1, 2)] == [True, False, True, False]
    assert asked == ["192.0.2.1", "192.0.2.2"]


@pytest.mark.parametrize(
    ("listen", "place", "expected"),
    [
        ("192.0.2.9:53", ServerPlace("192.0.2.9", 53), True),  # as it is written
        ("127.0.0.1:53", ServerPlace("127.0.0.1", 5300), False),
        ("0.0.0.0:53", ServerPlace("127.0.0.1", 53), True),
        ("0.0.0.0:53", ServerPlace("192.0.2.9", 53), False),  # another host's
        ("[::]:53", ServerPlace("127.0.0.1", 53), False),
    ],
)
def test_this_server_answers_where_it_listens_and_at_all_addresses_of_its_host(
    listen: str, place: ServerPlace, *, expected: bool
) -> None:
    assert Host([listen]).is_listening(place) is expected
