"""What an override cannot do yet because a freeze comes before it (semantics 5.4)."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.health.overrides import find_freeze
from understudy.health.words import civil, count_of
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.override import Override, OverrideKind
from understudy.service.name_server import NameServer
from understudy.service.reports.subjects import pools_of_subject

NAMED_MAX = 3  # chosen: what fits into a line; the rest is a number


def find_postponement(server: NameServer, override: Override, now: Instant) -> str:
    """Where and until when it has no effect, in words; empty where it takes effect at once."""
    if override.kind is OverrideKind.FREEZE:
        return ""
    freezes = dict(_find_freezes(server, override, now))
    if not freezes:
        return ""
    names = [str(name) for name in freezes]
    rest = f" and {count_of(len(names) - NAMED_MAX, 'other record')}" if len(names) > NAMED_MAX else ""
    where = ", ".join(names[:NAMED_MAX]) + rest
    ends = [freeze.expires_at for freeze in freezes.values()]
    known = [end for end in ends if end is not None]
    when = f"at {civil(max(known))} at the latest" if len(known) == len(ends) else "when it is released"
    return f"frozen: takes effect in {where} when the freeze ends, {when}"


def _find_freezes(server: NameServer, override: Override, now: Instant) -> Iterator[tuple[Name, Override]]:
    """The records that it speaks of and that are frozen."""
    subject, index = override.subject, server.pipeline.index
    pools = sorted(pools_of_subject(server.pipeline.configuration, subject))
    for name in dict.fromkeys(name for pool in pools for name in index.records_by_pool.get(pool, ())):
        freeze = find_freeze(server.pipeline.overrides, name, now)
        if freeze is not None and subject.record in {"", str(name)}:
            yield name, freeze
