"""Files of the state folder that are not what was written: used by nobody, and kept for whoever wants to look."""

from __future__ import annotations

from pathlib import Path

from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.store.database import set_aside_file

WORD = "damaged"
"""What is set aside has it in its name."""
ALARM = "damaged/"
"""What an alarm of it begins with. It stands until the next start: what replaces the file does not mend the disk."""


@frozen
class Damage:
    """What is wrong with a file, and what it is called now; None: it could not be moved."""

    file: Path
    why: str
    kept_as: Path | None

    def explain(self, what: str, consequence: str) -> str:
        """For people: what was damaged, and what comes of it."""
        where = f"it is set aside as {self.kept_as}" if self.kept_as is not None else "it cannot be set aside"
        return f"{what} cannot be used, {consequence}: {self.why}; {where}, and what the disk is worth is in doubt"


def set_aside(file: Path, why: str, now: Instant) -> Damage:
    """Have nobody read it again. Blocks."""
    try:
        return Damage(file, why, set_aside_file(file, now, WORD))
    except OSError:
        return Damage(file, why, None)


def is_set_aside(file: Path) -> bool:
    """Whether it is what `set_aside` left."""
    return f".{WORD}-" in file.name
