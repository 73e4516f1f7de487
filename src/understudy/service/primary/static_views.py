"""What the records over a zone are in a version of it for secondaries."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from understudy.model.name import Name
from understudy.service.pipeline import Pipeline
from understudy.service.zone_table import LoadedZone
from understudy.zones.steered import PlainView, bared_views, plain_views, withdrawn_views


def views_of(pipeline: Pipeline, loaded: LoadedZone, owners: Iterable[Name]) -> list[PlainView]:
    """The static views of these names; what the zone itself has where no record lies over it any more."""
    records, pasts = pipeline.configuration.records, pipeline.past
    found: list[PlainView] = []
    for owner in owners:
        record, past = records.get(owner), pasts.get(owner)
        beneath = loaded.zone.types_at(owner.absolute)
        if record is None or record.zone != loaded.definition.name:
            found.extend(bared_views(owner, partial(loaded.zone.rrset, owner.absolute), beneath=beneath))
        elif past is None or not past.decisions:
            found.extend(withdrawn_views(owner))
        else:
            found.extend(plain_views(owner, record.ttl_s, tuple(past.decisions.values()), beneath=beneath))
    return found
