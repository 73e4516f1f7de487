"""What one settling of the pipeline changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field

from understudy.model.decision import Decision
from understudy.model.endpoint import Family
from understudy.model.frozen import frozen
from understudy.model.health import Health, HealthKey
from understudy.model.name import Name
from understudy.model.record import Record


@frozen
class HealthChange:
    """An endpoint's health before (None: never folded) and after."""

    key: HealthKey
    before: Health | None
    after: Health


@frozen
class DecisionChange:
    """A record's decisions before and after; both empty for a record that is gone."""

    record: Name
    before: Mapping[Family, Decision]
    after: Mapping[Family, Decision]


@frozen
class Settlement:
    """What one settling changed."""

    healths: list[HealthChange] = field(default_factory=list)
    decisions: list[DecisionChange] = field(default_factory=list)


def is_same_answer(old: Decision | None, new: Decision) -> bool:
    """Whether the same goes out, in the same mode; a TTL or a reason alone is no other answer."""
    return old is not None and (old.mode, old.selector, old.variants) == (new.mode, new.selector, new.variants)


def has_same_answers(change: DecisionChange) -> bool:
    """Whether a record goes on answering the same in every family."""
    return change.before.keys() == change.after.keys() and all(
        is_same_answer(change.before.get(family), decision) for family, decision in change.after.items()
    )


def changes_of(
    changes: Iterable[DecisionChange], records: Mapping[Name, Record], whole: Collection[Name]
) -> dict[Name, tuple[Name, Sequence[Decision]]]:
    """What is published of them: owner -> (zone, its decisions). Not in zones that are published whole."""
    present = ((records[change.record], change.after) for change in changes if change.record in records)
    return {record.name: (record.zone, tuple(after.values())) for record, after in present if record.zone not in whole}


def names_by_zone(changes: Iterable[DecisionChange], records: Mapping[Name, Record]) -> dict[Name, Sequence[Name]]:
    """The records that answer something else, by zone; without those that are gone."""
    found: defaultdict[Name, list[Name]] = defaultdict(list)
    for change in changes:
        if not has_same_answers(change) and (record := records.get(change.record)) is not None:
            found[record.zone].append(change.record)
    return dict(found)
