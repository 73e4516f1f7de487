"""Which of an operator's overrides applies (semantics 5.1, 5.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from understudy.model.endpoint import Endpoint
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.override import Override, OverrideKind, Subject, SubjectKind

_RANK = {
    OverrideKind.FREEZE: 0,
    OverrideKind.FORCE_UP: 1,
    OverrideKind.FORCE_DOWN: 1,  # both are force: the narrower, then the newer one wins
    OverrideKind.DRAIN: 2,
}


@dataclass(frozen=True, slots=True)
class OverrideIndex:
    """Overrides by what they speak of, so that looking one up costs the same however many there are."""

    by_subject: Mapping[Subject, tuple[Override, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, overrides: Iterable[Override]) -> OverrideIndex:
        """Index `overrides`; their order makes no difference. Expired ones may be among them."""
        found: dict[Subject, list[Override]] = {}
        for override in overrides:
            found.setdefault(override.subject, []).append(override)
        return cls({subject: tuple(sorted(group, key=lambda one: one.id)) for subject, group in found.items()})

    def __iter__(self) -> Iterator[Override]:
        for group in self.by_subject.values():
            yield from group


@dataclass(frozen=True, slots=True)
class Location:
    """An endpoint's place: the same endpoint may be drained in one pool or record and not in another."""

    endpoint: Endpoint
    pool: str
    record: Name


def find_override(overrides: OverrideIndex, location: Location, now: Instant) -> Override | None:
    """The force or drain that applies: force before drain, then the narrower subject, then the newer one."""
    candidates = (
        (_RANK[override.kind], width, -override.id, override)
        for width, subject in enumerate(_subjects(location))
        for override in overrides.by_subject.get(subject, ())
        if override.kind is not OverrideKind.FREEZE and override.is_active(now)
    )
    best = min(candidates, key=lambda candidate: candidate[:3], default=None)
    return None if best is None else best[3]


def find_freeze(overrides: OverrideIndex, record: Name, now: Instant) -> Override | None:
    """The freeze that holds `record`: of those active, the one that holds longest."""
    frozen = (
        override
        for subject in (Subject(SubjectKind.RECORD, str(record)), Subject(SubjectKind.EVERYTHING))
        for override in overrides.by_subject.get(subject, ())
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


def _subjects(location: Location) -> Iterator[Subject]:
    """What an override may say to mean this place, from the narrowest to the widest."""
    endpoint, record = str(location.endpoint), str(location.record)
    yield Subject(SubjectKind.ENDPOINT, endpoint, record)
    yield Subject(SubjectKind.ENDPOINT, endpoint)
    yield Subject(SubjectKind.POOL, location.pool, record)
    yield Subject(SubjectKind.POOL, location.pool)
    yield Subject(SubjectKind.RECORD, record)
    yield Subject(SubjectKind.EVERYTHING)
