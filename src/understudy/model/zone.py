"""A zone as the configuration names it, and a steered RRset as it is published."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from pathlib import Path

from understudy.model.decision import Selector
from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.transfer import Primary, TransferOut
from understudy.model.watch import WatchSettings


class ZoneSource(StrEnum):
    """Where a zone's content comes from; each zone has one."""

    FILE = "file"
    TRANSFER = "transfer"
    CATALOG = "catalog"


class DigestRule(StrEnum):
    """What the message digest of a version (ZONEMD, RFC 8976) has to be before the version is used."""

    IGNORE = "ignore"
    VERIFY = "verify"
    """Right, where there is one that can be compared."""
    REQUIRE = "require"
    """There, and right."""


@frozen
class MemberTemplate:
    """What the zones of a catalog have in common, as far as their group has nothing of its own.

    As in a zone's definition: where they are fetched from, what their digests have to be, how they are handed on, and
    how their name servers are watched. `groups` are in the order of the configuration.
    """

    primaries: tuple[Primary, ...]
    zonemd: DigestRule = DigestRule.IGNORE
    transfer: TransferOut | None = None
    watch: WatchSettings | None = None
    groups: tuple[tuple[str, MemberTemplate], ...] = ()

    def of(self, groups: Collection[str]) -> MemberTemplate:
        """What goes for a zone of these groups: the first that is known here decides (RFC 9432 4.3.2)."""
        return next((template for group, template in self.groups if group in groups), self)


@frozen
class ZoneDefinition:
    """`file` is the master file of source FILE; absolute.

    `transfer` None: the zone is handed on to nobody, and no versions of it are kept. A TRANSFER zone comes from its
    `primaries`, at least one, and `file` is where its copy is kept. `watch` None: its name servers are not watched. A
    CATALOG lists zones of the configuration (RFC 9432), which is its `file`. With `members` a TRANSFER zone is a
    catalog whose zones are fetched as well.
    """

    name: Name
    source: ZoneSource
    file: Path
    transfer: TransferOut | None = None
    primaries: tuple[Primary, ...] = ()
    watch: WatchSettings | None = None
    zonemd: DigestRule = DigestRule.IGNORE
    members: MemberTemplate | None = None

    @property
    def is_catalog(self) -> bool:
        """Whether it lists zones."""
        return self.source is ZoneSource.CATALOG or self.members is not None


class AnswerKind(StrEnum):
    """What a steered RRset answers."""

    ANSWER = "answer"
    NODATA = "nodata"
    SERVFAIL = "servfail"
    REMOVE = "remove"


@frozen
class SteeredSet:
    """One steered RRset, ready for the engine. `variants` are (weight, rdata octets of each record)."""

    owner: Name
    rtype: int
    kind: AnswerKind
    ttl_s: int
    due: Instant | None
    selector: Selector
    variants: tuple[tuple[int, tuple[bytes, ...]], ...]
