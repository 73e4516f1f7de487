"""What is lost when one version of a zone takes the place of another, for an operator who has to choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeAlias

from understudy.model.frozen import frozen

_SOA = 6  # RFC 1035 3.2.2
NAMED_MAX = 5  # chosen: enough to see what it is about
COMPARED_MAX = 100_000  # chosen: a second, and the memory of as many names; beyond that the numbers have to do

RRset: TypeAlias = tuple[str, int, int, list[bytes]]
"""(owner, type, ttl, rdata as octets)."""


class Version(Protocol):
    """A version of a zone, as far as it is compared."""

    @property
    def record_count(self) -> int:
        """How many records it has."""
        ...

    def rrsets(self) -> list[RRset]:
        """All that it has."""
        ...


@frozen
class Loss:
    """RRsets that only ours has, or that theirs has otherwise, and how many only theirs has."""

    gone: tuple[str, ...]
    changed: tuple[str, ...]
    come: int

    def __str__(self) -> str:
        parts = [_told("would go", self.gone), _told("would be others", self.changed)]
        parts.append(f"{self.come} would come" if self.come else "")
        return ", ".join(filter(None, parts)) or "the records are the same"


def _told(what: str, names: tuple[str, ...]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - NAMED_MAX} more" if len(names) > NAMED_MAX else ""
    return f"{len(names)} {what} ({', '.join(names[:NAMED_MAX])}{more})"


def compare(ours: Version, theirs: Version) -> str:
    """In one line what of ours their version has not. The SOA, which always differs, does not count."""
    if max(ours.record_count, theirs.record_count) > COMPARED_MAX:
        return f"{ours.record_count:,} records here, {theirs.record_count:,} there; too many to compare one by one"
    return str(find_loss(_by_key(ours), _by_key(theirs)))


def is_same(ours: Version, theirs: Version) -> bool:
    """Whether they have the same records, but for the SOA. Costs by the zone."""
    return ours.record_count == theirs.record_count and _by_key(ours) == _by_key(theirs)


def find_loss(ours: Mapping[str, object], theirs: Mapping[str, object]) -> Loss:
    """By what each RRset is called: `www.example.com. A`."""
    gone = tuple(key for key in ours if key not in theirs)
    changed = tuple(key for key in ours if key in theirs and ours[key] != theirs[key])
    return Loss(gone, changed, sum(key not in ours for key in theirs))


def _by_key(version: Version) -> dict[str, object]:
    import dns.rdatatype  # as late as versions are compared

    return {
        f"{owner} {dns.rdatatype.to_text(dns.rdatatype.RdataType.make(rtype))}": (ttl, sorted(rdatas))
        for owner, rtype, ttl, rdatas in version.rrsets()
        if rtype != _SOA
    }
