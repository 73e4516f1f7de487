"""What a record must be as a whole; each rule is one function, and its problem says why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from understudy.config.document import RecordForm
from understudy.config.findings import Findings
from understudy.config.pools import PlacedPool
from understudy.config.source import KeyPath
from understudy.model.endpoint import Endpoint, Family, Member
from understudy.model.frozen import frozen
from understudy.model.name import Name
from understudy.model.record import PolicyKind


@frozen
class RecordParts:
    """A record with what it names; `zone` None: it is in none."""

    name: Name
    zone: Name | None
    policy: PolicyKind
    pools: tuple[PlacedPool, ...]
    fallback: PlacedPool | None
    form: RecordForm
    path: KeyPath

    @property
    def policy_path(self) -> KeyPath:
        """Where the pools are written."""
        return (*self.path, self.policy.value)

    @property
    def members(self) -> tuple[Member, ...]:
        """Of every pool but the fallback, repetitions included."""
        return tuple(member for placed in self.pools for member in placed.pool.members)


def judge_record(parts: RecordParts, findings: Findings) -> None:
    """Every rule."""
    _judge_apex(parts, findings)
    _judge_repetitions(parts, findings)
    if parts.policy is not PolicyKind.TIERS:
        _judge_union(parts, findings)
    if parts.policy is PolicyKind.WEIGHTED:
        _judge_weights(parts, findings)
    for where, members in _choices(parts):
        _judge_min_healthy(parts, where, members, findings=findings)


def _choices(parts: RecordParts) -> Iterator[tuple[str, Sequence[Member]]]:
    """What the policy chooses among at a time, a tier or everything, and how a message calls it."""
    if parts.policy is not PolicyKind.TIERS:
        yield "the record", parts.members
        return
    for number, placed in enumerate(parts.pools, start=1):
        yield f"tier {number}", placed.pool.members


def _judge_apex(parts: RecordParts, findings: Findings) -> None:
    """A CNAME cannot stand beside SOA and NS (RFC 1034 3.6.2)."""
    if parts.name != parts.zone:
        return
    pools = [*parts.pools, *([parts.fallback] if parts.fallback is not None else [])]
    for placed in pools:
        hosts = [member.endpoint for member in placed.pool.members if member.endpoint.family is Family.HOST]
        if hosts:
            message = (
                f"{hosts[0]} is a host name, which is answered by a CNAME, and {parts.name} is the apex of its zone,"
                " where SOA and NS leave no room for a CNAME"
            )
            hint = "write the host's addresses, or make the record below the apex, such as www"
            findings.error(_use_path(parts, placed), "endpoint.host-at-apex", message, hint=hint)


def _use_path(parts: RecordParts, placed: PlacedPool) -> KeyPath:
    """Where the record uses the pool."""
    if placed is parts.fallback:
        return (*parts.path, "fallback")
    uses = getattr(parts.form, parts.policy.value)
    index = next((index for index, use in enumerate(uses) if use.pool == placed.pool.name), None)
    return placed.path if index is None else (*parts.policy_path, index)


def _judge_repetitions(parts: RecordParts, findings: Findings) -> None:
    seen: dict[Endpoint, PlacedPool] = {}
    for placed in parts.pools:
        for member in placed.pool.members:
            if seen.setdefault(member.endpoint, placed) is not placed:
                message = f"{member.endpoint} stands in more than one pool of {parts.name}"
                hint = "the second place has no effect" if parts.policy is PolicyKind.TIERS else "leave one out"
                findings.warn(_use_path(parts, placed), "endpoint.repeated", message, hint=hint)


def _judge_union(parts: RecordParts, findings: Findings) -> None:
    hosts = {member.endpoint for member in parts.members if member.endpoint.family is Family.HOST}
    is_mixed = bool(hosts) and any(member.endpoint.family is not Family.HOST for member in parts.members)
    if is_mixed and not any(_mixes(placed) for placed in parts.pools):
        message = "the pools mix host names and addresses, but a CNAME cannot stand beside addresses"
        findings.error(parts.policy_path, "pool.mixed", message, hint="use tiers, or addresses only")
    if len(hosts) > 1 and parts.policy is PolicyKind.ALL:
        message = f"{len(hosts)} host names would be answered together, but a name has at most one CNAME"
        hint = "use weighted, which answers one of them, or tiers"
        findings.error(parts.policy_path, "endpoint.several-hosts", message, hint=hint)


def _mixes(placed: PlacedPool) -> bool:
    return len({member.endpoint.family is Family.HOST for member in placed.pool.members}) > 1


def _judge_weights(parts: RecordParts, findings: Findings) -> None:
    if not parts.pools:
        return
    if not any(placed.has_weights for placed in parts.pools):
        message = "no endpoint has a weight, so all get the same share"
        findings.warn(parts.policy_path, "weighted.no-weights", message, hint="write {address: ADDRESS, weight: 50}")
    elif not any(member.weight for member in parts.members if not member.is_disabled):
        message = "no endpoint has a weight above 0, so none is ever preferred"
        findings.error(parts.policy_path, "weighted.all-zero", message, hint="give at least one a weight of 1 or more")


def _judge_min_healthy(parts: RecordParts, where: str, members: Sequence[Member], *, findings: Findings) -> None:
    """Families are decided apart, so each needs the number; only what can never be reached at all is an error."""
    needed = parts.form.min_healthy
    usable = {member.endpoint for member in members if not member.is_disabled}
    path = (*parts.path, "min_healthy")
    if usable and len(usable) < needed:
        message = f"{needed} healthy endpoints are needed, but {where} has only {len(usable)}"
        findings.error(path, "min_healthy.too-large", message, hint=f"at most {len(usable)}, or add endpoints")
        return
    for family in Family:
        count = sum(endpoint.family is family for endpoint in usable)
        if 0 < count < needed:
            message = f"{needed} healthy endpoints are needed, but {where} has only {count} for {family} answers"
            findings.warn(path, "min_healthy.family", message, hint="these are always degraded: lower it, or add some")
