"""What in the zones stands in the way of the records that are laid over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from understudy.model.configuration import Configuration
from understudy.model.endpoint import Family
from understudy.model.errors import Problem
from understudy.model.name import Name
from understudy.model.record import Record
from understudy.model.zone import ZoneSource

LOCATED_MAX = 100  # chosen: to find a line the zone's file is read again, and nobody mends more places in one go

_A, _NS, _CNAME, _AAAA, _DNAME = 1, 2, 5, 28, 39  # RFC 1035 3.2.2, RFC 3596 2.1, RFC 6672 2.1
_STEERED_TYPES = frozenset((_A, _CNAME, _AAAA))
_ADDRESSES = frozenset((_A, _AAAA))


class ZoneView(Protocol):
    """What a loaded zone tells of itself; owners are absolute text."""

    def types_at(self, owner: str) -> list[int]:
        """The record types at exactly this name."""
        ...

    def delegation_above(self, owner: str) -> str | None:
        """The zone cut at or above the name, or None."""
        ...

    def locate(self, owner: str, rtype: int) -> tuple[str, int] | None:
        """File and line of the first such record, by reading the file again; None: there is none."""
        ...


def conflicts(configuration: Configuration, zones: Mapping[Name, ZoneView]) -> list[Problem]:
    """Every record that its zone's own data stands in the way of, in the order of the configuration file.

    A zone that is not in `zones`, because it could not be loaded, is not looked at.
    """
    search = _Search(configuration, zones)
    records = (record for origin in zones for record in configuration.records_in(origin))
    found = [problem for record in records for problem in search.judge(record)]
    return sorted(found, key=lambda problem: (problem.file, problem.line))


class _Search:
    """Looks at records one by one."""

    def __init__(self, configuration: Configuration, zones: Mapping[Name, ZoneView]) -> None:
        self._configuration = configuration
        self._zones = zones
        self._located = 0

    def judge(self, record: Record) -> Iterator[Problem]:
        """The problems of one record."""
        view = self._zones.get(record.zone)
        if view is None:
            return
        owner = record.name.absolute
        above = self._above(record, view)
        if above is not None:
            yield above
            return
        types, doubled = sorted(view.types_at(owner)), self._doubling_types(record)
        for rtype in types:
            if rtype in doubled:
                yield self._doubled(record, rtype, view)
        others = [rtype for rtype in types if rtype not in doubled]
        if others and self._answers_cname(record):
            yield self._beside_cname(record, others[0], view)

    def _doubling_types(self, record: Record) -> frozenset[int]:
        """What the zone may not have at the name. Addresses in another server's zone are hidden by ours (ADR 0024)."""
        return _STEERED_TYPES - _ADDRESSES if self._is_fetched(record) else _STEERED_TYPES

    def _is_fetched(self, record: Record) -> bool:
        definition = self._configuration.zones.get(record.zone)
        return definition is not None and definition.source is ZoneSource.TRANSFER

    def _above(self, record: Record, view: ZoneView) -> Problem | None:
        """What makes the zone give no answer of its own at the record's name."""
        cut = view.delegation_above(record.name.absolute)
        if cut is not None:
            place = self._place(view, cut, _NS)
            message = f"{record.name} is delegated to other name servers by the NS records of {_short(cut)}{place}"
            return self._problem(
                record, "record.below-delegation", message, hint="remove the delegation, or the record here"
            )
        ancestor = record.name
        while ancestor != record.zone:
            ancestor = ancestor.parent
            if _DNAME in view.types_at(ancestor.absolute):
                place = self._place(view, ancestor.absolute, _DNAME)
                message = f"the DNAME of {ancestor}{place} redirects every name below it, {record.name} as well"
                return self._problem(record, "record.below-dname", message, hint="remove the DNAME, or the record here")
        return None

    def _doubled(self, record: Record, rtype: int, view: ZoneView) -> Problem:
        place = self._place(view, record.name.absolute, rtype)
        message = f"{record.name} is steered here, and has {_type_text(rtype)} records in its zone too{place}"
        where = "at the primary" if self._is_fetched(record) else "from the zone file"
        return self._problem(record, "record.in-zone-file", message, hint=f"remove them {where}")

    def _beside_cname(self, record: Record, rtype: int, view: ZoneView) -> Problem:
        place = self._place(view, record.name.absolute, rtype)
        kind = _type_text(rtype)
        message = f"{record.name} answers a CNAME, beside which nothing may stand, but its zone has {kind} there{place}"
        return self._problem(
            record, "record.cname-beside-data", message, hint="use addresses as endpoints, or remove the data"
        )

    def _answers_cname(self, record: Record) -> bool:
        names = [*record.pools, *([record.fallback] if record.fallback is not None else [])]
        pools = [self._configuration.pools[name] for name in names]
        return any(member.endpoint.family is Family.HOST for pool in pools for member in pool.members)

    def _place(self, view: ZoneView, owner: str, rtype: int) -> str:
        """Where the zone's own data stands, as the end of a sentence; empty where that cannot be told."""
        if self._located >= LOCATED_MAX:
            return ""
        self._located += 1
        found = view.locate(owner, rtype)
        return f" ({found[0]}:{found[1]})" if found is not None else ""

    def _problem(self, record: Record, code: str, message: str, *, hint: str) -> Problem:
        file, line = self._configuration.sources.get(f"record:{record.name}", (str(self._configuration.node.file), 1))
        return Problem(file, line, 1, code, message, hint)


def _short(absolute: str) -> str:
    return absolute.rstrip(".") or "."


def _type_text(rtype: int) -> str:
    from dns import rdatatype  # a server with nothing to tell answers sooner without

    return rdatatype.to_text(rdatatype.RdataType.make(rtype))
