"""Where a name leads in one zone: step 3 of the algorithm of RFC 1034 4.3.2, as RFC 4592 and RFC 6672 have it now.

```text
label by label from the zone's own name down:
    a zone cut                    -> CUT         b: a match would leave authoritative data
    no such name, DNAME above     -> REDIRECTED  c: RFC 6672 3.2
    no such name, "*" above       -> NODE        c: the source of synthesis, RFC 4592 3.3.1
    no such name                  -> NOTHING     c: the name does not exist
    all labels                    -> NODE        a: the node, or an empty non-terminal
```
"""

from __future__ import annotations

from enum import Enum, auto

from dns.name import Name
from dns.rdatatype import RdataType

from understudy.model.frozen import frozen
from understudy.testing.reference.plain_zone import PlainZone

WILDCARD = Name((b"*",))


class Outcome(Enum):
    """How the walk ended."""

    NODE = auto()
    CUT = auto()
    REDIRECTED = auto()
    NOTHING = auto()


@frozen
class Place:
    """How the walk ended, and at which name of the zone.

    That is the node, its wildcard, the cut, the DNAME, or the closest encloser of a name that does not exist.
    """

    outcome: Outcome
    owner: Name


def match(zone: PlainZone, name: Name) -> Place:
    """Walk from the zone's own name down to `name`, which is in or below it."""
    encloser = zone.origin
    for depth in range(len(zone.origin) + 1, len(name) + 1):
        candidate = name.split(depth)[1]
        if not zone.has(candidate):
            return _stop(zone, encloser)
        if RdataType.NS in zone.node(candidate):
            return Place(Outcome.CUT, candidate)
        encloser = candidate
    return Place(Outcome.NODE, encloser)


def _stop(zone: PlainZone, encloser: Name) -> Place:
    """The next label is not there; `encloser` is the last name that is."""
    if RdataType.DNAME in zone.node(encloser):
        return Place(Outcome.REDIRECTED, encloser)
    source = WILDCARD + encloser
    if zone.has(source):
        return Place(Outcome.NODE, source)
    return Place(Outcome.NOTHING, encloser)
