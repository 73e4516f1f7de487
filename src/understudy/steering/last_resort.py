"""What to answer when nothing is eligible (semantics 4.4, 4.5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import chain

from understudy.model.decision import Mode, Step
from understudy.model.record import OnAllDown
from understudy.model.standing import Standing, StandingKind
from understudy.steering.question import Question, Selection, count_endpoints, distinct, eligible


def select_last_resort(question: Question) -> Selection:
    """The fallback; nothing where an operator took everything out; else what `on_all_down` says."""
    fallback = eligible(question.fallback)
    if fallback:
        text = "nothing is eligible: the last-resort pool answers, whatever its health"
        return _last(question, Mode.FALLBACK, fallback, step=_step(question, "4.4", text))
    if all(standing.kind is StandingKind.TAKEN_OUT for standing in question.standings):
        text = "an operator took everything out: NODATA; the name exists"
        return _last(question, Mode.NODATA, (), step=_step(question, "4.5", text))
    return _ON_ALL_DOWN[question.record.on_all_down](question)


def _fail_open(question: Question) -> Selection:
    """As if all were up: the first tier, without what an operator took out (4.1)."""
    tiers = [_not_taken_out(tier) for tier in question.tiers]
    enough = (index for index, tier in enumerate(tiers) if count_endpoints(tier) >= question.required)
    some = (index for index, tier in enumerate(tiers) if tier)
    index = next(chain(enough, some))
    text = f"nothing is eligible: answered as if all were up, from {question.tier_text(index)}"
    return _last(question, Mode.FAIL_OPEN, tiers[index], step=_step(question, "4.4", text), tier=index)


def _last_healthy(question: Question) -> Selection:
    """What was last handed out while something was eligible, without what an operator took out since."""
    remembered = frozenset(question.memory.last_healthy)
    usable = (standing for standing in _not_taken_out(tuple(question.standings)))
    chosen = tuple(standing for standing in usable if standing.member.endpoint in remembered)
    if not chosen:
        opened = _fail_open(question)
        note = _step(question, "4.4", "on_all_down is 'last_healthy', but nothing of that is left; fails open instead")
        return Selection(opened.mode, opened.tier, opened.members, opened.relevant, (note, *opened.steps))
    text = "nothing is eligible: what was last healthy is answered"
    return _last(question, Mode.LAST_HEALTHY, chosen, step=_step(question, "4.4", text), tier=question.current)


def _nodata(question: Question) -> Selection:
    step = _step(question, "4.4", "nothing is eligible and on_all_down is 'nodata'")
    return _last(question, Mode.NODATA, (), step=step)


def _servfail(question: Question) -> Selection:
    step = _step(question, "4.4", "nothing is eligible and on_all_down is 'servfail'")
    return _last(question, Mode.SERVFAIL, (), step=step)


_ON_ALL_DOWN: Mapping[OnAllDown, Callable[[Question], Selection]] = {
    OnAllDown.FAIL_OPEN: _fail_open,
    OnAllDown.LAST_HEALTHY: _last_healthy,
    OnAllDown.NODATA: _nodata,
    OnAllDown.SERVFAIL: _servfail,
}


def _not_taken_out(tier: tuple[Standing, ...]) -> tuple[Standing, ...]:
    return tuple(standing for standing in tier if standing.kind is not StandingKind.TAKEN_OUT)


def _step(question: Question, rule: str, text: str) -> Step:
    return Step(rule, str(question.record.name), text)


def _last(question: Question, mode: Mode, standings: tuple[Standing, ...], *, step: Step, tier: int = -1) -> Selection:
    """Anything that becomes eligible anywhere ends it, so everything is relevant."""
    return Selection(
        mode=mode,
        tier=tier,
        members=distinct(standing.member for standing in standings),
        relevant=(*question.standings, *question.fallback),
        steps=(step,),
    )
