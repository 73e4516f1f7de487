"""The catalogs of the configuration (RFC 9432): lists of the zones that are handed on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from understudy.engine import Zone
from understudy.model.configuration import Configuration
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.zone import ZoneDefinition, ZoneSource
from understudy.service.zone_table import LoadedZone
from understudy.zones.catalog import Member, catalog_text


def make_catalogs(
    configuration: Configuration, now: Instant, known: Mapping[Name, LoadedZone]
) -> dict[Name, LoadedZone]:
    """Each catalog as a zone. Its members are those that the configuration names, whether or not they can be read.

    One that is `known` with the same content stays what it is.
    """
    definitions = configuration.zones.values()
    catalogs = [each for each in definitions if each.source is ZoneSource.CATALOG]
    return {each.name: _catalog(each, configuration, now, known=known.get(each.name)) for each in catalogs}


def _catalog(
    definition: ZoneDefinition, configuration: Configuration, now: Instant, *, known: LoadedZone | None
) -> LoadedZone:
    name = definition.name
    members = {
        each.name: Member(each.transfer.group, None if each.transfer.given_to == name else each.transfer.given_to)
        for each in configuration.zones.values()
        if each.source is not ZoneSource.CATALOG and each.transfer is not None
        if each.transfer.catalogs is None or name in each.transfer.catalogs
    }
    text = catalog_text(members).encode("ascii")
    digest = hashlib.sha256(text).digest()
    if known is not None and known.digest == digest:
        return known.defined(definition)
    return LoadedZone(definition, Zone.parse(name.absolute, text), now, digest=digest)
