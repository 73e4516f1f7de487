"""Names of keys, catalogs and pools that zones and records mention, found whatever else is wrong beside them."""

from __future__ import annotations

from collections.abc import Container, Iterator

from understudy.config.document import POLICIES
from understudy.config.fields import is_object_name
from understudy.config.findings import Findings
from understudy.config.pools import PoolTable
from understudy.config.reading import Document
from understudy.config.source import KeyPath, Plain
from understudy.config.transfers import KeyTable
from understudy.model.name import Name, NameSyntaxError


def judge_mentions(document: Document, keys: KeyTable, pools: PoolTable, *, findings: Findings) -> None:
    """What is mentioned has to be defined, and is used: so one fault hides no other, nor is one that it causes told."""
    catalogs = {name for name, (value, _) in document.written_zones.items() if _is_catalog(value)}
    for value, path in document.written_zones.values():
        for name, where in _named(_keys(value, path)):
            keys.use(name, where)
        _judge_catalogs(value, path, catalogs, findings=findings)
    for value, path in document.written_records.values():
        for pool, where in _pools(value, path):
            pools.mention(pool, where)


_Mention = tuple[str, KeyPath]


def _is_catalog(zone: Plain) -> bool:
    return isinstance(zone, dict) and zone.get("source") == "catalog"


def _judge_catalogs(zone: Plain, path: KeyPath, catalogs: Container[Name], *, findings: Findings) -> None:
    """Those that list a zone have to be catalogs of this file."""
    transfer = zone.get("transfer") if isinstance(zone, dict) else None
    listed = transfer.get("catalogs") if isinstance(transfer, dict) else None
    for name, where in _named(_texts(listed, (*path, "transfer", "catalogs"))):
        if name not in catalogs:
            hint = "define it: {source: catalog, transfer: ...}"
            findings.error(where, "reference.unknown", f"no catalog is called '{name}'", hint=hint)


def _keys(value: Plain, path: KeyPath) -> Iterator[_Mention]:
    """Every `key` of a zone, however deep: its own, of primaries, of those who may fetch it and are told."""
    if isinstance(value, dict):
        for step, item in value.items():
            if step == "key" and isinstance(item, str):
                yield item, (*path, step)
            elif isinstance(item, dict | list):
                yield from _keys(item, (*path, step))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict | list):
                yield from _keys(item, (*path, index))


def _pools(record: Plain, path: KeyPath) -> Iterator[_Mention]:
    """What a record names where a pool may stand, by whichever policy. Addresses cannot be names of pools."""
    written = record if isinstance(record, dict) else {}
    for policy in POLICIES:
        if isinstance(written.get(policy), list) or policy != "tiers":  # tiers are a list always; that is told
            yield from _objects(_texts(written.get(policy), (*path, policy)))
    yield from _objects(_texts([written.get("fallback")], (*path, "fallback")))


def _texts(listed: Plain, path: KeyPath) -> Iterator[_Mention]:
    for index, item in enumerate(listed if isinstance(listed, list) else [listed]):
        if isinstance(item, str):
            yield item, (*path, index)


def _objects(mentions: Iterator[_Mention]) -> Iterator[_Mention]:
    return (mention for mention in mentions if is_object_name(mention[0]))


def _named(mentions: Iterator[_Mention]) -> Iterator[tuple[Name, KeyPath]]:
    """What is no name at all is told by its form."""
    for text, path in mentions:
        try:
            yield Name.parse(text), path
        except NameSyntaxError:
            continue
