"""Checks as written: a shorthand, a mapping with the kind as a key, a composition, or the name of a check."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from understudy.checks.files import NeededFile
from understudy.checks.registry import KINDS, CheckSyntaxError, known_keys, parse, parse_text
from understudy.config.fields import is_object_name
from understudy.config.findings import Findings, nearest, shown
from understudy.config.forms import read_form
from understudy.config.paths import from_folder
from understudy.config.schedule_form import SCHEDULE_KEYS, ScheduleForm, build_quorum, build_schedule, judge_schedule
from understudy.config.source import KeyPath, Plain
from understudy.model.check import CheckSettings, Quorum, Schedule
from understudy.model.frozen import frozen

if TYPE_CHECKING:
    from understudy.checks.settings import Settings

COMPOSITIONS = ("all_of", "any_of", "at_least")


@frozen
class WrittenReference:
    """The name of a check that stands in the section `checks`."""

    name: str
    path: KeyPath


@frozen
class WrittenLeaf:
    """One check of one kind."""

    kind: str
    settings: CheckSettings
    schedule: Schedule
    monitors: tuple[str, ...]
    quorum: Quorum
    path: KeyPath


@frozen
class WrittenComposition:
    """`count` None: all of the parts."""

    count: int | None
    parts: tuple[WrittenCheck, ...]
    path: KeyPath


WrittenCheck: TypeAlias = WrittenReference | WrittenLeaf | WrittenComposition


class CheckReader:
    """Reads checks wherever they stand; `names` are those of the section `checks`, the faulty ones included."""

    def __init__(self, names: Collection[str], findings: Findings) -> None:
        self._names = names
        self.findings = findings

    def read(self, value: Plain, path: KeyPath) -> WrittenCheck | None:
        """What is written at `path`, or None after its problems went to the findings."""
        if isinstance(value, str):
            return self._text(value, path)
        if not isinstance(value, dict):
            message = f"{shown(value)} is no check"
            self.findings.error(
                path, "check.bad", message, hint="write a name, a shorthand such as tcp:443, or a mapping"
            )
            return None
        composition = [key for key in COMPOSITIONS if key in value]
        if composition:
            return self._composition(value, composition, path)
        return self._mapping(value, path)

    def read_parts(self, values: Sequence[Plain], path: KeyPath) -> tuple[WrittenCheck, ...]:
        """Those of the checks of a list that can be read."""
        read = (self.read(value, (*path, index)) for index, value in enumerate(values))
        return tuple(part for part in read if part is not None)

    def _text(self, text: str, path: KeyPath) -> WrittenCheck | None:
        if text in self._names:
            return WrittenReference(text, path)
        if is_object_name(text) and text not in KINDS:
            message = f"there is no check {shown(text)}"
            hint = nearest(text, self._names) or "add it to checks, or write a shorthand such as tcp:443"
            self.findings.error(path, "reference.unknown", message, hint=hint)
            return None
        try:
            kind, settings = parse_text(text)
        except CheckSyntaxError as error:
            self._report(error, path, text)
            return None
        return self._leaf((kind, settings), ScheduleForm(), path)

    def _mapping(self, value: Mapping[str, Plain], path: KeyPath) -> WrittenLeaf | None:
        schedule_keys: dict[str, Plain] = {key: item for key, item in value.items() if key in SCHEDULE_KEYS}
        schedule = read_form(ScheduleForm, schedule_keys, path, findings=self.findings)
        kinds = _possible_kinds(value)
        if len(kinds) != 1:
            self._report_kind(value, path)
            return None
        kind = kinds[0]
        siblings = {key: item for key, item in value.items() if key != kind and key not in SCHEDULE_KEYS}
        try:
            settings = parse(kind, value[kind], siblings)
        except CheckSyntaxError as error:
            self._report(error, path, dict(value))
            return None
        return None if schedule is None else self._leaf((kind, settings), schedule, path, beside=siblings)

    def _leaf(
        self, what: tuple[str, Settings], schedule: ScheduleForm, path: KeyPath, *, beside: Collection[str] = ()
    ) -> WrittenLeaf:
        kind, settings = what
        judge_schedule(schedule, kind, path, findings=self.findings)
        quorum = build_quorum(schedule)
        settings = from_folder(settings, self.findings.folder)
        for needed in settings.needed_files():
            where = (*path, needed.key) if needed.key in beside else (*path, kind, needed.key)
            self._judge_file(needed, where)
        return WrittenLeaf(kind, settings, build_schedule(schedule), tuple(schedule.monitors), quorum, path)

    def _judge_file(self, needed: NeededFile, where: KeyPath) -> None:
        """A file may come later, so a missing one refuses nothing."""
        reason = needed.find_fault()
        if reason:
            message = f"{needed.path} {reason}, and without it no probe says anything"
            hint = "make it executable" if reason == "is not executable" else "put it there, or correct the path"
            self.findings.warn(where, "check.file", message, hint=hint)

    def _composition(self, value: Mapping[str, Plain], kinds: list[str], path: KeyPath) -> WrittenComposition | None:
        kind = kinds[0]
        list_key = "of" if kind == "at_least" else kind
        for key in value:
            if key not in {kind, list_key}:
                self._report_extra(key, kind, path)
        parts = value.get(list_key)
        if not isinstance(parts, list) or not parts:
            hint = f"write {{{'at_least: 2, of' if kind == 'at_least' else kind}: [CHECK, CHECK]}}"
            self.findings.error((*path, list_key), "check.composition", f"{kind} needs a list of checks", hint=hint)
            return None
        read = self.read_parts(parts, (*path, list_key))
        count = self._count(value, kind, (len(parts), path))
        return None if len(read) < len(parts) or count == 0 else WrittenComposition(count, read, path)

    def _count(self, value: Mapping[str, Plain], kind: str, of: tuple[int, KeyPath]) -> int | None:
        """How many parts must pass: None for all, 0 after a problem."""
        most, path = of
        if kind != "at_least":
            return 1 if kind == "any_of" else None
        count = value["at_least"]
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= most:
            message = f"{shown(count)} of {most} cannot be required"
            hint = f"a whole number from 1 to {most}"
            self.findings.error((*path, "at_least"), "check.composition", message, hint=hint)
            return 0
        return count

    def _report_extra(self, key: str, kind: str, path: KeyPath) -> None:
        where = (*path, key)
        if key in SCHEDULE_KEYS or key in KINDS:
            message = f"'{key}' does not belong to a composition"
            self.findings.key_error(where, "check.composition", message, hint=f"write it in the parts of {kind}")
        elif key in COMPOSITIONS:
            message = f"a check is either {kind} or {key}"
            self.findings.key_error(where, "check.composition", message, hint="make one a part of the other")
        else:
            hint = nearest(key, COMPOSITIONS)
            self.findings.key_error(where, "key.unknown", f"the key {shown(key)} is not known here", hint=hint)

    def _report_kind(self, value: Mapping[str, Plain], path: KeyPath) -> None:
        kinds = [key for key in value if key in KINDS]
        if kinds:
            message = f"a check is of one kind, not {' and '.join(kinds)}"
            hint = "write one check for each and combine them with all_of"
            self.findings.key_error((*path, kinds[1]), "check.kind", message, hint=hint)
            return
        others = [key for key in value if key not in SCHEDULE_KEYS]
        if len(others) == 1:
            message = f"{shown(others[0])} is no kind of check"
            hint = nearest(others[0], {*KINDS, *COMPOSITIONS})
            self.findings.key_error((*path, others[0]), "check.kind", message, hint=hint)
        else:
            hint = f"one key of {', '.join([*KINDS, *COMPOSITIONS])}"
            self.findings.error(path, "check.kind", "nothing says what kind of check this is", hint=hint)

    def _report(self, error: CheckSyntaxError, path: KeyPath, value: Plain) -> None:
        for fault in error.faults:
            add = self.findings.key_error if fault.code == "key.unknown" else self.findings.error
            hint = fault.hint
            if fault.code == "key.unknown" and len(fault.path) == 1:
                hint = nearest(str(fault.path[0]), _keys_beside(value))
            elif isinstance(value, dict) and fault.path[:1] and fault.path[0] not in _possible_kinds(value):
                hint = _hint_of_two(str(fault.path[0]), hint)
            add((*path, *fault.path), fault.code, fault.message, hint=hint)


def _possible_kinds(value: Mapping[str, Plain]) -> list[str]:
    """The kinds that a mapping may be of: those beside which every other kind's name is a setting of theirs.

    `{grpc: 70, tls: true}` is a grpc check, because grpc has a setting tls and tls has none of the name grpc.
    """
    named = [key for key in value if key in KINDS]
    return [kind for kind in named if {*named} - {kind} <= {*known_keys(kind)}]


def _hint_of_two(key: str, hint: str) -> str:
    """A hint for a wrong setting that was perhaps meant as a check of its own."""
    return f"{hint}; to check {key} as well, combine two checks with all_of" if key in KINDS else hint


def _keys_beside(value: Plain) -> set[str]:
    """What may stand beside the kind in a mapping: a schedule, and the kind's settings."""
    kinds = [key for key in value if key in KINDS] if isinstance(value, dict) else []
    return {*SCHEDULE_KEYS, *(key for kind in kinds for key in known_keys(kind))}
