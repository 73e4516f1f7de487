"""The tree of errors: an exception's type says who acts."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from understudy.model.frozen import frozen
from understudy.model.plural import plural


class ProblemSeverity(StrEnum):
    """Errors refuse a file, warnings do not."""

    ERROR = "error"
    WARNING = "warning"


@frozen
class Problem:
    """One fault in a file that an operator edits. `line` and `column` count from 1; 1:1 is the file as a whole too.

    `is_passing`: nothing is wrong with the file, this host cannot read it now.
    """

    file: str
    line: int
    column: int
    code: str
    message: str
    hint: str = ""
    severity: ProblemSeverity = ProblemSeverity.ERROR
    is_passing: bool = False

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        weight = "" if self.severity is ProblemSeverity.ERROR else f"{self.severity}: "
        return f"{self.file}:{self.line}:{self.column}: {weight}{self.code}: {self.message}{hint}"


class UnderstudyError(Exception):
    """Anything that the program itself raises. `code` is stable and dotted; `hint` says what to do, or is empty."""

    code = "understudy"

    def __init__(self, message: str, *, hint: str = "", code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" + (f" ({self.hint})" if self.hint else "")


class ConfigError(UnderstudyError):
    """An operator edits a file: `problems` has every fault, never none, in file order, with warnings among them."""

    code = "config"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        faults = [problem for problem in self.problems if problem.severity is ProblemSeverity.ERROR] or self.problems
        super().__init__(f"{plural(len(faults), 'problem')}: {faults[0]}")


class StoreError(UnderstudyError):
    """This host's disk or state folder: full, read-only, locked, damaged."""

    code = "store"


class EngineError(UnderstudyError):
    """This host's sockets or threads: an address in use, a privilege missing."""

    code = "engine"


class TransferError(UnderstudyError):
    """The other server: it cannot be reached, says no, or sends what is no version of the zone.

    Two are the same trouble if they have the same code and are about the same `subject`, a primary, whatever numbers
    are in their words.
    """

    code = "transfer"

    def __init__(self, message: str, *, code: str | None = None, subject: object = "") -> None:
        super().__init__(message, code=code)
        self.subject = str(subject)


class OtherFileError(UnderstudyError):
    """An operator names another configuration than the one that the running server reads."""

    code = "config.other-file"


class OverrideRefusedError(UnderstudyError):
    """A guard stands in the way of what an operator asks (semantics 5.7), or it names nothing that exists."""

    code = "override.refused"


class ZoneOrderRefusedError(UnderstudyError):
    """What an operator asks of a zone makes no sense as things stand, or would lose something. Each has a code."""


class NotFoundError(UnderstudyError):
    """Something was named that does not exist here."""

    code = "not-found"


class UnreachableError(UnderstudyError):
    """The running server cannot be spoken to."""

    code = "api.unreachable"


class InvariantError(UnderstudyError):
    """A fault of ours."""

    code = "invariant"
