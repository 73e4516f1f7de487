"""Another configuration, or other zone files, while serving."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from understudy.config.plan import Plan, plan
from understudy.engine import BindError, ZoneFileError
from understudy.health.objections import Desired, Objection, find_objections
from understudy.health.overrides import OverrideIndex
from understudy.model.check import Check
from understudy.model.configuration import Configuration
from understudy.model.errors import ConfigError, EngineError, Problem, StoreError, UnderstudyError
from understudy.model.event import Event, EventKind, Severity
from understudy.model.frozen import frozen
from understudy.model.health import Health, HealthKey
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.passing import is_passing
from understudy.model.plural import plural
from understudy.model.verdict import ProbeKey
from understudy.model.zone import ZoneDefinition, ZoneSource
from understudy.service.candidate import NOTHING_BEFORE, Before, Candidate, read_candidate, secret_files
from understudy.service.collector import keep
from understudy.service.foresight import Foresight, Ground, foresee, make_ready
from understudy.service.index import Step
from understudy.service.ledger import write
from understudy.service.listening import bind_error, require_free
from understudy.service.name_server import NameServer
from understudy.service.portions import in_portions
from understudy.service.secondary.catalogs import follow_configuration, roll_of
from understudy.service.secondary.copies import kept_copies
from understudy.service.secondary.heard import Heard, heard_of
from understudy.service.secondary.roll import Roll, RollStep, step_between
from understudy.service.zone_table import FileStamp, LoadedZone, load_zone, zone_problems
from understudy.store.draft import Signature

WATCH_S = 1.0  # chosen: a person who saves a file sees it in force at once, and a stat a second costs nothing

_ZONE_ALARM = "zone/"
_NONE = FileStamp(size=-1)  # of no file: it is read again at the next look
PROBES = 200  # chosen: so many are begun or ended in some milliseconds
KEPT_CHANGES = 1000  # chosen: what so many changes bring is worth a thought of the garbage collector's


class RefusedCandidateError(ConfigError):
    """A configuration that could be read but not used. `awaited` are the files that would have to change for that."""

    def __init__(self, candidate: Candidate) -> None:
        super().__init__(candidate.findings)
        self.awaited = _awaited(candidate)


def _awaited(candidate: Candidate) -> frozenset[Path]:
    """Files with a fault, files of zones that are not there, and the one with secrets."""
    faulty = {Path(problem.file) for problem in candidate.problems}
    faulty |= secret_files(candidate.configuration)
    definitions = candidate.configuration.zones.values()
    unread = (each for each in definitions if each.source is ZoneSource.FILE and each.name not in candidate.zones)
    return frozenset(faulty | {each.file for each in unread})


@frozen
class Proposal:
    """A configuration that could be put in force, what that would change, and which records it leaves silent.

    `roll`: what it makes of the catalogs that are followed; `heard`: whose word counts then; None: both as before.
    """

    candidate: Candidate
    plan: Plan
    step: Step
    silent: tuple[Objection, ...]
    roll: RollStep | None
    heard: Heard | None


@frozen
class _Present:
    """What a candidate is judged by, as it stands when it is read: a thread looks at it while the server goes on."""

    now: Instant
    before: Before
    overrides: OverrideIndex
    healths: Mapping[HealthKey, Health]
    roll: Roll


async def propose(server: NameServer, *, text: str | None = None, is_forced: bool = False) -> Proposal:
    """Read the configuration file again, check it whole, and say what it would change. Raises ConfigError.

    With `text`: as if that stood in the file.

    One that leaves a record with nothing to answer is refused unless it is forced (semantics 5.7).
    """
    now = server.clock.now()
    overrides = OverrideIndex.of(server.store.desired.active_overrides(now))
    before = Before(server.candidate.configuration, server.zones.copy())
    present = _Present(now, before, overrides, server.pipeline.healths.copy(), roll_of(server))
    return await asyncio.to_thread(_propose, server, present, text=text, is_forced=is_forced)


def _propose(server: NameServer, present: _Present, *, text: str | None, is_forced: bool) -> Proposal:
    """All that costs by the size of the configuration, in a thread. The server itself is only asked what is fixed."""
    old = server.pipeline.configuration
    candidate = read_candidate(old.node.file, present.now, before=present.before, text=text)
    new = candidate.configuration
    if candidate.problems:
        raise RefusedCandidateError(candidate)
    in_the_way = candidate.find_conflicts(kept_copies(present.before.zones, new.zones))
    if in_the_way:
        raise ConfigError(in_the_way)
    silent = _objections(new, present, before=None)
    refused = [] if is_forced or not silent else list(_silent_records(new, _objections(new, present, before=old)))
    if refused:
        raise ConfigError(refused)
    step, roll = server.pipeline.step_to(new), step_between(present.roll, old, new, present=present.before.zones)
    heard = None if roll is None else roll.heard
    if heard is None and step.has_other_primaries:
        heard = heard_of({**present.roll.zones, **new.zones})
    return Proposal(candidate, plan(old, new, began=server.began), step, silent, roll, heard)


def _objections(wanted: Configuration, present: _Present, *, before: Configuration | None) -> tuple[Objection, ...]:
    known = None if before is None else Desired(before.records, before.pools, present.overrides)
    desired = Desired(wanted.records, wanted.pools, present.overrides)
    return find_objections(desired, present.now, before=known, healths=present.healths)


def _silent_records(wanted: Configuration, objections: Iterable[Objection]) -> Iterator[Problem]:
    """Records that a configuration leaves with nothing to answer, where they stand."""
    for objection in objections:
        file, line = wanted.sources.get(f"record:{objection.record}", (str(wanted.node.file), 1))
        hint = "give it an endpoint or a fallback, or `understudy reload --even-so`"
        yield Problem(file, line, 1, "record.nothing-to-answer", objection.text, hint)


@frozen
class Reloaded:
    """What is in force now, what that changed, and a warning where the disk did not take it."""

    candidate: Candidate
    plan: Plan
    warning: str


async def reload(server: NameServer, author: str, *, is_forced: bool = False) -> Reloaded:
    """Apply the file whole, or nothing of it. Raises ConfigError, EngineError (an address cannot be listened on)."""
    async with server.reloading:
        now = server.clock.now()
        try:
            proposal = await propose(server, is_forced=is_forced)
            _rebind(server, proposal.candidate)
        except (ConfigError, EngineError) as error:
            text, before = f"reload refused, nothing has changed: {error}", server.candidate.refused
            server.candidate = server.candidate.refusing(error)
            if not (_may_pass(error) and server.candidate.refused == before):  # still: that was told
                server.journal.tell(Event(now, EventKind.CONFIGURATION, "configuration", text, Severity.WARNING))
            server.alarms.raise_alarm("configuration", text, now)
            raise
        lines = await asyncio.to_thread(proposal.plan.lines)
        foresight = await _look_ahead(server, proposal)
        warning = await _log(server, proposal.candidate, lines, author=author)
        await _apply(server, proposal, foresight)
        await _end_promotions(server)
        if len(proposal.plan.changes) > KEPT_CHANGES:
            keep()
        return Reloaded(proposal.candidate, proposal.plan, warning)


async def _end_promotions(server: NameServer) -> None:
    """Of zones that come from other servers no more, or differently."""
    if server.store.desired.promotions:
        from understudy.service.secondary.promotion import (
            end_promotions,  # with what shows zones to people: few have any
        )

        await end_promotions(server)


def _rebind(server: NameServer, candidate: Candidate) -> None:
    """Listen on the new addresses first: this is the only part that the system may refuse."""
    listen = candidate.configuration.node.listen
    if listen == server.candidate.configuration.node.listen:
        return
    opened = [address for address in listen if address not in server.candidate.configuration.node.listen]
    require_free(opened, own=server.engine.addresses)
    try:
        server.engine.rebind(list(listen))
    except BindError as error:
        raise bind_error(error) from error


async def _log(server: NameServer, candidate: Candidate, lines: Sequence[str], *, author: str) -> str:
    """One entry of the log for a load, unless the text is the one in force. A warning, or nothing."""
    known = server.store.desired.configuration
    if known is not None and known.digest == candidate.digest:
        return ""
    draft = Signature(author, "configuration file", server.clock.now())
    try:
        async with server.writing:
            return (await write(server, draft.configuration(candidate.text, candidate.digest, lines))).warning
    except StoreError as error:  # the file itself has it: a store that is gone costs the history, nothing else (5.5)
        return str(error)


async def log_start(server: NameServer) -> None:
    """The configuration of a start is one entry of the log too, if it is another one than the last."""
    await _log(server, server.candidate, (), author="start")
    await _end_promotions(server)
    now = server.clock.now()
    healths = server.pipeline.healths.copy()
    present = _Present(now, NOTHING_BEFORE, server.pipeline.overrides, healths, roll_of(server))
    silent = await asyncio.to_thread(_objections, server.pipeline.configuration, present, before=None)
    _tell_objections(server, silent, now)
    _tell_problems(server, now)


def _tell_problems(server: NameServer, now: Instant) -> None:
    """A zone that cannot be read takes no other down, but it is missed."""
    candidate = server.candidate
    for origin, definition in candidate.configuration.zones.items():
        if definition.source is ZoneSource.FILE and origin not in server.zones:
            why = next((str(each) for each in candidate.problems if each.file == str(definition.file)), "see `check`")
            server.alarms.raise_alarm(f"zone/{origin}", f"{origin} is not served: {why}", now)
    if candidate.problems:
        is_again = any(problem.is_passing for problem in candidate.problems)
        stamps = dict.fromkeys(candidate.files, _NONE) if is_again else candidate.files
        _await(server, stamps, _awaited(candidate) - candidate.files.keys())
        count, first = len(candidate.problems), candidate.problems[0]
        text = f"started in spite of {plural(count, 'problem')}{', the first is' if count > 1 else ':'} {first}"
        server.alarms.raise_alarm("configuration", text, now)


async def _look_ahead(server: NameServer, proposal: Proposal) -> Foresight:
    """Find in a thread what the candidate makes of zones and records."""
    listed = server.member_zones if proposal.roll is None else proposal.roll.roll.zones
    branch = server.pipeline.branch({server.monitor.name: server.monitor.table()})
    ground = Ground(branch, server.zones.copy(), server.decider.publisher)
    return await asyncio.to_thread(_foresee, ground, proposal, server.clock.now(), listed=listed)


async def _apply(server: NameServer, proposal: Proposal, foresight: Foresight) -> None:
    """Put a faultless candidate in force: zones, records, probes. Verdicts, counters and sockets stay.

    What is the same as before is not touched. The rest is put in force at once; what follows from that and may come
    some moments later comes some at a time (ADR 0039).
    """
    before = server.pipeline.configuration
    foresight = foresight.without(foresight.served.keys() - server.zones.keys())
    _put_in_force(server, proposal, foresight)
    server.wake()
    await _follow(server, proposal.step)
    now, candidate = server.clock.now(), proposal.candidate
    server.decider.forget(before, now)
    server.forget_counts()
    server.alarms.clear("configuration", now)
    _end_zone_alarms(server, foresight.gone, now)
    records, zones = len(candidate.configuration.records), len(foresight.zones)
    text = ", ".join((f"configuration applied, records: {records}, zones: {zones}", *proposal.plan.pending))
    server.journal.tell(Event(now, EventKind.CONFIGURATION, "configuration", text))
    _tell_objections(server, proposal.silent, now)
    server.wake()


def _foresee(ground: Ground, proposal: Proposal, now: Instant, *, listed: Mapping[Name, ZoneDefinition]) -> Foresight:
    """In a thread. `listed` are the zones of catalogs."""
    candidate = proposal.candidate
    kept = kept_copies(ground.served, {**listed, **candidate.configuration.zones})
    return foresee(ground, proposal.step, now, wanted={**candidate.zones, **kept})


def _put_in_force(server: NameServer, proposal: Proposal, foresight: Foresight) -> None:
    """In one turn of the event loop: whoever asks sees all of it or nothing."""
    now, candidate = server.clock.now(), proposal.candidate
    if proposal.roll is not None:
        follow_configuration(server, candidate.configuration, proposal.roll)
    server.candidate, server.zones = candidate, dict(foresight.zones)
    if candidate.cookie_secrets:  # without a file the random one of the start stays
        server.engine.set_cookie_secrets(candidate.cookie_secrets)
    server.use_keys()
    if proposal.heard is not None:
        server.engine.set_secondaries(proposal.heard)
    server.decider.take(foresight, now)
    server.versions.note_whole(foresight.gone)
    server.decider.publisher.withdraw_zones(foresight.gone)


async def _follow(server: NameServer, step: Step) -> None:
    """Probe what is to be probed now, and tell what has changed; others have their turn meanwhile."""
    await in_portions(step.probes_gone, lambda gone: _reassign(server, gone, {}), most=PROBES)
    await in_portions(step.probes.items(), lambda probes: _reassign(server, (), dict(probes)), most=PROBES)
    while True:
        server.decider.settle(server.clock.now())
        if server.decider.is_settled:
            return
        await asyncio.sleep(0)


def _reassign(server: NameServer, gone: Iterable[ProbeKey], probes: Mapping[ProbeKey, Check]) -> None:
    for key in server.monitor.reassign(gone, probes):
        server.pipeline.note(key)


def _end_zone_alarms(server: NameServer, gone: Collection[Name], now: Instant) -> None:
    """Every zone that is served is faultless; those from other servers that have not come keep their alarms."""
    for key in server.alarms.keys(_ZONE_ALARM):
        origin = Name.parse(key.removeprefix(_ZONE_ALARM))
        if origin in gone or origin in server.zones:
            server.alarms.clear(key, now)


def _tell_objections(server: NameServer, found: Iterable[Objection], now: Instant) -> None:
    """Guard 5.7: a start is not refused, nor what was forced, but a record without an answer is no secret."""
    server.alarms.set_alarm("configuration/empty", "; ".join(objection.text for objection in found), now)


async def watch_files(server: NameServer) -> None:
    """Reload when the configuration file or a zone's file becomes another one."""
    while True:
        await server.clock.sleep_until(server.clock.now() + WATCH_S)
        if await asyncio.to_thread(server.candidate.has_changed_files):
            await reload_quietly(server, "file change")
            continue
        for origin in await asyncio.to_thread(_changed_zones, list(server.zones.values())):
            await reload_zone(server, origin)


def _changed_zones(zones: Iterable[LoadedZone]) -> list[Name]:
    """Those whose files have changed. Blocks on the disk, once for all: there may be ten thousand."""
    return [loaded.definition.name for loaded in zones if loaded.has_changed_files()]


def _may_pass(error: UnderstudyError) -> bool:
    """Whether a file could not be read for want of something that this host may have again, without a change of it."""
    return isinstance(error, ConfigError) and any(problem.is_passing for problem in error.problems)


async def reload_quietly(server: NameServer, author: str) -> None:
    """Reload; what is wrong is in the history and the alarms. A bad file is read again when it changes again."""
    files = server.candidate.files
    stamps = {path: FileStamp.of(path) for path in files}  # a stat each
    try:
        await reload(server, author)
    except (ConfigError, EngineError) as error:
        awaited = error.awaited if isinstance(error, RefusedCandidateError) else frozenset()
        _await(server, dict.fromkeys(stamps, _NONE) if _may_pass(error) else stamps, awaited - files.keys())


def _await(server: NameServer, stamps: Mapping[Path, FileStamp], more: Iterable[Path]) -> None:
    """Read the configuration again when one of these files becomes another one."""
    server.candidate = server.candidate.with_stamps({**stamps, **{path: FileStamp.of(path) for path in more}})


async def reload_zone(server: NameServer, origin: Name) -> None:
    """Read one zone again; a bad file leaves the last good version in force."""
    async with server.reloading:
        before = server.zones.get(origin)
        if before is None:
            return
        now = server.clock.now()
        stamps = await asyncio.to_thread(_stamps, before)
        try:
            loaded = await asyncio.to_thread(load_zone, before.definition, now)
        except (ZoneFileError, OSError) as error:
            problems = zone_problems(before.definition, error)
            if isinstance(error, OSError) and is_passing(error):
                stamps = dict.fromkeys(stamps, _NONE)
            _keep(server, before.kept_because(str(problems[0]), stamps), plural(len(problems), "problem"), now=now)
            return
        conflict = server.candidate.find_conflict(origin, loaded)
        if conflict:
            _keep(server, before.kept_because(conflict, {**stamps, **loaded.stamps}), "a conflict", now=now)
            return
        ready = await asyncio.to_thread(make_ready, server.pipeline, server.decider.publisher, [origin])
        server.zones[origin] = loaded
        server.decider.publish_zones({origin: loaded}, ready)
        server.alarms.clear(f"zone/{origin}", now)
        text = f"serial {before.zone.serial} → {loaded.zone.serial}, {loaded.zone.record_count} records"
        server.journal.tell(Event(now, EventKind.ZONE, str(origin), text))


def _stamps(loaded: LoadedZone) -> dict[Path, FileStamp]:
    return {path: FileStamp.of(path) for path in loaded.stamps}


def _keep(server: NameServer, kept: LoadedZone, count: str, *, now: Instant) -> None:
    origin = kept.definition.name
    before, server.zones[origin] = server.zones[origin], kept
    text = f"the new content of {origin} is not used ({count}): {kept.problem}"
    server.alarms.raise_alarm(f"zone/{origin}", text, now)
    if not (_is_read_again(before) and _is_read_again(kept)):  # still: that was told, with other numbers maybe
        server.journal.tell(Event(now, EventKind.ZONE, str(origin), text, Severity.WARNING))


def _is_read_again(loaded: LoadedZone) -> bool:
    """Whether this host could not read its file for a moment, though nothing may be wrong with that."""
    return _NONE in loaded.stamps.values()
