"""What would leave a record with nothing to answer (semantics 5.7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field

from understudy.health.overrides import Location, OverrideIndex, find_override
from understudy.model.endpoint import Family, Member, Pool
from understudy.model.frozen import frozen
from understudy.model.health import Health, HealthKey, HealthState
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.override import Override, OverrideKind, SubjectKind
from understudy.model.record import OnAllDown, Record


@frozen
class Desired:
    """What operators want: the configuration's records and pools, and the overrides in force."""

    records: Mapping[Name, Record]
    pools: Mapping[str, Pool]
    overrides: OverrideIndex = field(default_factory=OverrideIndex)


@frozen
class Objection:
    """Why a change should be refused unless it is forced."""

    record: Name
    text: str


def find_objections(
    after: Desired, now: Instant, *, before: Desired | None, healths: Mapping[HealthKey, Health]
) -> tuple[Objection, ...]:
    """The records that `after` leaves with nothing to answer and `before` did not; None: a first start.

    A family has nothing to answer where an operator took out all of it and its fallback, or where everything that is
    left is DOWN and `on_all_down` answers nothing then. What was so before is no objection against something else.
    """
    found = _find_silent(after, now, healths=healths)
    known = {} if before is None else _find_silent(before, now, healths=healths)
    return tuple(Objection(record, text) for (record, family), text in found.items() if (record, family) not in known)


def find_useless(override: Override) -> str:
    """Why `override` could have no effect at all; empty where it could."""
    speaks_of_all = override.subject.kind in {SubjectKind.RECORD, SubjectKind.EVERYTHING}
    if override.kind is OverrideKind.FREEZE and not speaks_of_all:
        return f"a freeze holds a record or everything (semantics 5.1), not a single {override.subject.kind}"
    return ""


def _find_silent(
    desired: Desired, now: Instant, *, healths: Mapping[HealthKey, Health]
) -> dict[tuple[Name, Family], str]:
    """Every (record, family) that has nothing to answer, with the reason."""
    silent = {}
    for record in desired.records.values():
        for family, members in _families(record, desired.pools).items():
            text = _explain_silence(_Part(record, family, members, now), desired, healths=healths)
            if text:
                silent[record.name, family] = text
    return silent


@frozen
class _Part:
    """What is decided together: a record's members of one family, or all of them under HOST."""

    record: Record
    family: Family
    members: tuple[tuple[str, Member], ...]
    now: Instant


def _families(record: Record, pools: Mapping[str, Pool]) -> dict[Family, tuple[tuple[str, Member], ...]]:
    """Members by what they are decided with; a record with a host name is decided as a whole."""
    members = [(name, member) for name in record.pools for member in pools[name].members]
    if any(member.endpoint.family is Family.HOST for _, member in members):
        return {Family.HOST: tuple(members)}
    found: dict[Family, tuple[tuple[str, Member], ...]] = {}
    for name, member in members:
        family = member.endpoint.family
        found[family] = (*found.get(family, ()), (name, member))
    return found


def _explain_silence(part: _Part, desired: Desired, *, healths: Mapping[HealthKey, Health]) -> str:
    """Why this part has nothing to answer; empty where it has."""
    if any(_fallback_left(part, desired)):
        return ""
    left = tuple(_left(part, desired))
    subject = f"{part.record.name} {part.family}"
    if not left:
        return f"{subject}: all {len(part.members)} endpoints would be taken out, so it would answer NODATA"
    is_silent_when_down = part.record.on_all_down in {OnAllDown.NODATA, OnAllDown.SERVFAIL}
    if is_silent_when_down and all(override is None and _is_down(part, member, healths) for member, override in left):
        return f"{subject}: everything that would be left is down, and on_all_down is '{part.record.on_all_down}'"
    return ""


def _left(part: _Part, desired: Desired) -> Iterator[tuple[Member, Override | None]]:
    """The members that no operator took out (4.1), with the override that applies."""
    for pool, member in part.members:
        override = find_override(desired.overrides, Location(member.endpoint, pool, part.record.name), part.now)
        if override.kind is OverrideKind.FORCE_UP if override is not None else not member.is_disabled:
            yield member, override


def _fallback_left(part: _Part, desired: Desired) -> Iterator[Member]:
    """The last resort of this family, without what an operator took out."""
    name = part.record.fallback
    if name is None:
        return
    members = desired.pools[name].members
    own = [member for member in members if part.family in {Family.HOST, member.endpoint.family}]
    resort = _Part(part.record, part.family, tuple((name, member) for member in own), part.now)
    for member, _ in _left(resort, desired):
        yield member


def _is_down(part: _Part, member: Member, healths: Mapping[HealthKey, Health]) -> bool:
    health = healths.get(HealthKey(member.endpoint, part.record.requirement))
    return health is not None and health.state is HealthState.DOWN
