"""The parts of two objects that differ, in the words of the configuration file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, TypeGuard

from understudy.model.check import Check, Quorum, Schedule
from understudy.model.duration import format_duration
from understudy.model.endpoint import Member, Pool, WithdrawLimit, place_of
from understudy.model.frozen import frozen
from understudy.model.key import Key
from understudy.model.record import Failback, Record
from understudy.model.transfer import NotifyTarget, Primary, TransferOut
from understudy.model.watch import WatchSettings
from understudy.model.zone import MemberTemplate, ZoneDefinition

if TYPE_CHECKING:
    from pydantic import BaseModel

_SECONDS = "_s"
_BESIDE = frozenset(("schedule", "quorum", "settings"))
"""Parts whose keys stand beside those of their check."""

_NESTED = (Schedule, Quorum, Failback, TransferOut, WatchSettings, MemberTemplate)
_WRITTEN = {"rule": "quorum", "amount": "quorum.amount", "requirement": "check", "is_disabled": "disabled"} | {
    "has_cookies": "cookies",
    "is_minimal": "minimal_responses",
    "is_rotated": "rotate",
    "via": "server.via",
    "transfer.networks": "transfer.to",
    "transfer.keys": "transfer.to.key",
    "transfer.keyed_networks": "transfer.to.both",
    "tcp_clients": "tcp.clients",
    "tcp_clients_per_prefix": "tcp.clients_per_prefix",
    "tcp_idle_s": "tcp.idle",
}


@frozen
class FieldChange:
    """One key's old and new value, as text."""

    key: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.key} {self.old} -> {self.new}"


def field_changes(old: object, new: object) -> Iterator[FieldChange]:
    """Every key that differs between two objects of one class; pools by their endpoints."""
    if isinstance(old, Pool) and isinstance(new, Pool):
        yield from _pool_changes(old, new)
        return
    before, after = dict(_parts(old)), dict(_parts(new))
    for key in [*before, *(key for key in after if key not in before)]:
        if before.get(key) != after.get(key):
            yield FieldChange(_key(key), _text(key, before.get(key)), _text(key, after.get(key)))


def describe(value: object) -> str:
    """An object in one line."""
    if isinstance(value, Pool):
        return ", ".join(_member_text(member) for member in value.members)
    if isinstance(value, Check):
        return value.settings.summary()
    if isinstance(value, Record):
        return f"{value.policy} {', '.join(map(place_of, value.pools))}" + (
            f" by {value.requirement}" if value.requirement else ""
        )
    if isinstance(value, ZoneDefinition):
        return str(value.file)
    if isinstance(value, Key):
        return f"{value.algorithm}, {value.secret_file}"
    return str(value)


def _parts(value: object) -> Iterator[tuple[str, object]]:
    """The fields that a file has keys for: those of a schedule, quorum or settings stand beside their check's."""
    if _are_settings(value):
        for name in type(value).model_fields:
            part = getattr(value, name)
            yield from _below(name, part) if _are_settings(part) else ((name, part),)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _field_parts(field.name, getattr(value, field.name))
    else:
        yield "settings", value


def _are_settings(value: object) -> TypeGuard[BaseModel]:
    """Whether they are of a check, which are a model of pydantic."""
    from pydantic import BaseModel  # as late as something is compared

    return isinstance(value, BaseModel)


def _field_parts(name: str, part: object) -> Iterator[tuple[str, object]]:
    if isinstance(part, _NESTED) or _are_settings(part):
        yield from _below(name, part)
    elif name == "groups" and isinstance(part, tuple):
        for group, template in part:
            yield from _below(f"groups.{group}", template)
    elif name != "name":
        yield name, part


def _below(name: str, part: object) -> Iterator[tuple[str, object]]:
    prefix = "" if name in _BESIDE else f"{name}."
    yield from ((f"{prefix}{inner}", value) for inner, value in _parts(part))


def _pool_changes(old: Pool, new: Pool) -> Iterator[FieldChange]:
    before = {member.endpoint: member for member in old.members}
    after = {member.endpoint: member for member in new.members}
    for endpoint in dict.fromkeys([*before, *after]):
        if before.get(endpoint) != after.get(endpoint):
            yield FieldChange(str(endpoint), _presence(before.get(endpoint)), _presence(after.get(endpoint)))
    if list(before) != list(after) and before.keys() == after.keys():
        yield FieldChange("order", ", ".join(map(str, before)), ", ".join(map(str, after)))
    if old.max_withdraw != new.max_withdraw:
        yield FieldChange("max_withdraw", _text("", old.max_withdraw), _text("", new.max_withdraw))


def _presence(member: Member | None) -> str:
    if member is None:
        return "absent"
    return f"weight {member.weight}" + (", disabled" if member.is_disabled else "")


def _member_text(member: Member) -> str:
    weight = f" (weight {member.weight})" if member.weight != 1 else ""
    return f"{member.endpoint}{weight}" + (" (disabled)" if member.is_disabled else "")


def _key(name: str) -> str:
    first, _, rest = name.partition(".")
    if first == "members":
        return f"catalog.{_key(rest)}"
    return _WRITTEN.get(name, name.removesuffix(_SECONDS))


def _text(name: str, value: object) -> str:
    """A value as the file would have it, near enough to recognise."""
    if value is None or value in ("", ()):
        return "none"
    if isinstance(value, WithdrawLimit):
        return f"{value.count} in {format_duration(value.window_s)}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float) and name.endswith(_SECONDS):
        return format_duration(value)
    if isinstance(value, tuple):
        return f"[{', '.join(_text(name if name == 'pools' else '', item) for item in value)}]"
    return place_of(str(value)) if name in {"pools", "fallback"} else _single(value)


def _single(value: object) -> str:
    if isinstance(value, NotifyTarget | Primary):
        return value.full_text
    return f"{value:g}" if isinstance(value, float) else str(value)
