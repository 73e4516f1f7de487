"""The kinds of difference between our responses and the others' that are right, each with the text that allows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from understudy.model.frozen import frozen
from understudy.testing.side_by_side.comparison import Finding, Part

SECTIONS: frozenset[Part] = frozenset({"rcode", "answer", "authority", "additional"})
FLAGS: frozenset[Part] = frozenset({"flags"})
EDNS: frozenset[Part] = frozenset({"edns"})
ADDITIONAL: frozenset[Part] = frozenset({"additional"})
REPLY: frozenset[Part] = frozenset({"reply"})
RESPONSE: frozenset[Part] = SECTIONS | FLAGS | EDNS | {"question", "signature"}


@frozen
class Difference:
    """One kind: what we do and what `peers` do instead, in which parts of a response, and why ours is right.

    `when` is asked only about findings in these parts; where `parts` has no "reply", both responses are there.
    """

    asked: str
    ours: str
    theirs: str
    peers: tuple[str, ...]
    because: str
    parts: frozenset[Part]
    when: Callable[[Finding], bool]

    def covers(self, finding: Finding) -> bool:
        """Whether it is of this kind."""
        return finding.peer in self.peers and finding.part in self.parts and self.when(finding)


def explain(
    findings: Iterable[Finding], table: Iterable[Difference]
) -> tuple[list[Finding], set[tuple[Difference, str]]]:
    """(what no entry of the table covers, each entry and peer that something was covered by)."""
    unlisted, seen = [], set()
    for finding in findings:
        covering = {(each, finding.peer) for each in table if each.covers(finding)}
        seen |= covering
        if not covering:
            unlisted.append(finding)
    return unlisted, seen
