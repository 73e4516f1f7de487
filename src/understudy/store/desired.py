"""Desired state: the fold of the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace

from understudy.model.errors import InvariantError
from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.log import EntryKind, LogEntry
from understudy.model.name import Name
from understudy.model.override import Override
from understudy.model.promotion import Promotion
from understudy.store.encoding import decode_override

KEEP_EXPIRED_S = 86400.0
"""Chosen: an expired override is forgotten a day late, so a clock that is corrected backwards loses none."""


@frozen
class LoadedConfiguration:
    """The configuration that is in force: the file's text, its digest, and the entry that brought it."""

    text: str
    digest: str
    generation: int
    loaded_at: Instant


@frozen
class Desired:
    """What the log says up to and with `generation` (0: an empty log).

    `overrides` has every override that nobody released, by id, expired ones for another day. `promotions` has the zones
    from other servers that are primaries here. `unreadable` counts the entries whose body this version does not
    understand: they change nothing.
    """

    generation: int = 0
    configuration: LoadedConfiguration | None = None
    overrides: Mapping[int, Override] = field(default_factory=dict)
    unreadable: int = 0
    promotions: Mapping[Name, Promotion] = field(default_factory=dict)

    def active_overrides(self, now: Instant) -> tuple[Override, ...]:
        """The overrides that hold at `now`, oldest first."""
        return tuple(override for _, override in sorted(self.overrides.items()) if override.is_active(now))


def fold(entries: Iterable[LogEntry], snapshot: Desired | None = None) -> Desired:
    """The state after `entries`, which follow `snapshot` without a gap."""
    desired = snapshot or Desired()
    for entry in entries:
        desired = apply(desired, entry)
    return desired


def apply(desired: Desired, entry: LogEntry) -> Desired:
    """The state after one more entry. Raises InvariantError unless it is the next one (semantics 5.6)."""
    if entry.generation != desired.generation + 1:
        raise InvariantError(f"generation {entry.generation} cannot follow {desired.generation}", code="store.gap")
    following = replace(desired, generation=entry.generation, overrides=_unexpired(desired.overrides, entry.at))
    try:
        return _APPLY[entry.kind](following, entry)
    except (KeyError, TypeError, ValueError):
        return replace(following, unreadable=following.unreadable + 1)


def skip(desired: Desired, generation: int) -> Desired:
    """The state after entries up to `generation` that cannot be read: they change nothing, and are counted."""
    lost = generation - desired.generation
    return replace(desired, generation=generation, unreadable=desired.unreadable + lost)


def _unexpired(overrides: Mapping[int, Override], now: Instant) -> Mapping[int, Override]:
    return {key: value for key, value in overrides.items() if value.is_active(now - KEEP_EXPIRED_S)}


def _configure(desired: Desired, entry: LogEntry) -> Desired:
    text, digest = entry.body["text"], entry.body["digest"]
    if not isinstance(text, str) or not isinstance(digest, str):
        raise TypeError("text and digest of a configuration are strings")
    loaded = LoadedConfiguration(text, digest, entry.generation, entry.at)
    return replace(desired, configuration=loaded)


def _override(desired: Desired, entry: LogEntry) -> Desired:
    override = decode_override(entry)
    return replace(desired, overrides={**desired.overrides, override.id: override})


def _release(desired: Desired, entry: LogEntry) -> Desired:
    ended = entry.body.get("overrides", ())
    if not isinstance(ended, list | tuple):
        raise TypeError("the overrides that end are a list of their ids")
    return replace(desired, overrides={key: value for key, value in desired.overrides.items() if key not in ended})


def _promote(desired: Desired, entry: LogEntry) -> Desired:
    origin = _zone_of(entry)
    promotion = Promotion(origin, entry.author, entry.reason, entry.at)
    return replace(desired, promotions={**desired.promotions, origin: promotion})


def _demote(desired: Desired, entry: LogEntry) -> Desired:
    origin = _zone_of(entry)
    return replace(desired, promotions={key: value for key, value in desired.promotions.items() if key != origin})


def _zone_of(entry: LogEntry) -> Name:
    zone = entry.body["zone"]
    if not isinstance(zone, str):
        raise TypeError("a zone is named by its text")
    return Name.parse(zone)


_APPLY = {
    EntryKind.CONFIGURATION: _configure,
    EntryKind.OVERRIDE: _override,
    EntryKind.RELEASE: _release,
    EntryKind.PROMOTION: _promote,
    EntryKind.DEMOTION: _demote,
}
