"""The common rules: which endpoints may go out (semantics 3.3 to 3.5, 4.1 to 4.6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from math import isfinite

from understudy.model.decision import Mode, Step
from understudy.model.endpoint import Family, Member
from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.record import FailbackMode, Record
from understudy.model.standing import Standing, StandingKind
from understudy.steering.last_resort import select_last_resort
from understudy.steering.policy import Tiers
from understudy.steering.question import Question, Selection, count_endpoints, distinct, eligible


def select(question: Question) -> Selection:
    """Choose by the first rule that finds something, and say why those before it did not."""
    if not any(question.tiers):
        return Selection(Mode.NODATA, -1, (), (), (no_endpoint_step(question.record, question.family),))
    candidates, steps = _let_in(question)
    steps = (*_standing_steps(question), *steps)
    found = _stay(question, candidates) or _first_able(question, candidates) or _degraded(question, candidates)
    if found is None:
        found = select_last_resort(question)
    return replace(found, steps=(*steps, *found.steps))


def no_endpoint_step(record: Record, family: Family) -> Step:
    """Why a family of which a record has no endpoint answers nothing."""
    return Step("4.5", str(record.name), f"no {family} endpoint in the record: NODATA; the name exists")


def _let_in(question: Question) -> tuple[Tiers, tuple[Step, ...]]:
    """What is eligible of each tier; where nothing is, what only waits: a hold never causes an outage (3.4)."""
    able = tuple(eligible(tier) for tier in question.tiers)
    if any(able):
        return able, ()
    waiting = tuple(_waiting(tier, is_up=True) for tier in question.tiers)
    if not any(waiting):
        waiting = tuple(_waiting(tier, is_up=False) for tier in question.tiers)
    names = ", ".join(str(standing.member.endpoint) for standing in chain.from_iterable(waiting))
    if not names:
        return waiting, ()
    return waiting, (Step("3.4", names, "nothing else is eligible, so the hold ends at once"),)


def _waiting(tier: Sequence[Standing], *, is_up: bool) -> tuple[Standing, ...]:
    """Those that wait: the ones known to be UP, or newcomers that nobody has examined."""
    return tuple(one for one in tier if one.kind is StandingKind.WAITING and (one.up_since is not None) is is_up)


def _stay(question: Question, candidates: Tiers) -> Selection | None:
    """`failback: never` stays on the tier in use for as long as it has min_healthy (3.3)."""
    current = question.current
    if question.record.failback.mode is not FailbackMode.NEVER or current < 1:
        return None
    if count_endpoints(candidates[current]) < question.required:
        return None
    text = f"failback is 'never': stays here while {question.required} are eligible"
    step = Step("3.3", question.tier_text(current), text)
    return Selection(Mode.NORMAL, current, _members(candidates[current]), question.tiers[current], (step,))


@frozen
class _Able:
    """A tier that has enough, and from when on it may be returned to (3.5)."""

    index: int
    ripe_at: Instant


def _first_able(question: Question, candidates: Tiers) -> Selection | None:
    """The first tier with enough (4.2) that has had it for long enough (3.5); unripe ones only before having none."""
    able = [
        _Able(index, _ripe_at(question, index, tier))
        for index, tier in enumerate(candidates)
        if count_endpoints(tier) >= question.required
    ]
    if not able:
        return None
    chosen = next((tier for tier in able if question.now >= tier.ripe_at), able[0])
    unripe = [tier for tier in able if tier.index < chosen.index]
    steps = (
        *_lacking_steps(question, candidates[: chosen.index]),
        *(_unripe_step(question, tier) for tier in unripe),
        _chosen_step(question, candidates, chosen.index),
    )
    return Selection(
        mode=Mode.NORMAL,
        tier=chosen.index,
        members=_members(candidates[chosen.index]),
        relevant=tuple(chain.from_iterable(question.tiers[: chosen.index + 1])),
        steps=steps,
        due=min((tier.ripe_at for tier in unripe if isfinite(tier.ripe_at)), default=None),
    )


def _ripe_at(question: Question, index: int, tier: Sequence[Standing]) -> Instant:
    """When a better tier than the one in use has had enough endpoints UP for the whole delay (3.5).

    Those that an operator vouches for, and those that nobody monitors, count from always; those that nobody has seen
    UP yet never do, because traffic only moves to what is seen UP (5.3).
    """
    failback = question.record.failback
    if failback.mode is not FailbackMode.AUTO or index >= question.current:
        return float("-inf")
    since: dict[object, Instant] = {}
    for standing in tier:
        good_since = _good_since(standing)
        since[standing.member.endpoint] = min(good_since, since.get(standing.member.endpoint, good_since))
    return sorted(since.values())[question.required - 1] + failback.delay_s


def _good_since(standing: Standing) -> Instant:
    if standing.up_since is not None:
        return standing.up_since
    return float("inf") if standing.is_uncertain else float("-inf")


def _degraded(question: Question, candidates: Tiers) -> Selection | None:
    """The best tier with any (4.3)."""
    index = next((index for index, tier in enumerate(candidates) if tier), None)
    if index is None:
        return None
    text = (
        f"no tier has {question.required}; the best one with any is chosen, with {count_endpoints(candidates[index])}"
    )
    return Selection(
        mode=Mode.DEGRADED,
        tier=index,
        members=_members(candidates[index]),
        relevant=tuple(question.standings),
        steps=(*_lacking_steps(question, candidates), Step("4.3", question.tier_text(index), text)),
    )


def _members(tier: Sequence[Standing]) -> tuple[Member, ...]:
    return distinct(standing.member for standing in tier)


def _standing_steps(question: Question) -> Iterator[Step]:
    """What is not simply up: those taken out first (4.1)."""
    remarkable = [
        one
        for one in question.standings
        if one.kind is not StandingKind.ELIGIBLE or one.is_uncertain or one.rule != "2.4"
    ]
    for standing in sorted(remarkable, key=lambda one: one.kind is not StandingKind.TAKEN_OUT):
        yield Step(standing.rule, str(standing.member.endpoint), f"{_KIND_TEXT[standing.kind]}: {standing.why}")


_KIND_TEXT = {
    StandingKind.ELIGIBLE: "eligible",
    StandingKind.WAITING: "waiting",
    StandingKind.DOWN: "down",
    StandingKind.TAKEN_OUT: "taken out",
}


def _lacking_steps(question: Question, candidates: Tiers) -> Iterator[Step]:
    """Why each of these tiers is not chosen, where it lacks endpoints."""
    for index, tier in enumerate(candidates):
        count, total = count_endpoints(tier), count_endpoints(question.tiers[index])
        if count < question.required:
            yield Step("4.2", question.tier_text(index), f"{count} of {total} eligible, {question.required} needed")


def _unripe_step(question: Question, tier: _Able) -> Step:
    if not isfinite(tier.ripe_at):
        return Step("3.5", question.tier_text(tier.index), "eligible, but not yet seen up: no reason to return to it")
    wait_s = tier.ripe_at - question.now
    text = f"has had {question.required} up for less than the failback delay; may be returned to in {wait_s:.0f} s"
    return Step("3.5", question.tier_text(tier.index), text)


def _chosen_step(question: Question, candidates: Tiers, index: int) -> Step:
    count, total = count_endpoints(candidates[index]), count_endpoints(question.tiers[index])
    text = f"chosen: {count} of {total} eligible, {question.required} needed"
    return Step("4.2", question.tier_text(index), text)
