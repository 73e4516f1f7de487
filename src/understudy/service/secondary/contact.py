"""A primary and what is signed with; and how many of its zones are asked for at once."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TypeAlias

from understudy.engine import Gathering, SerialSurvey, TsigKey, Zone
from understudy.model.frozen import frozen
from understudy.model.key import Key
from understudy.model.name import Name
from understudy.model.transfer import Primary

LIMIT_OCTETS = 2 << 30  # chosen: about twenty million records, of messages and in memory


@frozen
class Contact:
    """A primary, and the key that both sides sign with (RFC 8945) with its secret; None: nothing is signed."""

    primary: Primary
    key: Key | None = None
    secret: bytes = field(default=b"", repr=False)

    def tsig_key(self) -> TsigKey | None:
        """What to sign with; None: nothing is signed."""
        return None if self.key is None else TsigKey(self.key.name.absolute, self.key.algorithm, self.secret)


Wanted: TypeAlias = Mapping[Name, Zone | None]
"""Zones that are wanted whole (None), and those of which newer versions than this one are."""


def begin_gathering(wanted: Wanted, contact: Contact) -> Gathering | None:
    """Ask for zones, in threads of the engine; None: no threads, or an address with a scope."""
    try:
        return Gathering(
            str(contact.primary),
            [origin.absolute if held is None else held for origin, held in wanted.items()],
            first_id=secrets.randbelow(1 << 16),
            limit_octets=LIMIT_OCTETS,
            key=contact.tsig_key(),
            via=contact.primary.via or None,
        )
    except (OSError, ValueError):
        return None


def begin_survey(origins: Sequence[Name], contact: Contact) -> SerialSurvey | None:
    """Ask for the serials of zones, as `begin_gathering`."""
    try:
        return SerialSurvey(
            str(contact.primary),
            [origin.absolute for origin in origins],
            first_id=secrets.randbelow(1 << 16),
            key=contact.tsig_key(),
            via=contact.primary.via or None,
        )
    except (OSError, ValueError):
        return None
