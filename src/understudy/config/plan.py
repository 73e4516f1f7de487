"""What going from one configuration to another changes: a value to print, refuse or record, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from understudy.config.plan_fields import FieldChange, describe, field_changes
from understudy.model.check import leaves
from understudy.model.configuration import Configuration, NodeSettings
from understudy.model.endpoint import is_inline, place_of
from understudy.model.frozen import frozen
from understudy.model.name import Name
from understudy.model.verdict import ProbeKey

_RESTART_KEYS = {
    "state_dir": "state_dir",
    "threads": "server.threads",
    "version_bind": "server.version",
    "hostname_bind": "server.hostname",
    "udp_size": "server.udp_size",
    "udp_size_without_cookie": "server.udp_size_without_cookie",
    "has_cookies": "server.cookies",
    "is_minimal": "server.minimal_responses",
    "is_rotated": "server.rotate",
    "rate_limit": "server.rate_limit",
    "busy_poll_s": "server.busy_poll",
    "tcp_clients": "server.tcp.clients",
    "tcp_clients_per_prefix": "server.tcp.clients_per_prefix",
    "tcp_idle_s": "server.tcp.idle",
    "transfers": "server.transfers",
    "probe_rate_max": "limits.probe_rate",
    "api_socket": "api.socket",
}
"""Settings that are fixed when the process starts, and their keys in the file."""


class Action(StrEnum):
    """What happens to an object."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"


@frozen
class Change:
    """One object's change. `kind` is node, key, zone, check, pool or record; `fields` only where it is CHANGE."""

    action: Action
    kind: str
    name: str
    fields: tuple[FieldChange, ...] = ()
    summary: str = ""

    @property
    def text(self) -> str:
        """What it is, or what becomes of it, in one line."""
        return "; ".join(str(field) for field in self.fields) if self.fields else self.summary

    @property
    def label(self) -> str:
        """Its name for people: a pool that is written inside a record is `2 of www.example.com`."""
        if self.kind != "pool" or not is_inline(self.name):
            return self.name
        return f"{place_of(self.name)} of {self.name.rpartition('#')[0]}"

    def __str__(self) -> str:
        mark = {Action.ADD: "+", Action.CHANGE: "~", Action.REMOVE: "-"}[self.action]
        return f"{mark} {self.kind} {self.label}" + (f": {self.text}" if self.text else "")


@frozen
class Plan:
    """A difference and what it means.

    `probes_started` and `probes_stopped` come and go whole; `probes_redefined` keep their verdict while their counters
    start again (semantics 1.3). `addresses_opened` and `addresses_closed` are listened on from then on, or no more;
    the other sockets stay. `restart` has the keys of which the process has another value until its restart.
    """

    changes: tuple[Change, ...]
    probes_started: frozenset[ProbeKey]
    probes_stopped: frozenset[ProbeKey]
    probes_redefined: frozenset[ProbeKey]
    addresses_opened: tuple[str, ...]
    addresses_closed: tuple[str, ...]
    restart: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes."""
        return not self.changes

    def lines(self) -> tuple[str, ...]:
        """The plan for people: one line for each object, or one for nothing, then what it means."""
        changes = tuple(str(change) for change in self.changes) or ("nothing changes",)
        return (*changes, *self.consequences())

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def consequences(self) -> Iterator[str]:
        """What it means, line by line."""
        counts = (
            ("started", self.probes_started),
            ("stopped", self.probes_stopped),
            ("redefined, keeping their verdicts", self.probes_redefined),
        )
        for word, probes in counts:
            if probes:
                yield f"{len(probes)} probe{'s' if len(probes) > 1 else ''} {word}"
        if self.addresses_opened:
            yield f"listens on {', '.join(self.addresses_opened)}"
        if self.addresses_closed:
            yield f"listens no more on {', '.join(self.addresses_closed)}"
        yield from self.pending

    @property
    def pending(self) -> tuple[str, ...]:
        """A line for what waits for a restart, or none."""
        return (f"only after a restart: {', '.join(self.restart)}",) if self.restart else ()


def plan(old: Configuration, new: Configuration, *, began: NodeSettings | None = None) -> Plan:
    """The difference of two valid configurations, objects in the order of their kinds and names.

    `began`: the settings that the process was started with, if they are others: some are in force until its restart.
    """
    before, after = probes(old), probes(new)
    kept = before.keys() & after.keys()
    opened = tuple(address for address in new.node.listen if address not in old.node.listen)
    closed = tuple(address for address in old.node.listen if address not in new.node.listen)
    return Plan(
        changes=tuple(_changes(old, new)),
        probes_started=frozenset(after.keys() - before.keys()),
        probes_stopped=frozenset(before.keys() - after.keys()),
        probes_redefined=frozenset(key for key in kept if before[key] != after[key]),
        addresses_opened=opened,
        addresses_closed=closed,
        restart=tuple(_restart_keys(began or old.node, new.node)),
    )


def _restart_keys(began: NodeSettings, new: NodeSettings) -> Iterator[str]:
    for name, key in _RESTART_KEYS.items():
        if getattr(began, name) != getattr(new, name):
            yield key


def probes(configuration: Configuration) -> Mapping[ProbeKey, object]:
    """Every distinct (endpoint, check) that is probed, with its definition; a fallback's health is ignored."""
    found: dict[ProbeKey, object] = {}
    for record in configuration.records.values():
        checks = tuple(dict.fromkeys(leaves(record.requirement)))
        for name in record.pools:
            for member in configuration.pools[name].members:
                found.update((ProbeKey(member.endpoint, check), configuration.checks[check]) for check in checks)
    return found


def _changes(old: Configuration, new: Configuration) -> Iterator[Change]:
    fields = tuple(change for change in field_changes(old.node, new.node) if change.key not in _NODE_PLACES)
    if fields:
        yield Change(Action.CHANGE, "node", "this server", fields)
    yield from _object_changes("key", _named(old.keys), _named(new.keys))
    yield from _object_changes("zone", _named(old.zones), _named(new.zones))
    yield from _object_changes("check", old.checks, new.checks)
    yield from _object_changes("pool", old.pools, new.pools)
    yield from _object_changes("record", _named(old.records), _named(new.records))


_NODE_PLACES = frozenset(("file",))
"""Where the configuration stands is not what it says."""


def _named(objects: Mapping[Name, object]) -> dict[str, object]:
    return {str(name): value for name, value in objects.items()}


def _object_changes(kind: str, old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[Change]:
    for name in _in_order(old.keys() | new.keys()):
        if name not in old:
            yield Change(Action.ADD, kind, name, summary=describe(new[name]))
        elif name not in new:
            yield Change(Action.REMOVE, kind, name, summary=describe(old[name]))
        elif old[name] != new[name]:
            yield Change(Action.CHANGE, kind, name, tuple(field_changes(old[name], new[name])))


def _in_order(names: Iterable[str]) -> list[str]:
    """DNS names from the zone down, and the inline pools of one record together."""

    def place(name: str) -> tuple[list[str], str]:
        record, _, part = name.partition("#")
        return record.split(".")[::-1], part

    return sorted(names, key=place)
