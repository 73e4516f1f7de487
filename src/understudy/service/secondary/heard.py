"""Whose word counts that a zone has changed, as the engine is told (RFC 1996)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from understudy.model.name import Name
from understudy.model.zone import ZoneDefinition, ZoneSource

Heard: TypeAlias = Sequence[tuple[str, list[str], list[str]]]
"""Zones from other servers: the origin, the addresses of its primaries, their keys."""


def heard_of(definitions: Mapping[Name, ZoneDefinition]) -> Heard:
    """Those among these zones. Costs by all of them."""
    return [
        (
            zone.name.absolute,
            [each.address for each in zone.primaries],
            [each.key.absolute for each in zone.primaries if each.key],
        )
        for zone in definitions.values()
        if zone.source is ZoneSource.TRANSFER
    ]
