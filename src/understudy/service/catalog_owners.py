"""Which catalog the zones come from that several list, or none any more: kept beside the copies, for the next start.

Everything else about catalogs is read from their versions (ADR 0027).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from understudy.config.zones import COPIES
from understudy.model.name import Name
from understudy.service.copy_files import write_whole

_FILE = "owners.json"  # no zone's copy is called so: those end otherwise


def read_owners(state_dir: Path) -> dict[Name, Name]:
    """What an earlier run left, none if it left nothing. Blocks. Raises OSError, ValueError (it is damaged)."""
    try:
        text = _path(state_dir).read_text(encoding="ascii")
    except FileNotFoundError:
        return {}
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError(f"{_FILE} has no zones in it")  # noqa: TRY004  # damaged, like any other damage
    return {Name.parse(str(zone)): Name.parse(str(owner)) for zone, owner in found.items()}


def write_owners(state_dir: Path, owners: Mapping[Name, Name]) -> None:
    """Put them in the place of the ones before. Blocks. Raises OSError."""
    path = _path(state_dir)
    if not owners:
        path.unlink(missing_ok=True)
        return
    text = json.dumps({str(zone): str(owner) for zone, owner in owners.items()})
    write_whole(path, text)


def _path(state_dir: Path) -> Path:
    return state_dir / COPIES / _FILE
