"""The values of `model` as text in a file, and back.

Every document carries its version in `v`: a document of another version is not understood, never misunderstood.
Decoders raise UnreadableError for anything that they cannot make the whole value of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from ipaddress import ip_address
from typing import TypeAlias, TypeVar

import msgspec
from msgspec.json import Decoder

from understudy.model.check import AtLeast, CheckRef, Requirement
from understudy.model.decision import Decision, Mode, RecordMemory, Selector, Step, Variant
from understudy.model.endpoint import Endpoint, Family
from understudy.model.health import Health, HealthKey, HealthState
from understudy.model.log import LogEntry
from understudy.model.name import Name
from understudy.model.override import Override, OverrideKind, Subject, SubjectKind
from understudy.model.verdict import ProbeKey, Verdict, VerdictState

RecordKey: TypeAlias = tuple[Name, Family]
SEEN_MAX = 1 << 16  # chosen: the endpoints of the largest configuration that is measured, a few MiB while they are read

T = TypeVar("T")
D = TypeVar("D")


class UnreadableError(ValueError):
    """Text that is no document of a known version."""


class _Document(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="v", tag=1):
    """What all documents of version 1 share."""


class _Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """What stands inside a document and has its version."""


class _AtLeastPart(_Part, frozen=True):
    at_least: int
    parts: list[_AtLeastPart | str]


class _VerdictDocument(_Document, frozen=True):
    state: VerdictState
    since: float
    refreshed_at: float
    count: int = 0
    reason: str = ""
    text: str = ""


class _HealthDocument(_Document, frozen=True):
    state: HealthState
    since: float
    first_seen: float
    falls: tuple[float, ...] = ()


class _MemoryDocument(_Document, frozen=True):
    tier: int
    waiting: tuple[str, ...] = ()
    last_healthy: tuple[str, ...] = ()


class _VariantPart(_Part, frozen=True):
    endpoints: tuple[str, ...]
    weight: int = 1


class _StepPart(_Part, frozen=True):
    rule: str
    subject: str
    text: str


class _DecisionDocument(_Document, frozen=True):
    record: str
    family: Family
    mode: Mode
    tier: int
    selector: Selector
    variants: tuple[_VariantPart, ...]
    ttl_s: int
    due: float | None
    decided_at: float
    steps: tuple[_StepPart, ...] = ()


class _SubjectPart(_Part, frozen=True):
    kind: SubjectKind
    name: str = ""
    record: str = ""


class _OverrideBody(_Part, frozen=True):
    override: OverrideKind
    subject: _SubjectPart
    expires_at: float | None


_RequirementPart: TypeAlias = _AtLeastPart | str | None

_MAPPING = Decoder(dict[str, object])
_PROBE_KEY = Decoder(tuple[str, str])
_HEALTH_KEY: Decoder[tuple[str, _RequirementPart]] = Decoder(tuple[str, _RequirementPart])
_RECORD_KEY = Decoder(tuple[str, Family])
_VERDICT, _HEALTH = Decoder(_VerdictDocument), Decoder(_HealthDocument)
_MEMORY, _DECISION = Decoder(_MemoryDocument), Decoder(_DecisionDocument)


def encode_json(value: object) -> str:
    """Plain JSON; characters that no file can hold (lone surrogates of a script's output, say) become `?`."""
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        return msgspec.json.encode(_printable(msgspec.to_builtins(value))).decode()


def decode_json(text: str | bytes) -> dict[str, object]:
    """A mapping that `encode_json` wrote."""
    return _parse(text, _MAPPING)


def check_row(row: Sequence[object], kind: type[D]) -> D:
    """A row of a table with the types that its columns should have."""
    try:
        return msgspec.convert(row, kind)
    except msgspec.MsgspecError as error:
        raise UnreadableError(f"not understood: {error}") from None


def _printable(value: object) -> object:
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, Mapping):
        return {_printable(key): _printable(item) for key, item in value.items()}
    return [_printable(item) for item in value] if isinstance(value, list | tuple) else value


def _parse(text: str | bytes, decoder: Decoder[D]) -> D:
    """Decoders are made once: to find out what a type means takes longer than to read a key."""
    try:
        return decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, TypeError) as error:
        raise UnreadableError(f"not understood: {error}") from None


def _rebuild(make: Callable[[], T]) -> T:
    """What `make` returns; names and addresses that are none become UnreadableError."""
    try:
        return make()
    except ValueError as error:
        raise UnreadableError(f"not understood: {error}") from None


def encode_endpoint(endpoint: Endpoint) -> str:
    """An address as it is, a name with its final dot, so that no name is taken for an address."""
    return endpoint.target.absolute if isinstance(endpoint.target, Name) else str(endpoint.target)


@lru_cache(maxsize=SEEN_MAX)
def decode_endpoint(text: str) -> Endpoint:
    """The endpoint that `encode_endpoint` wrote. A start reads each one some six times."""
    return _rebuild(lambda: Endpoint(Name.parse(text) if text.endswith(".") else ip_address(text)))


def _requirement_part(requirement: Requirement | None) -> _RequirementPart:
    if isinstance(requirement, AtLeast):
        return _AtLeastPart(requirement.count, [_some_part(part) for part in requirement.parts])
    return None if requirement is None else requirement.check


def _some_part(requirement: Requirement) -> _AtLeastPart | str:
    part = _requirement_part(requirement)
    return "" if part is None else part


def _requirement(part: _AtLeastPart | str) -> Requirement:
    if isinstance(part, str):
        return CheckRef(part)
    return AtLeast(part.at_least, tuple(_requirement(inner) for inner in part.parts))


def encode_probe_key(key: ProbeKey) -> str:
    """What identifies a verdict."""
    return encode_json((encode_endpoint(key.endpoint), key.check))


def decode_probe_key(text: str) -> ProbeKey:
    """The key that `encode_probe_key` wrote."""
    endpoint, check = _parse(text, _PROBE_KEY)
    return ProbeKey(decode_endpoint(endpoint), check)


def encode_health_key(key: HealthKey) -> str:
    """What identifies a health."""
    return encode_json((encode_endpoint(key.endpoint), _requirement_part(key.requirement)))


def decode_health_key(text: str) -> HealthKey:
    """The key that `encode_health_key` wrote."""
    endpoint, part = _parse(text, _HEALTH_KEY)
    return HealthKey(decode_endpoint(endpoint), None if part is None else _requirement(part))


def encode_record_key(key: RecordKey) -> str:
    """What identifies a decision and its memory."""
    name, family = key
    return encode_json((str(name), family))


def decode_record_key(text: str) -> RecordKey:
    """The key that `encode_record_key` wrote."""
    name, family = _parse(text, _RECORD_KEY)
    return _name(name), family


@lru_cache(maxsize=SEEN_MAX)
def _name(text: str) -> Name:
    """A record's name, which a start reads some six times."""
    return _rebuild(lambda: Name.parse(text))


def forget_seen() -> None:
    """Give back the memory of what was read more than once."""
    decode_endpoint.cache_clear()
    _name.cache_clear()


def encode_verdict(verdict: Verdict) -> str:
    """A whole verdict."""
    return encode_json(
        _VerdictDocument(
            verdict.state, verdict.since, verdict.refreshed_at, verdict.count, verdict.reason, verdict.text
        )
    )


def decode_verdict(text: str | bytes) -> Verdict:
    """The verdict that `encode_verdict` wrote."""
    seen = _parse(text, _VERDICT)
    return Verdict(seen.state, seen.since, seen.refreshed_at, seen.count, seen.reason, seen.text)


def encode_health(health: Health) -> str:
    """What the next fold needs of a health; flags, ballot and words are made anew by it."""
    return encode_json(_HealthDocument(health.state, health.since, health.first_seen, health.falls))


def decode_health(text: str | bytes) -> Health:
    """The health that `encode_health` wrote, without flags, ballot and words."""
    seen = _parse(text, _HEALTH)
    return Health(seen.state, seen.since, seen.first_seen, seen.falls)


def encode_memory(memory: RecordMemory) -> str:
    """A whole record memory."""
    waiting = tuple(sorted(encode_endpoint(endpoint) for endpoint in memory.waiting))
    return encode_json(_MemoryDocument(memory.tier, waiting, tuple(map(encode_endpoint, memory.last_healthy))))


def decode_memory(text: str | bytes) -> RecordMemory:
    """The record memory that `encode_memory` wrote."""
    seen = _parse(text, _MEMORY)
    return RecordMemory(
        seen.tier, frozenset(map(decode_endpoint, seen.waiting)), tuple(map(decode_endpoint, seen.last_healthy))
    )


def encode_decision(decision: Decision) -> str:
    """A whole decision with the steps that led to it."""
    return encode_json(
        _DecisionDocument(
            record=str(decision.record),
            family=decision.family,
            mode=decision.mode,
            tier=decision.tier,
            selector=decision.selector,
            variants=tuple(
                _VariantPart(tuple(map(encode_endpoint, variant.endpoints)), variant.weight)
                for variant in decision.variants
            ),
            ttl_s=decision.ttl_s,
            due=decision.due,
            decided_at=decision.decided_at,
            steps=tuple(_StepPart(step.rule, step.subject, step.text) for step in decision.steps),
        )
    )


def decode_decision(text: str | bytes) -> Decision:
    """The decision that `encode_decision` wrote."""
    seen = _parse(text, _DECISION)
    return Decision(
        record=_name(seen.record),
        family=seen.family,
        mode=seen.mode,
        tier=seen.tier,
        selector=seen.selector,
        variants=tuple(Variant(tuple(map(decode_endpoint, part.endpoints)), part.weight) for part in seen.variants),
        ttl_s=seen.ttl_s,
        due=seen.due,
        decided_at=seen.decided_at,
        steps=tuple(Step(step.rule, step.subject, step.text) for step in seen.steps),
    )


def decode_override(entry: LogEntry) -> Override:
    """The override that an entry decrees. Raises UnreadableError."""
    try:
        body = msgspec.convert(entry.body, _OverrideBody)
    except msgspec.MsgspecError as error:
        raise UnreadableError(f"not understood: {error}") from None
    subject = Subject(body.subject.kind, body.subject.name, body.subject.record)
    return Override(
        id=entry.generation,
        kind=body.override,
        subject=subject,
        reason=entry.reason,
        author=entry.author,
        created_at=entry.at,
        expires_at=body.expires_at,
    )
