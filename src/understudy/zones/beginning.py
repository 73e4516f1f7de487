"""With which serial the first version of a run goes out (ADR 0021, ADR 0024)."""

from __future__ import annotations

from understudy.model.frozen import frozen
from understudy.zones.serial import is_later


@frozen
class Beginning:
    """What is known when the first version of a run is made.

    `own`: the serial that the content came with. `last`: the last one that is known to have been handed on; None: none.
    `is_doubtful`: later ones may have been, which nobody remembers. `is_passed_on`: the content is another server's as
    it came. `is_awaited`: it is an earlier run's copy of that, and no primary has been heard yet.
    """

    own: int
    last: int | None = None
    is_doubtful: bool = False
    is_passed_on: bool = False
    is_awaited: bool = False

    @property
    def may_go_on(self) -> bool:
        """Whether the last serial still stands for this content, if it is the same content.

        What was passed on under its own serial means the same wherever it went.
        """
        if self.last is None or is_later(self.own, self.last):
            return False
        return not self.is_doubtful or (self.is_passed_on and self.own == self.last)

    @property
    def keeps_own(self) -> bool:
        """Whether the serial that the content came with is the one to hand on."""
        return self.is_passed_on and (self.last is None or is_later(self.own, self.last))

    @property
    def must_wait(self) -> bool:
        """Whether something newer than this copy may have been handed on, which only a primary can tell."""
        return self.is_awaited and self.last is not None and not self.keeps_own
