"""Versions whose message digest is wrong are not used (ZONEMD, RFC 8976). What requires it blocks while it is made."""

from __future__ import annotations

from understudy.engine import Zone, ZoneFileError
from understudy.model.errors import TransferError
from understudy.model.zone import DigestRule, ZoneDefinition
from understudy.zones.zonemd import objection

_ZONEMD = 63  # RFC 8976 2.1


def _objection(definition: ZoneDefinition, zone: Zone) -> str:
    if definition.zonemd is DigestRule.IGNORE:
        return ""
    return objection(zone.verify_zonemd(), definition.zonemd)


def has_digest(zone: Zone) -> bool:
    """Whether there is one to be made again. Looking whether one is missing takes no time."""
    return zone.rrset(zone.origin, _ZONEMD) is not None


def require_file_digest(definition: ZoneDefinition, zone: Zone) -> None:
    """Of a version that was read from a file. Raises ZoneFileError."""
    why = _objection(definition, zone)
    if why:
        error = ZoneFileError(why)
        error.problems, error.warnings = [(str(definition.file), 1, 1, "zone.zonemd", why)], zone.warnings
        raise error


def require_sent_digest(definition: ZoneDefinition, zone: Zone) -> None:
    """Of a version that another server sent. Raises TransferError."""
    why = _objection(definition, zone)
    if why:
        raise TransferError(f"serial {zone.serial}: {why}", code="transfer.zonemd")
