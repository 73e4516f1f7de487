"""Who depends on whom, computed once for each configuration so that one change costs only what it touches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TypeVar

from understudy.model.check import Check, leaves
from understudy.model.configuration import Configuration
from understudy.model.endpoint import Endpoint, Pool
from understudy.model.frozen import frozen
from understudy.model.health import HealthKey
from understudy.model.name import Name
from understudy.model.record import Record
from understudy.model.transfer import Primary
from understudy.model.verdict import ProbeKey
from understudy.model.zone import ZoneSource

K = TypeVar("K")
V = TypeVar("V")


@frozen
class Index:
    """`assignments` is what to probe: one entry per distinct (endpoint, check).

    `monitored_count` is the number of endpoints that have a check at all, `limited_pools` those with `max_withdraw`.
    """

    assignments: Mapping[ProbeKey, Check]
    keys_by_probe: Mapping[ProbeKey, tuple[HealthKey, ...]]
    records_by_key: Mapping[HealthKey, tuple[Name, ...]]
    records_by_pool: Mapping[str, tuple[Name, ...]]
    monitored_count: int
    limited_pools: tuple[Pool, ...]


def build_index(configuration: Configuration) -> Index:
    """Fold a configuration into its dependencies."""
    assignments: dict[ProbeKey, Check] = {}
    keys_by_probe: defaultdict[ProbeKey, dict[HealthKey, None]] = defaultdict(dict)
    records_by_key: defaultdict[HealthKey, dict[Name, None]] = defaultdict(dict)
    records_by_pool: defaultdict[str, dict[Name, None]] = defaultdict(dict)
    for record in configuration.records.values():
        for pool in pools_of(record):
            records_by_pool[pool][record.name] = None
        for endpoint in endpoints_of(record, configuration):
            key = HealthKey(endpoint, record.requirement)
            records_by_key[key][record.name] = None
            for check in leaves(record.requirement):
                probe_key = ProbeKey(endpoint, check)
                assignments[probe_key] = configuration.checks[check]
                keys_by_probe[probe_key][key] = None
    return Index(
        assignments=assignments,
        keys_by_probe={probe: tuple(keys) for probe, keys in keys_by_probe.items()},
        records_by_key={key: tuple(names) for key, names in records_by_key.items()},
        records_by_pool={pool: tuple(names) for pool, names in records_by_pool.items()},
        limited_pools=tuple(pool for pool in configuration.pools.values() if pool.max_withdraw is not None),
        monitored_count=len({key.endpoint for key in records_by_key if key.requirement is not None}),
    )


@frozen
class Step:
    """From one configuration to the next: what is different, found ahead because that costs by all that there is.

    `bared` are the records that lie over a zone no more, by zone: they are gone, or belong to another one. `keys` are
    to be folded anew, `probes` to be begun or examined otherwise.
    `has_other_primaries`: zones come from other servers that did not, or otherwise.
    """

    configuration: Configuration
    index: Index
    records: frozenset[Name]
    bared: Mapping[Name, tuple[Name, ...]]
    keys: tuple[HealthKey, ...]
    keys_gone: tuple[HealthKey, ...]
    probes: Mapping[ProbeKey, Check]
    probes_gone: tuple[ProbeKey, ...]
    has_other_primaries: bool


def step_between(before: Configuration, index: Index, after: Configuration) -> Step:
    """What leads from one configuration, whose index is known, to another."""
    fresh, records = build_index(after), frozenset(changed_records(before, after))
    changed = [after.records[name] for name in records if name in after.records]
    touched = {HealthKey(each, record.requirement) for record in changed for each in endpoints_of(record, after)}
    return Step(
        configuration=after,
        index=fresh,
        records=records,
        bared=_bared(before, after, records),
        keys=tuple(touched | (fresh.records_by_key.keys() - index.records_by_key.keys())),
        keys_gone=tuple(index.records_by_key.keys() - fresh.records_by_key.keys()),
        probes=dict(_changed_items(index.assignments, fresh.assignments)),
        probes_gone=tuple(index.assignments.keys() - fresh.assignments.keys()),
        has_other_primaries=_primaries(before) != _primaries(after),
    )


def _bared(before: Configuration, after: Configuration, changed: frozenset[Name]) -> dict[Name, tuple[Name, ...]]:
    found: defaultdict[Name, list[Name]] = defaultdict(list)
    for name in changed & before.records.keys():
        record = after.records.get(name)
        if record is None or record.zone != before.records[name].zone:
            found[before.records[name].zone].append(name)
    return {zone: tuple(names) for zone, names in found.items()}


def _primaries(configuration: Configuration) -> dict[Name, tuple[Primary, ...]]:
    zones = configuration.zones.values()
    return {zone.name: zone.primaries for zone in zones if zone.source is ZoneSource.TRANSFER}


def pools_of(record: Record) -> Iterator[str]:
    """The names of all its pools, the fallback last."""
    yield from record.pools
    if record.fallback is not None:
        yield record.fallback


def endpoints_of(record: Record, configuration: Configuration) -> Iterator[Endpoint]:
    """Every endpoint whose health the record asks for; a fallback's health is ignored, so it is not probed for it."""
    for pool in record.pools:
        for member in configuration.pools[pool].members:
            yield member.endpoint


def changed_records(before: Configuration, after: Configuration) -> set[Name]:
    """The records that are decided otherwise, or not at all any more: they, their pools or their checks differ."""
    pools = {name for name, _ in _changed_items(before.pools, after.pools)}
    checks = {name for name, _ in _changed_items(before.checks, after.checks)}
    changed = {name for name, _ in _changed_items(before.records, after.records)}
    if pools or checks:
        changed.update(
            record.name
            for record in after.records.values()
            if not pools.isdisjoint(pools_of(record)) or not checks.isdisjoint(leaves(record.requirement))
        )
    return changed | (before.records.keys() - after.records.keys())


def _changed_items(before: Mapping[K, V], after: Mapping[K, V]) -> Iterator[tuple[K, V]]:
    """What is new or another one; most are the very same (`config.sharing`)."""
    for name, value in after.items():
        known = before.get(name)
        if known is not value and known != value:
            yield name, value
