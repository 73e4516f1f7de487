"""Where an endpoint stands for one record: overrides and time laid over health (semantics 3 and 5.4)."""

from __future__ import annotations

from math import isinf

from understudy.health.failback import explain_hold, return_at
from understudy.health.words import civil
from understudy.model.endpoint import Member
from understudy.model.frozen import frozen
from understudy.model.health import Health, HealthFlag, HealthState
from understudy.model.instant import Instant
from understudy.model.override import Override, OverrideKind
from understudy.model.record import FailbackMode, Record
from understudy.model.standing import Standing, StandingKind


@frozen
class Place:
    """What, besides its health, decides where an endpoint stands in a record.

    `override` is the force or drain that applies. `is_in_use`: the last decision with anything eligible handed it out.
    `is_waiting`: it fell under `failback: manual` and nobody released it. `has_healthy`: another endpoint that it is
    decided with is UP, or in use and not yet examined. `first_verdict_s` is how long a new endpoint waits for its
    first verdict (2.2). `kept_until`: a guard keeps it although it is DOWN (5.2), until then (infinite: until it is
    up); None where no guard does.
    """

    record: Record
    override: Override | None = None
    is_in_use: bool = False
    is_waiting: bool = False
    has_healthy: bool = False
    first_verdict_s: float = 0.0
    kept_until: Instant | None = None


def stand(member: Member, health: Health, now: Instant, *, place: Place) -> Standing:
    """Where `member` stands: by the operator's word, else by health and the holds.

    A hold delays a return, never takes away: what is in use stays until it is DOWN, and what is not in use gains
    nothing from a delay of its withdrawal, so that traffic never moves to an endpoint known to be DOWN.
    """
    by_operator = _stand_by_operator(member, place)
    if by_operator is not None:
        return by_operator
    if HealthFlag.UNMONITORED in health.flags and health.state is HealthState.UP:
        return Standing(member, StandingKind.ELIGIBLE, "2.1", "unmonitored, hence eligible")
    if health.state is HealthState.UNKNOWN:
        return _stand_unknown(member, health, now, place=place)
    if health.state is HealthState.DOWN:
        return _stand_down(member, health, now, place=place)
    return _stand_up(member, health, now, place=place)


def _stand_by_operator(member: Member, place: Place) -> Standing | None:
    """Force before drain before disabled (5.4); None where no operator has spoken."""
    override = place.override
    if override is None:
        if not member.is_disabled:
            return None
        return Standing(member, StandingKind.TAKEN_OUT, "4.1", "disabled in the configuration")
    is_up = override.kind is OverrideKind.FORCE_UP
    return Standing(
        member,
        StandingKind.ELIGIBLE if is_up else StandingKind.TAKEN_OUT,
        rule="5.4" if is_up else "4.1",
        why=_explain_override(override),
        due=override.expires_at,
    )


def _explain_override(override: Override) -> str:
    verb = {OverrideKind.FORCE_UP: "forced up", OverrideKind.FORCE_DOWN: "forced down"}.get(override.kind, "drained")
    until = "released" if override.expires_at is None else civil(override.expires_at)
    return f"{verb} by {override.author} ({override.reason_text}) as {override.subject}, until {until}"


def _stand_unknown(member: Member, health: Health, now: Instant, *, place: Place) -> Standing:
    """Eligible (1.6, 2.2), but a newcomer beside healthy ones waits for its first UP."""
    wait_end = health.first_seen + place.first_verdict_s
    if place.has_healthy and not place.is_in_use and now < wait_end:
        why = f"new and not yet examined, others serve: waits for its first verdict, at most until {civil(wait_end)}"
        return Standing(member, StandingKind.WAITING, "2.2", why, is_uncertain=True, due=wait_end)
    return Standing(member, StandingKind.ELIGIBLE, "2.2", f"unknown, hence eligible; {health.why}", is_uncertain=True)


def _stand_down(member: Member, health: Health, now: Instant, *, place: Place) -> Standing:
    """Out at once (3.1), unless it is in use and a delay or a guard keeps it."""
    leaves_at = health.since + place.record.failover_delay_s
    if place.is_in_use and now < leaves_at:
        why = f"down since {civil(health.since)}, leaves after the failover delay at {civil(leaves_at)}"
        return Standing(member, StandingKind.ELIGIBLE, "3.1", why, due=leaves_at)
    if place.is_in_use and place.kept_until is not None and now < place.kept_until:
        due = None if isinf(place.kept_until) else place.kept_until
        until = "it is up" if due is None else civil(due)
        why = f"down since {civil(health.since)}, kept by max_withdraw until {until}"
        return Standing(member, StandingKind.ELIGIBLE, "5.2", why, due=due)
    return Standing(member, StandingKind.DOWN, "3.1", f"down since {civil(health.since)}; {health.why}")


def _stand_up(member: Member, health: Health, now: Instant, *, place: Place) -> Standing:
    """Eligible, unless it was DOWN and its hold (3.2), its operator (3.3) or blindness (2.3) makes it wait."""
    kind, rule, why, due = StandingKind.ELIGIBLE, "2.4", health.why, None
    failback = place.record.failback
    if not place.is_in_use and failback.mode is FailbackMode.MANUAL and place.is_waiting:
        kind, rule, why = StandingKind.WAITING, "3.3", "up, but failback is manual: waits for an operator's release"
    elif not place.is_in_use and health.falls and HealthFlag.HELD in health.flags:
        kind, rule, why = StandingKind.WAITING, "2.3", f"it went down before, and nobody sees it now; {health.why}"
    elif not place.is_in_use and failback.mode is not FailbackMode.MANUAL and health.falls:
        back = return_at(health, failback.delay_s)
        if now < back:
            kind, rule, due = StandingKind.WAITING, "3.2", back
            why = explain_hold(health, failback.delay_s)
    return Standing(
        member,
        kind,
        rule,
        why,
        is_uncertain=HealthFlag.SUSPECT in health.flags,
        due=due,
        up_since=health.since,
    )
