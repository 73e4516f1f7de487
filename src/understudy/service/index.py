"""Who depends on whom, computed once for each configuration so that one change costs only what it touches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from understudy.model.check import Check, leaves
from understudy.model.configuration import Configuration
from understudy.model.endpoint import Endpoint, Pool
from understudy.model.health import HealthKey
from understudy.model.name import Name
from understudy.model.record import Record
from understudy.model.verdict import ProbeKey


@dataclass(frozen=True, slots=True)
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
    pools = {name for name, pool in after.pools.items() if before.pools.get(name) != pool}
    checks = {name for name, check in after.checks.items() if before.checks.get(name) != check}
    changed = {
        record.name
        for record in after.records.values()
        if record != before.records.get(record.name)
        or not pools.isdisjoint(pools_of(record))
        or not checks.isdisjoint(leaves(record.requirement))
    }
    return changed | (before.records.keys() - after.records.keys())
