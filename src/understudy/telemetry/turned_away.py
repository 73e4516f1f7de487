"""What clients did not get: the engine's counters that tell of a loss, and what each is called."""

from __future__ import annotations

from collections.abc import Mapping

LOSSES: Mapping[str, str] = {
    "limited.dropped": "kept back by the rate limit",
    "limited.slipped": "truncated by it",
    "tcp.refused": "TCP connections refused",
    "dropped.crowded": "closed for others",
    "dropped.send": "that could not be sent",
    "dropped.descriptors": "waits for a file descriptor",
    "dropped.socket": "faults of sockets",
    "dropped.no_room": "without room",
    "dropped.panic": "lost to a fault of this program",
}
"""What was no query, or sat idle, is nobody's loss."""


def turned_away(counters: Mapping[str, int]) -> dict[str, int]:
    """Those that tell of a loss, where there was any."""
    return {key: count for key in LOSSES if (count := counters[key])}
