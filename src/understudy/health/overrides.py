"""Which of an operator's overrides applies (semantics 5.1, 5.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field

from understudy.model.endpoint import Endpoint
from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.override import Override, OverrideKind, Subject, SubjectKind

_RANK = {
    OverrideKind.FREEZE: 0,
    OverrideKind.FORCE_UP: 1,
    OverrideKind.FORCE_DOWN: 1,  # both are force: the narrower, then the newer one wins
    OverrideKind.DRAIN: 2,
}
_WIDTH = {SubjectKind.ENDPOINT: 0, SubjectKind.POOL: 1, SubjectKind.RECORD: 2, SubjectKind.EVERYTHING: 3}


@frozen
class OverrideIndex:
    """Overrides by what they speak of, so that looking one up costs the same however many there are.

    By kind of subject first: where nobody speaks of a kind, no name of that kind needs to be spelled out.
    """

    by_kind: Mapping[SubjectKind, Mapping[Subject, tuple[Override, ...]]] = field(default_factory=dict)

    @classmethod
    def of(cls, overrides: Iterable[Override]) -> OverrideIndex:
        """Index `overrides`; their order makes no difference. Expired ones may be among them."""
        found: dict[SubjectKind, dict[Subject, tuple[Override, ...]]] = {}
        for override in sorted(overrides, key=lambda one: one.id):
            group = found.setdefault(override.subject.kind, {})
            group[override.subject] = (*group.get(override.subject, ()), override)
        return cls(found)

    def __iter__(self) -> Iterator[Override]:
        for group in self.by_kind.values():
            for overrides in group.values():
                yield from overrides


@frozen
class Location:
    """An endpoint's place: the same endpoint may be drained in one pool or record and not in another."""

    endpoint: Endpoint
    pool: str
    record: Name


def find_override(overrides: OverrideIndex, location: Location, now: Instant) -> Override | None:
    """The force or drain that applies: force before drain, then the narrower subject, then the newer one."""
    if not overrides.by_kind:
        return None
    candidates = (
        (_RANK[override.kind], _WIDTH[override.subject.kind], bool(not override.subject.record), -override.id, override)
        for override in _find_all(overrides, location)
        if override.kind is not OverrideKind.FREEZE and override.is_active(now)
    )
    best = min(candidates, key=lambda candidate: candidate[:-1], default=None)
    return None if best is None else best[-1]


def find_freeze(overrides: OverrideIndex, record: Name, now: Instant) -> Override | None:
    """The freeze that holds `record`: of those active, the one that holds longest."""
    frozen = (
        override
        for override in (*_find_by_record(overrides, record), *_find_general(overrides))
        if override.kind is OverrideKind.FREEZE and override.is_active(now)
    )
    return max(frozen, key=_holds_until, default=None)


def next_expiry(overrides: OverrideIndex, now: Instant) -> Instant | None:
    """When the next active override ends by itself; None where none does."""
    return min(
        (one.expires_at for one in overrides if one.expires_at is not None and one.expires_at > now), default=None
    )


def _holds_until(override: Override) -> tuple[float, int]:
    return (float("inf") if override.expires_at is None else override.expires_at, override.id)


def _find_all(overrides: OverrideIndex, location: Location) -> Iterator[Override]:
    """Everything that speaks of this place."""
    for kind, text in ((SubjectKind.ENDPOINT, location.endpoint), (SubjectKind.POOL, location.pool)):
        group = overrides.by_kind.get(kind)
        if group:
            yield from group.get(Subject(kind, str(text), str(location.record)), ())
            yield from group.get(Subject(kind, str(text)), ())
    yield from _find_by_record(overrides, location.record)
    yield from _find_general(overrides)


def _find_by_record(overrides: OverrideIndex, record: Name) -> Iterable[Override]:
    group = overrides.by_kind.get(SubjectKind.RECORD)
    return group.get(Subject(SubjectKind.RECORD, str(record)), ()) if group else ()


def _find_general(overrides: OverrideIndex) -> Iterable[Override]:
    return overrides.by_kind.get(SubjectKind.EVERYTHING, {}).get(Subject(SubjectKind.EVERYTHING), ())
