"""What would be answered if some endpoints were down."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from understudy.model.endpoint import Endpoint
from understudy.model.health import Health, HealthKey, HealthState
from understudy.model.instant import Instant
from understudy.model.override import OverrideKind, SubjectKind
from understudy.model.record import Record
from understudy.service.index import endpoints_of
from understudy.service.pipeline import Pipeline
from understudy.service.reports.present import present_decision, shares
from understudy.service.reports.subjects import find_endpoint, find_record, find_subject
from understudy.service.reports.views import WhatIfRow, WhatIfView


def suppose(pipeline: Pipeline, down: list[str], name: str, *, now: Instant) -> WhatIfView:
    """Every record that rests on `down` (or the one named), now and then. Raises NotFoundError. Changes nothing."""
    supposed = frozenset(_find(pipeline, down))
    healths = pipeline.healths | dict(_fallen(pipeline, supposed, now))
    records = [record for record in _about(pipeline, name) if name or _rests_on(pipeline, record, supposed)]
    scene = pipeline.scene(healths)
    rows: list[WhatIfRow] = []
    for record in records:
        then = pipeline.decide(without_delay(record), now, scene=scene).decisions
        before = pipeline.past[record.name].decisions
        for family in dict.fromkeys((*before, *then)):
            old, new = before.get(family), then.get(family)
            rows.append(
                WhatIfRow(
                    name=str(record.name),
                    family=family.value,
                    before=shares(old) if old else [],
                    before_mode=old.mode.value if old else "nodata",
                    after=shares(new) if new else [],
                    after_mode=new.mode.value if new else "nodata",
                    steps=present_decision(new).steps if new else [],
                )
            )
    return WhatIfView(down=sorted(str(endpoint) for endpoint in supposed), rows=[row for row in rows if _tells(row)])


def without_delay(record: Record) -> Record:
    """As if the failover delay were over: the question is where it leads, not when."""
    return replace(record, failover_delay_s=0.0)


def _tells(row: WhatIfRow) -> bool:
    """A family that the record does not have is left out."""
    return bool(row.before or row.after) or row.after_mode != "nodata"


def _about(pipeline: Pipeline, name: str) -> Iterator[Record]:
    records = pipeline.configuration.records.values()
    if not name:
        yield from records
        return
    yield find_record(pipeline.configuration, name)


def _find(pipeline: Pipeline, names: Iterable[str]) -> Iterator[Endpoint]:
    """Endpoints by their text, pools by their name."""
    configuration = pipeline.configuration
    for name in names:
        subject = find_subject(configuration, name, "", kind=OverrideKind.FORCE_DOWN)
        if subject.kind is SubjectKind.POOL:
            yield from (member.endpoint for member in configuration.pools[subject.name].members)
        elif (endpoint := find_endpoint(configuration, subject.name)) is not None:
            yield endpoint


def _fallen(pipeline: Pipeline, endpoints: frozenset[Endpoint], now: Instant) -> Iterator[tuple[HealthKey, Health]]:
    for key in pipeline.index.records_by_key:
        if key.endpoint in endpoints:
            before = pipeline.healths.get(key) or Health(HealthState.UNKNOWN, now, now)
            yield key, replace(before, state=HealthState.DOWN, since=now, why="supposed to be down", flags=frozenset())


def _rests_on(pipeline: Pipeline, record: Record, endpoints: frozenset[Endpoint]) -> bool:
    return not endpoints.isdisjoint(endpoints_of(record, pipeline.configuration))
