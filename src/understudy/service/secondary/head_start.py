"""Zones that are not here yet, asked for as soon as the configuration is known to be valid (ADR 0037).

They come, in threads of the engine, while the server that answers them is still imported, opened and begun. Nothing is
imported here that was not needed to read the configuration: it would be waited for first.
"""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path
from typing import Self

from understudy.engine import Gathering
from understudy.model.configuration import Configuration
from understudy.model.frozen import frozen
from understudy.model.name import Name
from understudy.model.transfer import Primary
from understudy.model.zone import DigestRule, ZoneDefinition, ZoneSource
from understudy.service.candidate import Candidate
from understudy.service.secondary.contact import Contact, Wanted, begin_gathering

MANY = 8  # chosen: fewer are here as soon if each is asked for by itself
AT_ONCE = 4  # chosen: primaries, each of which keeps two threads busy


@frozen
class _Begun:
    """What was asked for, of whom, and what fetches it."""

    wanted: Wanted
    contact: Contact
    gathering: Gathering | None


class HeadStart:
    """What was begun early; whoever asks for the very same has what came of it, once."""

    def __init__(self) -> None:
        self._begun: dict[Primary, _Begun] = {}

    @classmethod
    def of(cls, candidate: Candidate) -> Self:
        """Begin with what is as good as certain to be asked for; whether it is wanted is seen when it is taken."""
        found = cls()
        for primary, origins in list(_missing(candidate.configuration).items())[:AT_ONCE]:
            contact = _contact(primary, candidate)
            if contact is not None:
                wanted = dict.fromkeys(origins)
                found._begun[primary] = _Begun(wanted, contact, begin_gathering(wanted, contact))
        return found

    def gathering(self, wanted: Wanted, contact: Contact) -> Gathering | None:
        """As `begin_gathering`, or what was begun with exactly this."""
        begun = self._begun.pop(contact.primary, None)
        if begun is not None and (begun.wanted, begun.contact) == (wanted, contact):
            return begun.gathering
        return begin_gathering(wanted, contact)


def comes_with_others(definition: ZoneDefinition, configuration: Configuration) -> bool:
    """Whether anything that its only primary has can be answered as it is, by what is written of the zone."""
    return (
        definition.source is ZoneSource.TRANSFER
        and len(definition.primaries) == 1
        and definition.members is None
        and definition.zonemd is not DigestRule.REQUIRE
        and not configuration.records_in(definition.name)
    )


def _missing(configuration: Configuration) -> dict[Primary, list[Name]]:
    """The zones of which an earlier run left no copy, in the order of the file, of primaries that have many of them."""
    left: dict[Path, frozenset[str]] = {}
    found: defaultdict[Primary, list[Name]] = defaultdict(list)
    for origin, definition in configuration.zones.items():
        if not comes_with_others(definition, configuration):
            continue
        folder = definition.file.parent
        if folder not in left:
            left[folder] = _names_in(folder)
        if definition.file.name not in left[folder]:
            found[definition.primaries[0]].append(origin)
    return {primary: origins for primary, origins in found.items() if len(origins) >= MANY}


def _names_in(folder: Path) -> frozenset[str]:
    """What is in a folder; nothing where it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return frozenset(entry.name for entry in entries)
    except OSError:
        return frozenset()


def _contact(primary: Primary, candidate: Candidate) -> Contact | None:
    """None: its key has no secret that can be read."""
    if primary.key is None:
        return Contact(primary)
    secret = candidate.key_secrets.get(primary.key)
    return None if secret is None else Contact(primary, candidate.configuration.keys[primary.key], secret)
