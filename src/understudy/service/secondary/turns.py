"""Whose turn it is to be asked for: so many zones of the same primaries at a time, and so many in all.

So a primary that takes connections and then stalls keeps its own zones waiting, and no others.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable
from typing import TypeAlias

from understudy.model.frozen import frozen
from understudy.model.name import Name
from understudy.model.transfer import Primary
from understudy.service.secondary.fetched import FetchedZone

OF_ONE = 20  # chosen: primaries are asked for so many zones at a time, and see no more connections from here
IN_ALL = 100  # chosen: four that stall leave the others their turns; a zone takes a few descriptors

Primaries: TypeAlias = tuple[Primary, ...]


@frozen
class Turn:
    """A zone that is asked for, of those that were its primaries when that began."""

    care: FetchedZone
    primaries: Primaries


class Turns:
    """Zones that wait, those of the same primaries in order, and how many are under way."""

    def __init__(self) -> None:
        self._waiting: dict[Primaries, OrderedDict[Name, FetchedZone]] = {}
        self._busy: Counter[Primaries] = Counter()

    @property
    def are_awaited(self) -> bool:
        """Whether zones wait, if only for others of the same primaries."""
        return bool(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether no other zone may be asked for, whoever its primaries are."""
        return self._busy.total() >= IN_ALL

    def clear(self) -> list[FetchedZone]:
        """Nobody waits any more; who did."""
        waiting = [care for cares in self._waiting.values() for care in cares.values()]
        self._waiting.clear()
        return waiting

    def put(self, cares: Iterable[FetchedZone]) -> None:
        """These wait too, behind those that do."""
        for care in cares:
            self._waiting.setdefault(care.definition.primaries, OrderedDict())[care.definition.name] = care

    def take(self) -> Turn | None:
        """The next one, under way until `end`; None: no other may be. Costs by how many stall."""
        if self.is_full:
            return None
        primaries = next((each for each in self._waiting if self._busy[each] < OF_ONE), None)
        if primaries is None:
            return None
        _, care = self._waiting[primaries].popitem(last=False)
        if not self._waiting[primaries]:
            del self._waiting[primaries]
        self._busy[primaries] += 1
        return Turn(care, primaries)

    def end(self, turn: Turn) -> None:
        """It is under way no more."""
        self._busy[turn.primaries] -= 1
        if not self._busy[turn.primaries]:
            del self._busy[turn.primaries]
