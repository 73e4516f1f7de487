"""Checks that name checks: resolved to requirements over single checks, with the cycles and the dead ends found."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import islice

from understudy.checks.registry import CheckSyntaxError, parse_text
from understudy.config.check_forms import WrittenCheck, WrittenLeaf, WrittenReference
from understudy.config.findings import Findings
from understudy.config.source import KeyPath
from understudy.model.check import AtLeast, Check, CheckRef, Quorum, QuorumRule, Requirement, Schedule, leaves
from understudy.model.duration import format_duration

LEAVES_MAX = 100  # chosen: more than anybody can follow in an explanation
CHAIN_MAX = 20  # chosen: likewise
_DIGEST_CHARACTERS = 6  # chosen: only equal summaries with other settings must differ
_WHOLE_DIGEST_CHARACTERS = 24  # chosen: 96 bits, where equality is no chance any more


class CheckTable:
    """Every single check under its name; equal definitions share one, and so one probe for each endpoint.

    Checks of the section `checks` come first and keep their names. One that is written elsewhere takes the name of its
    equal there, or else is named by what it does: the name of a check is part of what a restart remembers, so it must
    not depend on what else the file has.
    """

    def __init__(self, written: Mapping[str, WrittenCheck], findings: Findings) -> None:
        self.checks: dict[str, Check] = {}
        self.paths: dict[str, KeyPath] = {}
        self.used: set[str] = set()
        self._written = written
        self._findings = findings
        self._names: dict[Check, str] = {}
        self._resolving: list[str] = []
        self._resolved: dict[str, Requirement | None] = {}
        for name, check in written.items():
            if isinstance(check, WrittenLeaf):
                self._enter_named(name, check)

    def requirement(self, written: WrittenCheck) -> Requirement | None:
        """What `written` requires, and the checks in it as used; None after a problem in it or in what it names."""
        if isinstance(written, WrittenReference):
            return self._follow(written)
        if isinstance(written, WrittenLeaf):
            return CheckRef(self._enter_unnamed(written))
        return self.combine(written.count, [self.requirement(part) for part in written.parts], written.path)

    def combine(self, count: int | None, parts: Sequence[Requirement | None], path: KeyPath) -> Requirement | None:
        """`count` (None: all) of the parts; None where one of them is, or where they are too many together."""
        known = tuple(part for part in parts if part is not None)
        if len(known) < len(parts):
            return None
        if len(set(known)) < len(known):
            self._findings.warn(path, "check.repeated", "a check stands here twice", hint="once is enough")
        combined = known[0] if len(known) == 1 else AtLeast(count or len(known), known)
        if next(islice(leaves(combined), LEAVES_MAX, None), None) is not None:
            message = f"more than {LEAVES_MAX} checks together decide about one endpoint"
            self._findings.error(path, "check.too-large", message, hint="combine fewer")
            return None
        return combined

    def resolve_all(self) -> None:
        """Follow what nothing uses of the section `checks` too: its faults are faults as well."""
        used = set(self.used)
        for name, written in self._written.items():
            if not isinstance(written, WrittenLeaf) and name not in used:
                self._resolve(name, written)
        self.used = used

    def _follow(self, reference: WrittenReference) -> Requirement | None:
        written = self._written.get(reference.name)
        if written is None:  # its own problems are reported where it stands
            return None
        self.used.add(reference.name)
        if isinstance(written, WrittenLeaf):
            name = self._names[_identity(written)]
            self.used.add(name)
            return CheckRef(name)
        if reference.name in self._resolving:
            circle = " -> ".join([*self._resolving[self._resolving.index(reference.name) :], reference.name])
            self._findings.error(
                reference.path, "check.cycle", f"checks rest on themselves: {circle}", hint="break the circle"
            )
            return None
        if len(self._resolving) == CHAIN_MAX:
            message = f"checks that name checks, more than {CHAIN_MAX} deep"
            self._findings.error(reference.path, "check.too-deep", message, hint="combine them in fewer steps")
            return None
        return self._resolve(reference.name, written)

    def _resolve(self, name: str, written: WrittenCheck) -> Requirement | None:
        """Each once, or compositions of compositions would cost two to the power of their depth."""
        if name not in self._resolved:
            self._resolving.append(name)
            self._resolved[name] = self.requirement(written)
            self._resolving.pop()
        return self._resolved[name]

    def _enter_named(self, name: str, leaf: WrittenLeaf) -> None:
        identity = _identity(leaf)
        first = self._names.setdefault(identity, name)
        if first != name:
            message = f"'{name}' is defined like '{first}', so both are one check, called '{first}'"
            self._findings.warn(leaf.path, "check.duplicate", message, hint="use one name, or change one of them")
        self._enter(name, leaf)

    def _enter_unnamed(self, leaf: WrittenLeaf) -> str:
        identity = _identity(leaf)
        name = self._names.get(identity)
        if name is None:
            name = describe(leaf)
            if name in self.checks:  # a word of the file, such as `icmp`, or an unlikely equal digest
                name = f"{name} #{_digest(leaf, _WHOLE_DIGEST_CHARACTERS)}"
            self._names[identity] = name
            self._enter(name, leaf)
        self.used.add(name)
        return name

    def _enter(self, name: str, leaf: WrittenLeaf) -> None:
        self.checks[name] = Check(name, leaf.kind, leaf.settings, leaf.schedule, leaf.monitors, leaf.quorum)
        self.paths[name] = leaf.path


def _identity(leaf: WrittenLeaf) -> Check:
    """The definition without its name."""
    return Check("", leaf.kind, leaf.settings, leaf.schedule, leaf.monitors, leaf.quorum)


def describe(leaf: WrittenLeaf) -> str:
    """A name made of what the check does: `tcp:5432`, `tcp:5432 interval=1s fall=2`.

    Settings that the summary does not show are told apart by a digest: `https://www.example.com/ #3fa9c1`.
    """
    parts = [leaf.settings.summary()]
    if not _says_all(leaf):
        parts.append(f"#{_digest(leaf, _DIGEST_CHARACTERS)}")
    parts.extend(_schedule_words(leaf.schedule))
    parts.extend(_quorum_words(leaf))
    return " ".join(parts)


def _says_all(leaf: WrittenLeaf) -> bool:
    """Whether the summary read as a shorthand means these very settings."""
    try:
        return parse_text(leaf.settings.summary()) == (leaf.kind, leaf.settings)
    except CheckSyntaxError:
        return False


def _digest(leaf: WrittenLeaf, characters: int) -> str:
    from pydantic import BaseModel  # imported with the first check

    settings = leaf.settings
    text = settings.model_dump_json() if isinstance(settings, BaseModel) else repr(settings)
    return hashlib.sha256(f"{leaf.kind}:{text}".encode()).hexdigest()[:characters]


def _schedule_words(schedule: Schedule) -> list[str]:
    plain = Schedule()
    durations = {
        "interval": (schedule.interval_s, plain.interval_s),
        "timeout": (schedule.timeout_s, min(plain.timeout_s, schedule.interval_s)),
        "recheck_interval": (schedule.recheck_interval_s, min(plain.recheck_interval_s, schedule.interval_s)),
        "stale_after": (
            schedule.stale_after_s,
            Schedule.default_stale_after_s(schedule.interval_s, schedule.timeout_s),
        ),
    }
    words = [f"{key}={format_duration(given)}" for key, (given, default) in durations.items() if given != default]
    numbers = {
        "fall": (schedule.fall, plain.fall),
        "rise": (schedule.rise, plain.rise),
        "jitter": (schedule.jitter, plain.jitter),
    }
    return [*words, *(f"{key}={given:g}" for key, (given, default) in numbers.items() if given != default)]


def _quorum_words(leaf: WrittenLeaf) -> list[str]:
    words = []
    plain = Check("", leaf.kind, leaf.settings)
    if leaf.monitors != plain.monitors:
        words.append(f"monitors={','.join(leaf.monitors)}")
    if (leaf.quorum.rule, leaf.quorum.amount) != (QuorumRule.MAJORITY, 0):
        amount = f":{leaf.quorum.amount:g}" if leaf.quorum.rule in {QuorumRule.COUNT, QuorumRule.PERCENT} else ""
        words.append(f"quorum={leaf.quorum.rule}{amount}")
    if leaf.quorum.min_live != Quorum().min_live:
        words.append(f"min_live={leaf.quorum.min_live}")
    return words
