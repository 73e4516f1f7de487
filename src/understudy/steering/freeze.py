"""What a frozen record answers (semantics 5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import chain

from understudy.model.decision import Decision, RecordMemory, Step, Variant
from understudy.model.endpoint import Endpoint, Family
from understudy.model.instant import Instant
from understudy.model.override import Override
from understudy.model.record import Record
from understudy.model.standing import Lineup, Standing, StandingKind


def keep_all(
    record: Record, lineup: Lineup, now: Instant, *, decisions: Mapping[Family, Decision]
) -> dict[Family, Decision] | None:
    """The decisions in force, for as long as the freeze lasts; None where there are none, or one lost all it had."""
    freeze = lineup.freeze
    if freeze is None or not decisions:
        return None
    known = frozenset(one.member.endpoint for one in chain(chain.from_iterable(lineup.tiers), lineup.fallback))
    kept = {}
    for family, decision in decisions.items():
        variants = tuple(_keep_known(decision, known))
        if decision.variants and not variants:
            return None
        note = Step("5.1", str(record.name), _explain(freeze))
        steps = tuple(step for step in decision.steps if step.rule != note.rule)
        kept[family] = replace(
            decision,
            variants=variants,
            ttl_s=record.ttl_s,
            due=freeze.expires_at,
            decided_at=now,
            steps=(note, *steps),
        )
    return kept


def line_up_from_memory(lineup: Lineup, memory: RecordMemory) -> Lineup:
    """What was last handed out as the only thing eligible: a frozen record whose decision was lost in a restart.

    Freeze comes before every other override (5.4), so a drain made meanwhile does not count yet.
    """
    remembered = frozenset(memory.last_healthy)
    tiers = tuple(tuple(_recall(one, remembered) for one in tier) for tier in lineup.tiers)
    return replace(lineup, tiers=tiers) if any(map(_is_any_eligible, tiers)) else lineup


def _recall(standing: Standing, remembered: frozenset[Endpoint]) -> Standing:
    if standing.member.endpoint in remembered:
        return Standing(standing.member, StandingKind.ELIGIBLE, "5.1", "was handed out when the record was frozen")
    return Standing(standing.member, StandingKind.DOWN, "5.1", "was not handed out when the record was frozen")


def _is_any_eligible(tier: tuple[Standing, ...]) -> bool:
    return any(standing.kind is StandingKind.ELIGIBLE for standing in tier)


def _keep_known(decision: Decision, known: frozenset[Endpoint]) -> list[Variant]:
    shortened = (
        replace(variant, endpoints=tuple(one for one in variant.endpoints if one in known))
        for variant in decision.variants
    )
    return [variant for variant in shortened if variant.endpoints]


def _explain(freeze: Override) -> str:
    return f"frozen by {freeze.author} ({freeze.reason_text}): what was decided stays"
