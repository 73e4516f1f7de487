"""Standings and memory, turned into what a record answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field, replace

from understudy.model.decision import Decision, Mode, RecordMemory, Selector, Step, Variant
from understudy.model.endpoint import Family, Member
from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.record import Record
from understudy.model.standing import Lineup, StandingKind
from understudy.steering.freeze import keep_all, line_up_from_memory
from understudy.steering.memory import remember
from understudy.steering.policies import POLICIES
from understudy.steering.question import Question, Selection, ask, plan_families
from understudy.steering.selection import no_endpoint_step, select

UNCERTAIN_TTL_S = 5
"""Semantics 4.7: the longest life of an answer that an unknown or suspect endpoint could change."""


_NOTHING: tuple[Variant, ...] = ()
"""What NODATA and SERVFAIL send."""


@frozen
class Past:
    """What was: the memory of each family (HOST: of the whole record) and the decisions in force."""

    memories: Mapping[Family, RecordMemory] = field(default_factory=dict)
    decisions: Mapping[Family, Decision] = field(default_factory=dict)


@frozen
class RecordDecision:
    """One record decided: to be passed back as `past` the next time.

    `decisions` has either A and AAAA or CNAME alone; a family that is absent is not published.
    """

    decisions: Mapping[Family, Decision]
    memories: Mapping[Family, RecordMemory]

    @property
    def past(self) -> Past:
        """What the next decision about this record starts from."""
        return Past(self.memories, self.decisions)


def decide_record(record: Record, lineup: Lineup, now: Instant, *, past: Past) -> RecordDecision:
    """Decide every family of `record`, each for itself; one with a host name anywhere as a whole.

    Frozen (5.1), what was decided stays, without the endpoints that the configuration no longer names.
    """
    if lineup.freeze is not None:
        kept = keep_all(record, lineup, now, decisions=past.decisions)
        if kept is not None:
            return RecordDecision(kept, past.memories)
    decisions: dict[Family, Decision] = {}
    memories: dict[Family, RecordMemory] = {}
    for family in plan_families(lineup).families:
        answers, memories[family] = decide(record, lineup, now, family=family, past=past)
        decisions.update((decision.family, decision) for decision in answers)
    return RecordDecision(decisions, memories)


def decide(
    record: Record, lineup: Lineup, now: Instant, *, family: Family, past: Past
) -> tuple[tuple[Decision, ...], RecordMemory]:
    """Decide one family; HOST decides the whole record, and so gives one CNAME, or both A and AAAA.

    Most records have addresses of one family only: what the other one answers needs no rules.
    """
    if lineup.freeze is None and not _has_any(lineup, family):
        step = no_endpoint_step(record, family)
        nothing = Decision(
            record.name, family, Mode.NODATA, -1, Selector.ONE, _NOTHING, record.ttl_s, None, now, (step,)
        )
        return (nothing,), RecordMemory()
    return decide_by_rules(record, lineup, now, family=family, past=past)


def decide_by_rules(
    record: Record, lineup: Lineup, now: Instant, *, family: Family, past: Past
) -> tuple[tuple[Decision, ...], RecordMemory]:
    """As `decide`, through all the rules."""
    memory = past.memories.get(family, RecordMemory())
    is_frozen = lineup.freeze is not None and bool(memory.last_healthy)
    question = ask(
        record, line_up_from_memory(lineup, memory) if is_frozen else lineup, now, family=family, memory=memory
    )
    selection = select(question)
    decisions = tuple(_compose(question, selection, answered) for answered in _answered(family, selection))
    return decisions, memory if is_frozen else remember(question, selection)


def _has_any(lineup: Lineup, family: Family) -> bool:
    """Whether a tier has an endpoint of the family. HOST stands for all of them."""
    return family is Family.HOST or any(one.member.endpoint.family is family for tier in lineup.tiers for one in tier)


def _answered(family: Family, selection: Selection) -> tuple[Family, ...]:
    """Which types answer: a whole record a CNAME if a host name was chosen, else its addresses."""
    if family is not Family.HOST:
        return (family,)
    is_host = bool(selection.members) and selection.members[0].endpoint.family is Family.HOST
    return (Family.HOST,) if is_host else (Family.IPV4, Family.IPV6)


def _compose(question: Question, selection: Selection, family: Family) -> Decision:
    """The decision of `family`: variants, TTL and the steps that led to them."""
    members = tuple(member for member in selection.members if member.endpoint.family is family)
    selection, note = _without_family(question, selection) if selection.members and not members else (selection, ())
    selector, variants = Selector.ONE, _NOTHING
    limit_steps: tuple[Step, ...] = ()
    if members:
        selector, variants = POLICIES[question.record.policy].choose(members, _answers_max(question, family))
        limit_steps = tuple(_limit_steps(question, members, len(variants[0].endpoints)))
    ttl_s, ttl_steps = _ttl(question, selection)
    return Decision(
        record=question.record.name,
        family=family,
        mode=selection.mode,
        tier=selection.tier,
        selector=selector,
        variants=variants,
        ttl_s=ttl_s,
        due=_due(question, selection),
        decided_at=question.now,
        steps=(*selection.steps, *note, *limit_steps, *ttl_steps),
    )


def _without_family(question: Question, selection: Selection) -> tuple[Selection, tuple[Step, ...]]:
    """Of a record decided as a whole, the family that the chosen endpoints do not have."""
    note = Step("4.5", str(question.record.name), "what was chosen has no address of this family: NODATA")
    return replace(selection, mode=Mode.NODATA, members=()), (note,)


def _answers_max(question: Question, family: Family) -> int:
    """At most this many go out (4.8); a name has one CNAME (RFC 1034 3.6.2)."""
    if family is Family.HOST:
        return 1
    configured = question.record.answers_max
    return POLICIES[question.record.policy].answers_max if configured is None else max(configured, 1)


def _limit_steps(question: Question, members: tuple[Member, ...], width: int) -> Iterator[Step]:
    if len(members) > width:
        yield Step("4.8", str(question.record.name), f"{width} of {len(members)} go out in one answer")


def _ttl(question: Question, selection: Selection) -> tuple[int, tuple[Step, ...]]:
    """The record's, shorter while something unknown or suspect could change the answer (4.7).

    What is due is not in it: the engine counts that down by itself.
    """
    uncertain = [
        str(standing.member.endpoint)
        for standing in selection.relevant
        if standing.is_uncertain and standing.kind is not StandingKind.TAKEN_OUT
    ]
    if not uncertain or question.record.ttl_s <= UNCERTAIN_TTL_S:
        return question.record.ttl_s, ()
    text = f"TTL at most {UNCERTAIN_TTL_S} s while {', '.join(dict.fromkeys(uncertain))} is unknown or suspect"
    return UNCERTAIN_TTL_S, (Step("4.7", str(question.record.name), text),)


def _due(question: Question, selection: Selection) -> Instant | None:
    """When time alone may change the answer.

    What answers although it waits (3.4) is in use from now on, so the end of its hold changes nothing any more.
    """
    answering = {member.endpoint for member in selection.members} if selection.is_live else set()
    pending = (
        standing
        for standing in selection.relevant
        if standing.kind is not StandingKind.WAITING or standing.member.endpoint not in answering
    )
    dues = (selection.due, *(standing.due for standing in pending))
    return min((due for due in dues if due is not None and due > question.now), default=None)
