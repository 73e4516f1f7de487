"""The catalogs of the configuration (RFC 9432): lists of the zones that are handed on."""

from __future__ import annotations

from understudy.engine import Zone
from understudy.model.configuration import Configuration
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.zone import ZoneDefinition, ZoneSource
from understudy.service.zone_table import LoadedZone
from understudy.zones.catalog import catalog_text


def make_catalogs(configuration: Configuration, now: Instant) -> dict[Name, LoadedZone]:
    """Each catalog as a zone. Its members are those that the configuration names, whether or not they can be read."""
    definitions = configuration.zones.values()
    catalogs = [each for each in definitions if each.source is ZoneSource.CATALOG]
    return {each.name: _catalog(each, configuration, now) for each in catalogs}


def _catalog(definition: ZoneDefinition, configuration: Configuration, now: Instant) -> LoadedZone:
    name = definition.name
    members = {
        each.name: each.transfer.group
        for each in configuration.zones.values()
        if each.source is not ZoneSource.CATALOG and each.transfer is not None
        if each.transfer.catalogs is None or name in each.transfer.catalogs
    }
    zone = Zone.parse(name.absolute, catalog_text(members).encode("ascii"))
    return LoadedZone(definition, zone, now)
