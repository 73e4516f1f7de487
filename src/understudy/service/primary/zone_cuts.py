"""Zones of one server that stand above each other: whether the upper one knows of the lower one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from understudy.model.configuration import Configuration
from understudy.model.errors import Problem, ProblemSeverity
from understudy.model.name import Name
from understudy.service.zone_table import LoadedZone


def find_undelegated(configuration: Configuration, zones: Mapping[Name, LoadedZone]) -> Iterator[Problem]:
    """A warning for each zone that the zone above it, which is served here and was read, does not delegate.

    Here it is answered all the same; but DS is asked of the zone above (RFC 4035 section 3.1.4.1), and so is everything
    of a server that has that zone alone: both are told that there is no such name.
    """
    for origin, definition in configuration.zones.items():
        above = _zone_above(origin, configuration)
        loaded = None if above is None else zones.get(above)
        if loaded is None or definition.is_catalog:
            continue
        if loaded.zone.delegation_above(origin.absolute) is None:
            file, line = configuration.sources.get(f"zone:{origin}", (str(configuration.node.file), 1))
            text = f"{above} has no NS records for the zone {origin}, so it denies that there is such a name:"
            text += " who asks for DS is told so, and whoever asks a server that has the upper zone alone"
            hint = f"add the NS records of {origin} to {above}"
            yield Problem(file, line, 1, "zone.undelegated", text, hint, ProblemSeverity.WARNING)


def _zone_above(origin: Name, configuration: Configuration) -> Name | None:
    """The nearest one that is served here; None: there is none. Costs by labels, not by zones."""
    name = origin
    while name.labels:
        name = name.parent
        if name in configuration.zones:
            return name
    return None
