"""From the tree of a file to its written objects: every section, each object by itself, so one fault hides no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import TypeVar

from understudy.config.addresses import AddressSyntaxError, parse_listen
from understudy.config.check_forms import CheckReader, WrittenCheck
from understudy.config.document import POLICIES, DocumentForm, PoolForm, RecordForm, ZoneForm
from understudy.config.fields import OBJECT_NAME_HINT, is_object_name
from understudy.config.findings import Findings, shown
from understudy.config.forms import Form, read_form, read_mended
from understudy.config.source import KeyPath, Plain, Source
from understudy.config.transfer_form import KeyForm
from understudy.model.frozen import frozen
from understudy.model.name import Name, NameSyntaxError

Placed = tuple[Plain, KeyPath]
"""A value as it is written, and where."""


@frozen
class WrittenRecord:
    """A record's form, and its checks: None stands for checks that could not be read, empty for none written."""

    form: RecordForm
    checks: tuple[WrittenCheck, ...] | None
    path: KeyPath


@frozen
class Document:
    """What a file says, as far as each object could be read by itself; `*_names` and `written_*` have faulty ones too.

    `node` is None after a problem in it that leaves nothing to listen on.
    The names in `keys`, `zones` and `records` keep their written form in their path.
    """

    file: Path
    node: DocumentForm | None
    keys: Mapping[Name, tuple[KeyForm, KeyPath]]
    zones: Mapping[Name, tuple[ZoneForm, KeyPath]]
    checks: Mapping[str, WrittenCheck]
    pools: Mapping[str, PoolForm]
    records: Mapping[Name, WrittenRecord]
    key_names: frozenset[Name] = field(default_factory=frozenset)
    written_zones: Mapping[Name, Placed] = field(default_factory=dict)
    written_records: Mapping[Name, Placed] = field(default_factory=dict)
    pool_names: frozenset[str] = field(default_factory=frozenset)


def read_document(source: Source, findings: Findings) -> Document | None:
    """Every object of the file that is well-formed; the problems of the others go to `findings`.

    None where the file is no mapping at all.
    """
    plain = source.root.plain()
    if not isinstance(plain, dict):
        hint = "begin with listen: and zones:"
        findings.error((), "document.bad", f"a configuration is a mapping, not {shown(plain)}", hint=hint)
        return None
    settings = {key: value for key, value in plain.items() if key not in _OBJECT_SECTIONS}
    node = read_mended(DocumentForm, settings, (), findings=findings)
    _judge_listen(plain.get("listen"), findings)
    sections = {key: _section(plain, key, findings) for key in _OBJECT_SECTIONS}
    key_names, zone_names, record_names = (
        dict(_dns_names(sections[key], key, findings)) for key in ("keys", "zones", "records")
    )
    check_names, pool_names = (dict(_object_names(sections[key], key, findings)) for key in ("checks", "pools"))
    reader = CheckReader(frozenset(sections["checks"]), findings)
    return Document(
        file=source.file,
        node=node,
        keys=dict(_read_each(key_names, lambda value, path: _placed(KeyForm, value, path, findings=findings))),
        zones=dict(_read_each(zone_names, lambda value, path: _placed(ZoneForm, value, path, findings=findings))),
        checks=dict(_read_each(check_names, reader.read)),
        pools=dict(_read_each(pool_names, lambda value, path: read_form(PoolForm, value, path, findings=findings))),
        records=dict(_read_each(record_names, lambda value, path: _record(value, path, reader))),
        key_names=frozenset(key_names),
        written_zones=zone_names,
        written_records=record_names,
        pool_names=frozenset(sections["pools"]),
    )


def _judge_listen(written: Plain, findings: Findings) -> None:
    """No address twice, whatever else is wrong beside it."""
    seen: set[str] = set()
    for index, text in enumerate(written if isinstance(written, list) else []):
        try:
            address = parse_listen(str(text))
        except AddressSyntaxError:  # reported by its form
            continue
        if address in seen:
            findings.error(("listen", index), "listen.duplicate", f"{address} stands here twice", hint="leave one out")
        seen.add(address)


_OBJECT_SECTIONS = ("keys", "zones", "checks", "pools", "records")

_K = TypeVar("_K")
_T = TypeVar("_T")
_F = TypeVar("_F", bound=Form)


def _section(plain: Mapping[str, Plain], key: str, findings: Findings) -> Mapping[str, Plain]:
    """A section's objects by their written names; an empty section is one without objects."""
    section = plain.get(key)
    if isinstance(section, dict):
        return section
    if section is not None:
        message = f"{key} is a mapping of names, not {shown(section)}"
        findings.error((key,), "value.type", message, hint="write NAME: ... on lines of their own, indented")
    return {}


def _read_each(items: Mapping[_K, Placed], read: Callable[[Plain, KeyPath], _T | None]) -> Iterator[tuple[_K, _T]]:
    """What can be read of the items."""
    for key, (value, path) in items.items():
        found = read(value, path)
        if found is not None:
            yield key, found


def _dns_names(section: Mapping[str, Plain], key: str, findings: Findings) -> Iterator[tuple[Name, Placed]]:
    """The objects of a section whose names are DNS names, each name once."""
    seen: dict[Name, str] = {}
    for text, value in section.items():
        path = (key, text)
        try:
            name = Name.parse(text)
        except NameSyntaxError as error:
            findings.key_error(path, "name.bad", str(error), hint="write a DNS name such as www.example.com")
            continue
        if name in seen:
            message = f"{shown(text)} is the same name as {shown(seen[name])}"
            findings.key_error(path, "name.duplicate", message, hint="case and a final dot make no difference")
            continue
        seen[name] = text
        yield name, (value, path)


def _object_names(section: Mapping[str, Plain], key: str, findings: Findings) -> Iterator[tuple[str, Placed]]:
    """The objects of a section whose names are words."""
    for text, value in section.items():
        if is_object_name(text):
            yield text, (value, (key, text))
        else:
            message = f"{shown(text)} cannot be the name of one of the {key}"
            findings.key_error((key, text), "name.bad", message, hint=OBJECT_NAME_HINT)


def _placed(form: type[_F], value: Plain, path: KeyPath, *, findings: Findings) -> tuple[_F, KeyPath] | None:
    read = read_mended(form, {} if value is None else value, path, findings=findings)
    return None if read is None else (read, path)


def _record(value: Plain, path: KeyPath, reader: CheckReader) -> WrittenRecord | None:
    """A record's form and its checks, each read whatever the other is like."""
    checks = _record_checks(value, path, reader)
    if isinstance(value, dict):
        _judge_policy([key for key in POLICIES if value.get(key) is not None], path, reader.findings)
    form = read_mended(RecordForm, value, path, findings=reader.findings)
    return None if form is None else WrittenRecord(form, checks, path)


def _judge_policy(given: list[str], path: KeyPath, findings: Findings) -> None:
    hint = "give exactly one of tiers, all and weighted"
    if not given:
        findings.error(path, "record.policy", "the record says nowhere what to answer", hint=hint)
    elif len(given) > 1:
        message = f"the record has {' and '.join(given)}; it follows one policy"
        findings.key_error((*path, given[1]), "record.policy", message, hint=hint)


def _record_checks(value: Plain, path: KeyPath, reader: CheckReader) -> tuple[WrittenCheck, ...] | None:
    written = value.get("check") if isinstance(value, dict) else None
    if written is None:
        return ()
    path = (*path, "check")
    if not isinstance(written, list):
        one = reader.read(written, path)
        return None if one is None else (one,)
    if not written:
        reader.findings.error(path, "value.empty", "nothing is listed here", hint="list at least one check")
    read = reader.read_parts(written, path)
    return read if len(read) == len(written) else None
