"""What another configuration makes of zones and records, found in a thread before it is in force (ADR 0039)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.record import Record
from understudy.service.changes import Settlement, changes_of, names_by_zone
from understudy.service.index import Step
from understudy.service.pipeline import Pipeline
from understudy.service.publisher import EngineSet, Publisher, Rendered
from understudy.service.zone_table import LoadedZone
from understudy.steering.decide import Past


class Ready(NamedTuple):
    """A record for the engine, good for as long as nothing else is decided than this."""

    past: Past
    rendered: Rendered


@frozen
class Foresight:
    """`branch` is the pipeline as the step leaves it, `settled` what that changes.

    `served` are the zones of before, `zones` all that are served then, `changed` those of them that are published
    whole, with the records in `whole`, and `gone` those that are served no more. In the rest, by zone, `changes` are
    the records that are published otherwise; `withdrawn` is what ends those that go. `names` are those that secondaries
    see otherwise, by zone.
    """

    step: Step
    served: Mapping[Name, LoadedZone]
    zones: Mapping[Name, LoadedZone]
    changed: Mapping[Name, LoadedZone]
    gone: Collection[Name]
    branch: Pipeline
    settled: Settlement
    changes: Mapping[Name, Mapping[Name, Rendered]]
    whole: Mapping[Name, Ready]
    withdrawn: Mapping[Name, Sequence[EngineSet]]
    names: Mapping[Name, Collection[Name]]

    def without(self, expired: Collection[Name]) -> Foresight:
        """The same, but for zones that have come to an end meanwhile."""
        if not expired:
            return self
        return replace(
            self,
            zones=_without(self.zones, expired),
            changed=_without(self.changed, expired),
            gone=[origin for origin in self.gone if origin not in expired],
        )


@frozen
class Ground:
    """What is foreseen from. Its own: `branch` and `served`, a copy of the zones."""

    branch: Pipeline
    served: Mapping[Name, LoadedZone]
    publisher: Publisher


def foresee(ground: Ground, step: Step, now: Instant, *, wanted: Mapping[Name, LoadedZone]) -> Foresight:
    """Lead the branch where the step goes, with the zones that are `wanted`. Costs by all that there is."""
    served, branch, publisher = ground.served, ground.branch, ground.publisher
    changed = {name: each for name, each in wanted.items() if served.get(name) is not each}
    settled = branch.lead(step, now)
    records = branch.configuration.records
    changes: defaultdict[Name, dict[Name, Rendered]] = defaultdict(dict)
    for owner, (origin, decisions) in changes_of(settled.decisions, records, changed).items():
        changes[origin][owner] = publisher.render(origin, owner, decisions)
    return Foresight(
        step=step,
        served=served,
        zones=wanted,
        changed=changed,
        gone=served.keys() - wanted.keys(),
        branch=branch,
        settled=settled,
        changes=changes,
        whole=make_ready(branch, publisher, changed),
        withdrawn={owner: publisher.render_withdrawn(owner) for names in step.bared.values() for owner in names},
        names=_names(step, settled, records),
    )


def make_ready(pipeline: Pipeline, publisher: Publisher, origins: Iterable[Name]) -> dict[Name, Ready]:
    """The records over these zones, as they stand."""
    found: dict[Name, Ready] = {}
    for origin in origins:
        for record in pipeline.configuration.records_in(origin):
            past = pipeline.past[record.name]
            found[record.name] = Ready(past, publisher.render(origin, record.name, tuple(past.decisions.values())))
    return found


def _names(step: Step, settled: Settlement, records: Mapping[Name, Record]) -> dict[Name, set[Name]]:
    """Secondaries see more of a record than what it answers: its own TTL."""
    answers = names_by_zone(settled.decisions, records)
    names = defaultdict(set, {origin: set(found) for origin, found in answers.items()})
    for name in step.records & records.keys():
        names[records[name].zone].add(name)
    return names


def _without(zones: Mapping[Name, LoadedZone], expired: Collection[Name]) -> dict[Name, LoadedZone]:
    return {origin: each for origin, each in zones.items() if origin not in expired}
