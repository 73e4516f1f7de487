"""What a name, as a person writes it, stands for here; a name that is not known gets the nearest one as a hint."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from understudy.config.addresses import parse_address
from understudy.config.findings import nearest
from understudy.model.configuration import Configuration
from understudy.model.endpoint import Endpoint, is_inline
from understudy.model.errors import NotFoundError
from understudy.model.name import Name, NameSyntaxError
from understudy.model.override import OverrideKind, Subject, SubjectKind
from understudy.model.record import Record

UNKNOWN = "subject.unknown"


def normal(text: str) -> str:
    """The text that an endpoint, record or zone has here: addresses in their shortest form, names in lower case."""
    address = parse_address(text)
    if address is not None:
        return str(address)
    try:
        return str(Name.parse(text))
    except NameSyntaxError:
        return text


def not_found(what: str, text: str, known: Iterable[object], *, code: str = UNKNOWN) -> NotFoundError:
    """`what` is a kind of thing with its article: `no record`."""
    hint = nearest(normal(text), (str(each) for each in known)) or "`understudy status` shows what there is"
    return NotFoundError(f"{what} is called '{text}'", hint=hint, code=code)


def find_record(configuration: Configuration, text: str) -> Record:
    """The steered record of a name. Raises NotFoundError."""
    try:
        record = configuration.records.get(Name.parse(text))
    except NameSyntaxError as error:
        raise NotFoundError(str(error), hint="write a DNS name", code=UNKNOWN) from None
    if record is None:
        raise not_found("no record", text, configuration.records)
    return record


def find_endpoint(configuration: Configuration, text: str) -> Endpoint | None:
    """The endpoint of an address or host name, wherever it is used."""
    wanted = normal(text)
    for pool in configuration.pools.values():
        for member in pool.members:
            if str(member.endpoint) == wanted:
                return member.endpoint
    return None


def find_zone(zones: Collection[Name], text: str) -> Name:
    """The zone of a name. Raises NotFoundError."""
    wanted = normal(text)
    found = next((origin for origin in zones if str(origin) == wanted), None)
    if found is None:
        raise not_found("no zone that is served here", text, zones, code="zone.unknown")
    return found


def find_subject(configuration: Configuration, name: str, record: str, *, kind: OverrideKind) -> Subject:
    """What an override speaks of: an endpoint or a pool; for a freeze a record, or everything. Raises NotFoundError."""
    if kind is OverrideKind.FREEZE:
        if not name:
            return Subject(SubjectKind.EVERYTHING)
        return Subject(SubjectKind.RECORD, str(find_record(configuration, name).name))
    only_in = find_record(configuration, record) if record else None
    limit = str(only_in.name) if only_in is not None else ""
    if name in configuration.pools:
        return Subject(SubjectKind.POOL, name, limit)
    endpoint = find_endpoint(configuration, name)
    if endpoint is None:
        raise not_found("no endpoint and no pool", name, _endpoints_and_pools(configuration))
    return Subject(SubjectKind.ENDPOINT, str(endpoint), limit)


def _endpoints_and_pools(configuration: Configuration) -> Iterable[str]:
    yield from (name for name in configuration.pools if not is_inline(name))
    yield from {str(member.endpoint) for pool in configuration.pools.values() for member in pool.members}


def pools_of_subject(configuration: Configuration, subject: Subject) -> frozenset[str]:
    """The pools that a subject is or is in."""
    if subject.kind is SubjectKind.POOL:
        return frozenset((subject.name,))
    if subject.kind is not SubjectKind.ENDPOINT:
        return frozenset()
    return frozenset(
        pool.name
        for pool in configuration.pools.values()
        if any(str(member.endpoint) == subject.name for member in pool.members)
    )
