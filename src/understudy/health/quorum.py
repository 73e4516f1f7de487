"""How the votes of several monitors become one state (semantics 2.1 to 2.6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from understudy.health.words import count_of
from understudy.model.check import Quorum, QuorumRule
from understudy.model.health import CastVote, HealthState
from understudy.model.verdict import Vote

LONE_VOTE = 1
"""Semantics 2.5: with two or more assigned monitors, more votes than this make a DOWN."""


class Count(NamedTuple):
    """A counted ballot. `is_held`: too few monitors were heard, so `state` is the last one (2.3)."""

    state: HealthState
    is_held: bool
    why: str


class _Tally(NamedTuple):
    """Votes of the live monitors; `assigned` is the fixed denominator (2.6)."""

    up: int
    down: int
    assigned: int

    @property
    def live(self) -> int:
        return self.up + self.down

    def __str__(self) -> str:
        heard = f"{self.live} of {count_of(self.assigned, 'monitor')} heard"
        return f"{heard}, {self.up} up, {self.down} down"


def count_votes(ballot: Sequence[CastVote], assigned: Sequence[str], quorum: Quorum, *, previous: HealthState) -> Count:
    """Count `ballot` by `quorum`; `previous` is what a hold, a tie and a lone vote keep.

    Votes of monitors that are not assigned do not count, nor does a second vote of the same monitor.
    """
    if not assigned:
        return Count(HealthState.UP, is_held=False, why="2.1: nobody is assigned, so it is unmonitored and eligible")
    tally = _tally(ballot, assigned)
    if not tally.live and previous is HealthState.UNKNOWN:
        return Count(previous, is_held=False, why=f"2.2: no verdict was ever heard ({tally})")
    min_live = tally.assigned // 2 + 1 if quorum.min_live is None else quorum.min_live
    if tally.live < max(min_live, 1):
        return Count(
            previous, is_held=True, why=f"2.3: {tally}, {min_live} needed: the last state '{previous}' is held"
        )
    state = _RULES[quorum.rule](tally, quorum.amount)
    if state is HealthState.DOWN and _is_lone(tally, quorum.rule):
        kept = HealthState.UP if tally.up else previous
        return Count(kept, is_held=False, why=f"2.5: {tally}: one vote of several monitors makes no DOWN, so '{kept}'")
    if state is HealthState.UNKNOWN:
        return Count(previous, is_held=False, why=f"2.4: {tally}: a tie keeps '{previous}'")
    return Count(state, is_held=False, why=f"2.4: {tally}: '{state}' by {_rule_text(quorum)}")


def _tally(ballot: Sequence[CastVote], assigned: Sequence[str]) -> _Tally:
    members = frozenset(assigned)
    votes = {cast.monitor: cast.vote for cast in ballot if cast.monitor in members and not _abstains(cast)}
    up = sum(vote is Vote.UP for vote in votes.values())
    return _Tally(up=up, down=len(votes) - up, assigned=len(members))


def _abstains(cast: CastVote) -> bool:
    return cast.vote is Vote.ABSTAIN or cast.is_stale or cast.is_blind


def _is_lone(tally: _Tally, rule: QuorumRule) -> bool:
    return rule is not QuorumRule.ANY and tally.assigned > LONE_VOTE and tally.down <= LONE_VOTE


def _rule_text(quorum: Quorum) -> str:
    if quorum.rule in {QuorumRule.COUNT, QuorumRule.PERCENT}:
        return f"{quorum.rule}: {quorum.amount:g}"
    return str(quorum.rule)


def _majority(tally: _Tally, _amount: float) -> HealthState:
    """UNKNOWN stands for a tie."""
    if tally.up == tally.down:
        return HealthState.UNKNOWN
    return HealthState.DOWN if tally.down > tally.up else HealthState.UP


def _any(tally: _Tally, _amount: float) -> HealthState:
    return HealthState.DOWN if tally.down else HealthState.UP


def _all(tally: _Tally, _amount: float) -> HealthState:
    return HealthState.UP if tally.up else HealthState.DOWN


def _count(tally: _Tally, amount: float) -> HealthState:
    return HealthState.DOWN if tally.down >= amount else HealthState.UP


def _percent(tally: _Tally, amount: float) -> HealthState:
    return HealthState.UP if tally.up * 100 > amount * tally.live else HealthState.DOWN


_RULES: Mapping[QuorumRule, Callable[[_Tally, float], HealthState]] = {
    QuorumRule.MAJORITY: _majority,
    QuorumRule.ANY: _any,
    QuorumRule.ALL: _all,
    QuorumRule.COUNT: _count,
    QuorumRule.PERCENT: _percent,
}
