"""Records: what each one names is looked up, judged as a whole and built."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from understudy.config.document import EndpointForm, PoolUse, RecordForm
from understudy.config.findings import Findings
from understudy.config.pools import PlacedPool, PoolTable
from understudy.config.reading import WrittenRecord
from understudy.config.record_rules import RecordParts, judge_record
from understudy.config.references import CheckTable
from understudy.config.source import KeyPath
from understudy.model.check import Requirement
from understudy.model.name import Name
from understudy.model.record import Failback, FailbackMode, OnAllDown, PolicyKind, Record


class RecordBuilder:
    """Builds records one by one from the tables of everything else."""

    def __init__(self, zones: Collection[Name], checks: CheckTable, pools: PoolTable, *, findings: Findings) -> None:
        self._zones = zones
        self._checks = checks
        self._pools = pools
        self._findings = findings

    def build(self, name: Name, written: WrittenRecord) -> Record | None:
        """The record, or None where it is in no zone. After problems it may lack pools and its requirement."""
        zone = self._zone(name, written.path)
        requirement = self._requirement(written)
        policy = _policy(written.form)
        pools = self._used_pools(name, policy, written) if policy is not None else ()
        fallback = self._fallback(name, written)
        parts = RecordParts(name, zone, policy or PolicyKind.TIERS, pools, fallback, written.form, written.path)
        if policy is not None:
            judge_record(parts, self._findings)
        return _record(parts, zone, requirement) if zone is not None else None

    def _zone(self, name: Name, path: KeyPath) -> Name | None:
        """The deepest zone that has the name (RFC 1034 4.3.2 step 2)."""
        candidate = name
        while candidate not in self._zones:
            if not candidate.labels:
                message = f"{name} is in none of the zones of this file"
                hint = f"add its zone, such as {name.parent}, to zones" if self._zones else "add its zone to zones"
                self._findings.key_error(path, "record.outside-zones", message, hint=hint)
                return None
            candidate = candidate.parent
        return candidate

    def _requirement(self, written: WrittenRecord) -> Requirement | None:
        """None: unmonitored, or a problem was found."""
        require = written.form.require
        if written.checks is None:
            return None
        if not written.checks:
            self._report_unmonitored(written)
            return None
        total = len(written.checks)
        count = require.count(total) if require is not None else total
        if count > total:
            message = f"{count} checks are required, but the record has {total}"
            hint = f"at most {total}"
            self._findings.error((*written.path, "require"), "require.too-large", message, hint=hint)
            return None
        requirements = [self._checks.requirement(check) for check in written.checks]
        return self._checks.combine(count, requirements, (*written.path, "check"))

    def _report_unmonitored(self, written: WrittenRecord) -> None:
        if written.form.require is not None:
            message = "something is required of checks, but the record has none"
            self._findings.error((*written.path, "require"), "require.without-check", message, hint="add check: ...")
        message = "the record has no check, so it never fails over"
        self._findings.warn(written.path, "record.unmonitored", message, hint="add check: ...")

    def _used_pools(self, name: Name, policy: PolicyKind, written: WrittenRecord) -> tuple[PlacedPool, ...]:
        """The pools of the policy in order; those that do not exist are left out, with problems."""
        path = (*written.path, policy.value)
        uses: Sequence[PoolUse] = getattr(written.form, policy.value)
        if policy is PolicyKind.TIERS:
            for index, use in enumerate(uses):
                self._refuse_bare(use, (*path, index))
        found: list[PlacedPool | None] = []
        for number, group in enumerate(_groups(uses), start=1):
            inline_name = f"{name}#{number}"
            index, use = group[0]
            if use.endpoint is not None:
                found.append(self._pools.gather(_endpoints(group), inline_name, path))
            else:
                found.append(self._pools.use(use, inline_name, (*path, index)))
        return tuple(pool for pool in found if pool is not None)

    def _refuse_bare(self, use: PoolUse, path: KeyPath) -> None:
        if use.endpoint is not None:
            address = use.endpoint.address
            message = f"{address} is an endpoint, but tiers is a list of pools"
            self._findings.error(path, "pool.bad", message, hint=f"write [{address}] for a tier of one endpoint")

    def _fallback(self, name: Name, written: WrittenRecord) -> PlacedPool | None:
        use, path = written.form.fallback, (*written.path, "fallback")
        if use is None:
            return None
        self._refuse_bare_fallback(use, path)
        return self._pools.use(use, f"{name}#fallback", path) if use.endpoint is None else None

    def _refuse_bare_fallback(self, use: PoolUse, path: KeyPath) -> None:
        if use.endpoint is not None:
            address = use.endpoint.address
            message = f"{address} is an endpoint, but fallback is a pool"
            self._findings.error(path, "pool.bad", message, hint=f"write [{address}]")


def _policy(form: RecordForm) -> PolicyKind | None:
    """The only one given; where it is none or several, that was reported before."""
    given = [policy for policy in PolicyKind if getattr(form, policy.value) is not None]
    return given[0] if len(given) == 1 else None


def _groups(uses: Sequence[PoolUse]) -> Iterator[list[tuple[int, PoolUse]]]:
    """Pools one by one; endpoints that stand singly all in one group, at the place of the first."""
    singles = [(index, use) for index, use in enumerate(uses) if use.endpoint is not None]
    for index, use in enumerate(uses):
        if use.endpoint is None:
            yield [(index, use)]
        elif (index, use) == singles[0]:
            yield singles


def _endpoints(group: Sequence[tuple[int, PoolUse]]) -> Iterator[tuple[int, EndpointForm]]:
    for index, use in group:
        if use.endpoint is not None:
            yield index, use.endpoint


def _record(parts: RecordParts, zone: Name, requirement: Requirement | None) -> Record:
    form = parts.form
    return Record(
        name=parts.name,
        zone=zone,
        policy=parts.policy,
        pools=tuple(placed.pool.name for placed in parts.pools),
        requirement=requirement,
        ttl_s=form.ttl,
        min_healthy=form.min_healthy,
        failover_delay_s=form.failover_delay,
        failback=Failback(FailbackMode(form.failback.mode), form.failback.delay),
        on_all_down=OnAllDown(form.on_all_down),
        fallback=parts.fallback.pool.name if parts.fallback is not None else None,
        answers_max=form.answers_max,
    )
