"""An operator's word: checked against the guards, written to the log, put in force."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from understudy.config.findings import nearest
from understudy.health.objections import Desired, find_objections, find_useless
from understudy.health.overrides import OverrideIndex
from understudy.model.configuration import Configuration
from understudy.model.duration import format_duration
from understudy.model.endpoint import Endpoint
from understudy.model.errors import NotFoundError, OverrideRefusedError
from understudy.model.event import Event, EventKind, Severity
from understudy.model.health import HealthKey, HealthState
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.override import Override, OverrideKind, Subject, SubjectKind
from understudy.model.record import FailbackMode
from understudy.service.index import pools_of
from understudy.service.ledger import write
from understudy.service.name_server import NameServer
from understudy.service.postponement import find_postponement
from understudy.service.reports.present import present_override, present_overrides
from understudy.service.reports.subjects import find_subject, normal, pools_of_subject
from understudy.service.reports.views import OverrideRequest, OverrideView, ReleaseRequest, ReleaseView
from understudy.store.draft import Signature
from understudy.store.store import StaleGenerationError

DURATION_MAX_S = 3650 * 86_400.0  # chosen: ten years; whoever wants more means `forever`
UNKNOWN_AUTHOR = "unknown"


async def decree(server: NameServer, request: OverrideRequest) -> OverrideView:
    """Put an override in force. Raises OverrideRefusedError, NotFoundError, StaleGenerationError, StoreError."""
    async with server.writing:
        try:
            return await _decree(server, request)
        except StaleGenerationError:  # somebody else writes to the same log: judge once more
            return await _decree(server, request)


async def _decree(server: NameServer, request: OverrideRequest) -> OverrideView:
    now = server.clock.now()
    generation = server.store.desired.generation
    kind = _kind(request.kind)
    subject = find_subject(server.pipeline.configuration, request.subject, request.record, kind=kind)
    expires_at = None if request.duration_s is None else now + request.duration_s
    author = request.author or UNKNOWN_AUTHOR
    wanted = Override(generation + 1, kind, subject, request.reason, author, now, expires_at)
    _require_sense(server, wanted, request, now=now)
    replaced = _find_replaced(server, wanted, now)
    signature = Signature(author, request.reason, now)
    written = await write(server, signature.override(kind, subject, expires_at), expected_generation=generation)
    warning = written.warning
    if replaced:  # the new one comes first, so that nothing that happens between the two leaves none
        warning = (await write(server, signature.release(each.id for each in replaced))).warning or warning
    override = server.store.desired.overrides[written.entry.generation]
    note = find_postponement(server, override, now)
    text = _tell_override(override, replaced, note)
    server.journal.tell(Event(now, EventKind.OVERRIDE, str(subject), text, Severity.WARNING, {"id": override.id}))
    put_in_force(server)
    return present_override(override).model_copy(update={"warning": warning, "note": note})


def _find_replaced(server: NameServer, wanted: Override, now: Instant) -> list[Override]:
    """Those in force that say the same of the same: the operator's last word on it counts, not the longest."""
    active = server.store.desired.active_overrides(now)
    return [each for each in active if (each.kind, each.subject) == (wanted.kind, wanted.subject)]


def _tell_override(override: Override, replaced: list[Override], note: str) -> str:
    """One line of the history, also where it took the place of another."""
    until = "until released"
    if override.expires_at is not None:
        until = f"for {format_duration(round(override.expires_at - override.created_at, 3))}"
    instead = "".join(f", instead of the one by {each.author} ({each.reason_text})" for each in replaced)
    after = f"; {note}" if note else ""
    return f"{override.kind} {override.subject} by {override.author}, {until}: {override.reason_text}{instead}{after}"


def put_in_force(server: NameServer) -> None:
    """Let the pipeline know the overrides of the log, and settle at once."""
    now = server.clock.now()
    server.pipeline.decree(server.store.desired.active_overrides(now), now)
    server.decider.settle(now)
    server.store.observe(server.observed())
    server.wake()


def _kind(text: str) -> OverrideKind:
    try:
        return OverrideKind(text)
    except ValueError:
        hint = nearest(text, OverrideKind)
        raise OverrideRefusedError(f"'{text}' is no kind of override", hint=hint) from None


def _require_sense(server: NameServer, wanted: Override, request: OverrideRequest, *, now: Instant) -> None:
    """Guard 5.7: nothing may be left without an answer, unless it is forced."""
    configuration = server.pipeline.configuration
    if request.duration_s is not None and not 0 < request.duration_s <= DURATION_MAX_S:
        text = "an override lasts longer than no time, and ten years at most"
        raise OverrideRefusedError(text, hint="--for 30m, or --for forever")
    if wanted.kind is OverrideKind.FREEZE and request.record:
        raise OverrideRefusedError("a freeze holds a whole record, not something in one", hint="freeze the record")
    useless = find_useless(wanted) or _find_elsewhere(configuration, wanted.subject)
    if useless:
        raise OverrideRefusedError(useless)
    if request.is_forced:
        return
    active = server.store.desired.active_overrides(now)
    before = Desired(configuration.records, configuration.pools, OverrideIndex.of(active))
    ended = _find_replaced(server, wanted, now)
    remaining = (each for each in active if each not in ended)
    after = Desired(configuration.records, configuration.pools, OverrideIndex.of((*remaining, wanted)))
    objections = find_objections(after, now, before=before, healths=server.pipeline.healths)
    if objections:
        raise OverrideRefusedError(
            "; ".join(objection.text for objection in objections),
            hint="add a fallback or another endpoint, or say --even-so",
        )


def _find_elsewhere(configuration: Configuration, subject: Subject) -> str:
    """Why an override on something in one record could have no effect there; empty where it could."""
    if not subject.record:
        return ""
    record = configuration.records[Name.parse(subject.record)]
    if pools_of_subject(configuration, subject).isdisjoint(pools_of(record)):
        return f"{subject.name} is nowhere in {subject.record}"
    return ""


async def release(server: NameServer, request: ReleaseRequest) -> ReleaseView:
    """End the overrides on a subject, and let endpoints return that wait for an operator. Raises NotFoundError."""
    async with server.writing:
        return await _release(server, request)


async def _release(server: NameServer, request: ReleaseRequest) -> ReleaseView:
    now = server.clock.now()
    active = server.store.desired.active_overrides(now)
    ended = [each for each in active if _is_meant(each, request.subject)]
    waiting = list(_waiting(server, request.subject))
    if not ended and not waiting:
        raise _nothing_to_release(request.subject, active)
    signature = Signature(request.author or UNKNOWN_AUTHOR, request.reason, now)
    drafts = [signature.release(each.id for each in ended)] if ended else []
    drafts += [signature.admit(record, endpoints) for record, endpoints in waiting]
    warnings = [(await write(server, draft)).warning for draft in drafts]
    for record, endpoints in waiting:
        server.pipeline.admit(record, endpoints)
    returned = [f"{endpoint} in {record}" for record, endpoints in waiting for endpoint in endpoints]
    returned += [str(record) for record, endpoints in waiting if not endpoints]
    texts = {f"released: {each.kind} {each.subject}": str(each.subject) for each in ended}
    texts |= {f"may return: {each}": request.subject for each in returned}
    for text, about in texts.items():
        server.journal.tell(Event(now, EventKind.OVERRIDE, about, f"{text}, by {signature.author}"))
    put_in_force(server)
    return ReleaseView(overrides=present_overrides(ended), returned=returned, warning=next(filter(None, warnings), ""))


def _nothing_to_release(name: str, active: Iterable[Override]) -> NotFoundError:
    known = {each.subject.name or str(each.subject) for each in active}
    hint = nearest(normal(name), known) if name and known else "`understudy status` shows the overrides in force"
    return NotFoundError(f"there is nothing to release on {name or 'everything'}", hint=hint, code="override.none")


def _is_meant(override: Override, name: str) -> bool:
    """Whether a name, as an operator writes it, speaks of an override's subject; a number is its id."""
    if name == str(override.id):
        return True
    if not name:
        return override.subject.kind is SubjectKind.EVERYTHING
    return not {name, normal(name)}.isdisjoint({override.subject.name, override.subject.record, str(override.subject)})


def _waiting(server: NameServer, name: str) -> Iterator[tuple[Name, list[Endpoint]]]:
    """Up endpoints that wait under `failback: manual`, by record, as far as a name speaks of them.

    A record that stays where it moved to under `failback: never` is named with no endpoint (semantics 3.3).
    """
    wanted = normal(name)
    for record, past in server.pipeline.past.items():
        held = {endpoint for memory in past.memories.values() for endpoint in memory.waiting}
        up = [endpoint for endpoint in sorted(held, key=str) if _is_up(server, record, endpoint)]
        meant = [endpoint for endpoint in up if wanted in {str(endpoint), str(record)}]
        definition = server.pipeline.configuration.records.get(record)
        has_moved = any(memory.tier > 0 for memory in past.memories.values())
        is_stuck = definition is not None and definition.failback.mode is FailbackMode.NEVER and has_moved
        if meant or (is_stuck and wanted == str(record)):
            yield record, meant


def _is_up(server: NameServer, record: Name, endpoint: Endpoint) -> bool:
    """One that is down would only wait again."""
    definition = server.pipeline.configuration.records.get(record)
    if definition is None:
        return False
    health = server.pipeline.healths.get(HealthKey(endpoint, definition.requirement))
    return health is not None and health.state is HealthState.UP
