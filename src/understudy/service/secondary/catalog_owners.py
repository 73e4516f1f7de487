"""Which catalog the zones come from that several list, or none any more: kept beside the copies, for the next start.

Everything else about catalogs is read from their versions (ADR 0027).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from understudy.config.zones import COPIES
from understudy.model.name import Name
from understudy.service.copy_files import write_whole

_FILE = "owners.json"  # no zone's copy is called so: those end otherwise
_CHECKSUM, _ZONES = "checksum", "zones"


def read_owners(state_dir: Path) -> dict[Name, Name]:
    """What an earlier run left, none if it left nothing. Blocks. Raises OSError, ValueError (it is damaged)."""
    try:
        text = owners_path(state_dir).read_text(encoding="ascii")
    except FileNotFoundError:
        return {}
    found = json.loads(text)
    zones = _proven(found) if isinstance(found, dict) and isinstance(found.get(_ZONES), dict) else found
    if not isinstance(zones, dict) or not all(isinstance(owner, str) for owner in zones.values()):
        raise ValueError(f"{_FILE} has no zones in it")
    return {Name.parse(zone): Name.parse(owner) for zone, owner in zones.items()}


def _proven(found: Mapping[str, object]) -> object:
    """The zones; what an earlier version wrote has no checksum, and nothing around them. Raises ValueError."""
    if found.get(_CHECKSUM) != _checksum(found[_ZONES]):
        raise ValueError(f"{_FILE} is not what was written here (its checksum is another one)")
    return found[_ZONES]


def _checksum(zones: object) -> str:
    return hashlib.sha256(json.dumps(zones).encode()).hexdigest()


def write_owners(state_dir: Path, owners: Mapping[Name, Name]) -> None:
    """Put them in the place of the ones before. Blocks. Raises OSError."""
    path = owners_path(state_dir)
    if not owners:
        path.unlink(missing_ok=True)
        return
    zones = {str(zone): str(owner) for zone, owner in owners.items()}
    write_whole(path, json.dumps({_CHECKSUM: _checksum(zones), _ZONES: zones}))


def owners_path(state_dir: Path) -> Path:
    """Where they are."""
    return state_dir / COPIES / _FILE
