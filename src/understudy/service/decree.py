"""An operator's word: checked against the guards, written to the log, put in force."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.health.objections import Desired, find_objections, find_useless
from understudy.health.overrides import OverrideIndex
from understudy.model.endpoint import Endpoint
from understudy.model.errors import NotFoundError, OverrideRefusedError
from understudy.model.event import Event, EventKind, Severity
from understudy.model.health import HealthKey, HealthState
from understudy.model.instant import Instant
from understudy.model.name import Name, NameSyntaxError
from understudy.model.override import Override, OverrideKind, Subject, SubjectKind
from understudy.model.record import FailbackMode
from understudy.service.name_server import NameServer
from understudy.service.present import present_override, present_overrides
from understudy.service.views import OverrideRequest, OverrideView, ReleaseRequest, ReleaseView
from understudy.store.draft import Signature

FOREVER_S = float("inf")
SEE_STATUS = "`understudy status` shows them all"


async def decree(server: NameServer, request: OverrideRequest) -> OverrideView:
    """Put an override in force. Raises OverrideRefusedError, NotFoundError, StoreError."""
    now = server.clock.now()
    generation = server.store.desired.generation
    kind = _kind(request.kind)
    subject = find_subject(server, request.subject, request.record, kind=kind)
    expires_at = None if request.duration_s is None else now + request.duration_s
    wanted = Override(generation + 1, kind, subject, request.reason, request.author, now, expires_at)
    _require_sense(server, wanted, request, now=now)
    draft = Signature(request.author or "unknown", request.reason, now).override(kind, subject, expires_at)
    entry = await server.store.append(draft, expected_generation=generation)
    override = server.store.desired.overrides[entry.generation]
    until = "until released" if expires_at is None else f"for {expires_at - now:.0f} s"
    text = f"{kind} {subject} by {override.author}, {until}: {override.reason or 'no reason given'}"
    server.journal.tell(Event(now, EventKind.OVERRIDE, str(subject), text, Severity.WARNING, {"id": override.id}))
    put_in_force(server)
    return present_override(override)


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
        known = ", ".join(kind.value for kind in OverrideKind)
        raise OverrideRefusedError(f"'{text}' is no kind of override", hint=f"one of {known}") from None


def find_subject(server: NameServer, name: str, record: str, *, kind: OverrideKind) -> Subject:
    """What a name means: an endpoint or a pool; for a freeze a record, or everything. Raises NotFoundError."""
    only_in = _find_record(server, record) if record else ""
    if kind is OverrideKind.FREEZE:
        return Subject(SubjectKind.RECORD, _find_record(server, name)) if name else Subject(SubjectKind.EVERYTHING)
    if name in server.pipeline.configuration.pools:
        return Subject(SubjectKind.POOL, name, only_in)
    endpoint = _find_endpoint(server, name)
    if endpoint is None:
        raise NotFoundError(f"no endpoint and no pool is called '{name}'", hint=SEE_STATUS, code="subject.unknown")
    return Subject(SubjectKind.ENDPOINT, str(endpoint), only_in)


def _find_endpoint(server: NameServer, name: str) -> Endpoint | None:
    wanted = name.rstrip(".").lower()
    for pool in server.pipeline.configuration.pools.values():
        for member in pool.members:
            if str(member.endpoint) == wanted:
                return member.endpoint
    return None


def _find_record(server: NameServer, name: str) -> str:
    try:
        found = Name.parse(name)
    except NameSyntaxError as error:
        raise NotFoundError(str(error), code="subject.unknown") from None
    if found not in server.pipeline.configuration.records:
        raise NotFoundError(f"no record is called {name}", hint=SEE_STATUS, code="subject.unknown")
    return str(found)


def _require_sense(server: NameServer, wanted: Override, request: OverrideRequest, *, now: Instant) -> None:
    """Guard 5.7: nothing may be left without an answer, unless it is forced."""
    if request.duration_s is not None and not 0 < request.duration_s < FOREVER_S:
        raise OverrideRefusedError("an override lasts longer than no time", hint="--for 30m, or --for forever")
    useless = find_useless(wanted)
    if useless:
        raise OverrideRefusedError(useless)
    if request.is_forced:
        return
    configuration = server.pipeline.configuration
    active = server.store.desired.active_overrides(now)
    before = Desired(configuration.records, configuration.pools, OverrideIndex.of(active))
    after = Desired(configuration.records, configuration.pools, OverrideIndex.of((*active, wanted)))
    objections = find_objections(after, now, before=before, healths=server.pipeline.healths)
    if objections:
        raise OverrideRefusedError(
            "; ".join(objection.text for objection in objections),
            hint="add a fallback or another endpoint, or say --even-so",
        )


async def release(server: NameServer, request: ReleaseRequest) -> ReleaseView:
    """End the overrides on a subject, and let endpoints return that wait for an operator. Raises NotFoundError."""
    now = server.clock.now()
    ended = [each for each in server.store.desired.active_overrides(now) if _is_meant(each, request.subject)]
    waiting = list(_waiting(server, request.subject))
    if not ended and not waiting:
        raise NotFoundError(
            f"there is nothing to release on {request.subject or 'everything'}",
            hint="`understudy status` shows the overrides in force",
            code="override.none",
        )
    signature = Signature(request.author or "unknown", request.reason, now)
    drafts = [signature.release(each.id for each in ended)] if ended else []
    drafts += [signature.admit(record, endpoints) for record, endpoints in waiting]
    for draft in drafts:
        await server.store.append(draft, expected_generation=server.store.desired.generation)
    for record, endpoints in waiting:
        server.pipeline.admit(record, endpoints)
    returned = [f"{endpoint} in {record}" for record, endpoints in waiting for endpoint in endpoints]
    returned += [str(record) for record, endpoints in waiting if not endpoints]
    texts = [
        *(f"released: {each.kind} {each.subject}" for each in ended),
        *(f"may return: {each}" for each in returned),
    ]
    for text in texts:
        about = request.subject or "everything"
        server.journal.tell(Event(now, EventKind.OVERRIDE, about, f"{text}, by {request.author}"))
    put_in_force(server)
    return ReleaseView(overrides=present_overrides(ended), returned=returned)


def _is_meant(override: Override, name: str) -> bool:
    """Whether a name, as an operator writes it, speaks of an override's subject; a number is its id."""
    if name.isdigit():
        return override.id == int(name)
    if not name:
        return override.subject.kind is SubjectKind.EVERYTHING
    wanted = name.rstrip(".").lower()
    return wanted in {override.subject.name.lower(), override.subject.record, str(override.subject).lower()}


def _waiting(server: NameServer, name: str) -> Iterator[tuple[Name, list[Endpoint]]]:
    """Up endpoints that wait under `failback: manual`, by record, as far as a name speaks of them.

    A record that stays where it moved to under `failback: never` is named with no endpoint (semantics 3.3).
    """
    wanted = name.rstrip(".").lower()
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
