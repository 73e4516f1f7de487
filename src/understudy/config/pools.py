"""Pools as written, those of the section `pools` and those inline in records, and what is wrong within one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from understudy.config.document import EndpointForm, PoolForm, PoolUse
from understudy.config.findings import Findings, nearest
from understudy.config.source import KeyPath
from understudy.model.endpoint import Endpoint, Family, Member, Pool, WithdrawLimit
from understudy.model.frozen import frozen


@frozen
class PlacedPool:
    """A pool and where it is written. `has_weights`: somebody wrote a weight. `written` is how a message names it."""

    pool: Pool
    path: KeyPath
    has_weights: bool
    written: str


class PoolTable:
    """Every pool under its name; inline pools enter when the record that has them is read."""

    def __init__(self, forms: Mapping[str, PoolForm], names: frozenset[str], findings: Findings) -> None:
        self.pools: dict[str, PlacedPool] = {}
        self.used: set[str] = set()
        self._names = names
        self._findings = findings
        for name, form in forms.items():
            limit = form.max_withdraw
            guard = WithdrawLimit(limit.count, limit.window) if limit is not None else None
            placed = [(endpoint, ("endpoints", index)) for index, endpoint in enumerate(form.endpoints)]
            self._enter(name, placed, ("pools", name), guard=guard)

    def use(self, use: PoolUse, inline_name: str, path: KeyPath) -> PlacedPool | None:
        """The pool that a record uses; None for one that does not exist (told elsewhere) or could not be read."""
        if use.pool is None:
            endpoints = use.endpoints or []
            return self._enter(inline_name, [(form, (index,)) for index, form in enumerate(endpoints)], path)
        return self.pools.get(use.pool)

    def mention(self, name: str, path: KeyPath) -> None:
        """A record names a pool."""
        self.used.add(name)
        if name not in self._names:
            hint = nearest(name, self._names) or "add it to pools, or write the addresses in brackets"
            self._findings.error(path, "reference.unknown", f"there is no pool '{name}'", hint=hint)

    def gather(self, endpoints: Iterable[tuple[int, EndpointForm]], inline_name: str, path: KeyPath) -> PlacedPool:
        """An inline pool of endpoints that stand singly in a list."""
        return self._enter(inline_name, [(form, (index,)) for index, form in endpoints], path)

    def _enter(
        self,
        name: str,
        placed: Sequence[tuple[EndpointForm, KeyPath]],
        path: KeyPath,
        *,
        guard: WithdrawLimit | None = None,
    ) -> PlacedPool:
        members = tuple(Member(Endpoint(form.address), form.weight, form.disabled) for form, _ in placed)
        written = f"pool '{name}'" if path == ("pools", name) else "this list"
        has_weights = any(form.is_written("weight") for form, _ in placed)
        found = PlacedPool(Pool(name, members, guard), path, has_weights, written)
        _judge_members(found, [(*path, *below) for _, below in placed], self._findings)
        self.pools[name] = found
        return found


def _judge_members(placed: PlacedPool, paths: Sequence[KeyPath], findings: Findings) -> None:
    seen: set[Endpoint] = set()
    for member, path in zip(placed.pool.members, paths, strict=True):
        if member.endpoint in seen:
            message = f"{member.endpoint} stands in {placed.written} twice"
            findings.error(path, "endpoint.duplicate", message, hint="leave one out; a weight says how much it gets")
        seen.add(member.endpoint)
    hosts = [path for member, path in zip(placed.pool.members, paths, strict=True) if _is_host(member)]
    if hosts and len(hosts) < len(paths):
        message = f"{placed.written} mixes host names and addresses, but a CNAME cannot stand beside addresses"
        findings.error(hosts[0], "pool.mixed", message, hint="make two pools, and tiers of them")
    if all(member.is_disabled for member in placed.pool.members):
        findings.warn(placed.path, "pool.disabled", f"every endpoint of {placed.written} is disabled")


def _is_host(member: Member) -> bool:
    return member.endpoint.family is Family.HOST
