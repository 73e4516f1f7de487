"""Semantics 2.1 to 2.6, each rule as rows of a table."""

from __future__ import annotations

import pytest

from understudy.health.quorum import count_votes
from understudy.model.check import Quorum, QuorumRule
from understudy.model.health import CastVote, HealthState
from understudy.model.verdict import Vote

UP, DOWN, UNKNOWN = HealthState.UP, HealthState.DOWN, HealthState.UNKNOWN
VOTES = {"u": Vote.UP, "d": Vote.DOWN, "-": Vote.ABSTAIN}
MAJORITY = Quorum()
ANY = Quorum(QuorumRule.ANY)
ALL = Quorum(QuorumRule.ALL)


def count(votes: str, quorum: Quorum, previous: HealthState) -> tuple[HealthState, bool, str]:
    """`ud-`: three monitors are assigned, the first says up, the second down, the third nothing."""
    assigned = [f"m{index}" for index in range(len(votes))]
    ballot = [CastVote(name, "web", VOTES[vote], 1.0) for name, vote in zip(assigned, votes, strict=True)]
    return count_votes(ballot, assigned, quorum, previous=previous)


@pytest.mark.parametrize(
    ("votes", "quorum", "previous", "expected"),
    [
        ("", MAJORITY, UNKNOWN, ("2.1", UP, False)),
        ("", ANY, DOWN, ("2.1", UP, False)),
        ("-", MAJORITY, UNKNOWN, ("2.2", UNKNOWN, False)),
        ("---", MAJORITY, UNKNOWN, ("2.2", UNKNOWN, False)),
        ("-", MAJORITY, UP, ("2.3", UP, True)),
        ("-", MAJORITY, DOWN, ("2.3", DOWN, True)),
        ("d--", MAJORITY, UP, ("2.3", UP, True)),
        ("u--", MAJORITY, DOWN, ("2.3", DOWN, True)),
        ("u--", MAJORITY, UNKNOWN, ("2.3", UNKNOWN, True)),
        ("dd--", MAJORITY, UP, ("2.3", UP, True)),  # floor(4 / 2) + 1 = 3 must be heard
        ("ddd-", MAJORITY, UP, ("2.3", DOWN, False)),
        ("d--", Quorum(min_live=2), UP, ("2.3", UP, True)),
        ("dd-", Quorum(min_live=3), UP, ("2.3", UP, True)),
        ("dd---", Quorum(min_live=2), UP, ("2.3", DOWN, False)),
        ("---", Quorum(min_live=0), DOWN, ("2.3", DOWN, True)),  # nobody heard is never a vote
        ("u", MAJORITY, DOWN, ("2.4", UP, False)),
        ("d", MAJORITY, UP, ("2.4", DOWN, False)),
        ("uud", MAJORITY, DOWN, ("2.4", UP, False)),
        ("udd", MAJORITY, UP, ("2.4", DOWN, False)),
        ("dd-", MAJORITY, UP, ("2.4", DOWN, False)),  # a majority of those heard
        ("ud-", MAJORITY, UP, ("2.4", UP, False)),  # a tie keeps
        ("ud-", MAJORITY, DOWN, ("2.4", DOWN, False)),
        ("uudd", MAJORITY, UNKNOWN, ("2.4", UNKNOWN, False)),
        ("uud", ANY, UP, ("2.4", DOWN, False)),
        ("uuu", ANY, DOWN, ("2.4", UP, False)),
        ("udd", ALL, DOWN, ("2.4", UP, False)),
        ("ddd", ALL, UP, ("2.4", DOWN, False)),
        ("ddu", Quorum(QuorumRule.COUNT, 2), UP, ("2.4", DOWN, False)),
        ("ddu", Quorum(QuorumRule.COUNT, 3), DOWN, ("2.4", UP, False)),
        ("uddddd", Quorum(QuorumRule.PERCENT, 18), UP, ("2.4", DOWN, False)),  # 16.7 % is not more than 18 %
        ("udddd", Quorum(QuorumRule.PERCENT, 18), DOWN, ("2.4", UP, False)),  # 20 % is
        ("uudd", Quorum(QuorumRule.PERCENT, 50), UP, ("2.4", DOWN, False)),  # exactly p % is not more
        ("duu", Quorum(QuorumRule.COUNT, 1), UP, ("2.5", UP, False)),
        ("duu", Quorum(QuorumRule.COUNT, 1), DOWN, ("2.5", UP, False)),  # others say up: nobody is kept down by one
        ("d--", Quorum(min_live=1), UP, ("2.5", UP, False)),
        ("d--", Quorum(min_live=1), DOWN, ("2.5", DOWN, False)),
        ("d-", Quorum(QuorumRule.ALL, min_live=1), UP, ("2.5", UP, False)),
        ("duu", Quorum(QuorumRule.PERCENT, 90), UP, ("2.5", UP, False)),
        ("d--", Quorum(QuorumRule.ANY, min_live=1), UP, ("2.5", DOWN, False)),  # except with `any`
        ("d", Quorum(QuorumRule.COUNT, 1), UP, ("2.5", DOWN, False)),  # a single monitor is enough where it is alone
        ("d----", MAJORITY, UP, ("2.6", UP, True)),  # silent monitors stay in the denominator
    ],
)
def test_votes_are_counted_by_the_rule(
    votes: str, quorum: Quorum, previous: HealthState, expected: tuple[str, HealthState, bool]
) -> None:
    state, is_held, why = count(votes, quorum, previous)

    assert (state, is_held) == expected[1:], why


@pytest.mark.parametrize(
    ("votes", "quorum", "rule"),
    [
        ("", MAJORITY, "2.1"),
        ("--", MAJORITY, "2.2"),
        ("u--", MAJORITY, "2.3"),
        ("uud", MAJORITY, "2.4"),
        ("ud-", MAJORITY, "2.4"),
        ("duu", Quorum(QuorumRule.COUNT, 1), "2.5"),
    ],
)
def test_the_reason_begins_with_the_rule(votes: str, quorum: Quorum, rule: str) -> None:
    assert count(votes, quorum, UNKNOWN)[2].startswith(f"{rule}: ")


def test_the_reason_names_the_rule_and_the_arithmetic() -> None:
    assert count("dd-", MAJORITY, UP)[2] == "2.4: 2 of 3 monitors heard, 0 up, 2 down: 'down' by majority"
    assert count("u--", MAJORITY, DOWN)[2].startswith("2.3: 1 of 3 monitors heard, 1 up, 0 down, 2 needed")


def test_a_monitor_that_is_not_assigned_has_no_vote() -> None:
    ballot = [CastVote("m0", "web", Vote.UP, 1.0), CastVote("stranger", "web", Vote.DOWN, 1.0)]

    assert count_votes(ballot, ["m0"], ANY, previous=UP).state is UP


@pytest.mark.parametrize("mark", ["is_stale", "is_blind"])
def test_a_vote_marked_stale_or_blind_does_not_count(mark: str) -> None:
    ballot = [CastVote("m0", "web", Vote.DOWN, 1.0, is_stale=mark == "is_stale", is_blind=mark == "is_blind")]

    assert count_votes(ballot, ["m0"], MAJORITY, previous=UP)[:2] == (UP, True)
