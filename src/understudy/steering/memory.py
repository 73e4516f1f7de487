"""What a record remembers from one decision to the next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from understudy.model.decision import RecordMemory
from understudy.model.endpoint import Endpoint
from understudy.model.record import FailbackMode
from understudy.model.standing import StandingKind
from understudy.steering.question import Question, Selection


def remember(question: Question, selection: Selection) -> RecordMemory:
    """The memory after `selection`; endpoints that left the record are forgotten.

    Under `failback: manual` what is DOWN will wait for an operator (3.3), unless it was let in again because nothing
    else was left (3.4). What is not eligible moves neither the tier in use nor what was last healthy.
    """
    memory = question.memory
    known = {standing.member.endpoint for standing in question.standings}
    chosen = tuple(member.endpoint for member in selection.members) if selection.is_live else ()
    waiting: frozenset[Endpoint] = frozenset()
    if question.record.failback.mode is FailbackMode.MANUAL:
        fallen = {one.member.endpoint for one in question.standings if one.kind is StandingKind.DOWN}
        waiting = ((memory.waiting & known) | fallen) - frozenset(chosen)
    return RecordMemory(
        tier=selection.tier if selection.is_live else question.current,
        waiting=waiting,
        last_healthy=chosen or tuple(endpoint for endpoint in memory.last_healthy if endpoint in known),
    )


def release(memory: RecordMemory, endpoints: Iterable[Endpoint] | None = None) -> RecordMemory:
    """An operator lets `endpoints` return, or all that wait (None: the record may also leave its tier, 3.3 `never`).

    An endpoint that is DOWN will wait again: it can be released once it is up.
    """
    if endpoints is None:
        return replace(memory, tier=-1, waiting=frozenset())
    return replace(memory, waiting=memory.waiting - frozenset(endpoints))
