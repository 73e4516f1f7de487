"""What the primaries of a zone say that they have, and the version that one of them gives."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

from understudy.engine import Zone
from understudy.model.errors import TransferError
from understudy.model.name import Name
from understudy.model.transfer import Primary
from understudy.model.zone import ZoneDefinition
from understudy.service.digests import require_sent_digest
from understudy.service.fetched import FetchedZone
from understudy.service.name_server import NameServer
from understudy.service.transfers import Contact, ask_serial, fetch
from understudy.zones.secondary import Offer


@dataclass(frozen=True, slots=True)
class Conversation:
    """How primaries are spoken to."""

    ask_serial: Callable[[Name, Contact], Awaitable[int]] = ask_serial
    fetch: Callable[[Name, Contact, Zone | None], Awaitable[Zone | None]] = fetch
    chance: Callable[[], float] = random.random


class Inquiry:
    """Speaks to primaries, with their keys."""

    def __init__(self, server: NameServer, conversation: Conversation) -> None:
        self._server = server
        self._talk = conversation

    async def offers(self, definition: ZoneDefinition) -> list[Offer | TransferError]:
        """What every primary has, or why that cannot be known; all are asked at once."""
        return await asyncio.gather(*self.questions(definition))

    def questions(self, definition: ZoneDefinition) -> Iterator[Coroutine[Any, Any, Offer | TransferError]]:
        """One to each primary, to be awaited as one likes."""
        return (self._offer(definition.name, each) for each in definition.primaries)

    async def whole(self, definition: ZoneDefinition, primary: Primary) -> Zone:
        """All of a zone, whatever is here. Raises TransferError."""
        zone = await self._talk.fetch(definition.name, self._contact(primary), None)
        if zone is None:
            raise TransferError(f"{primary} has nothing any more", code="transfer.behind")
        return zone

    async def fetch(self, care: FetchedZone, offer: Offer, *, is_whole: bool) -> Zone:
        """The version that a primary offers. Raises TransferError."""
        origin, newest = care.definition.name, care.newest.zone if care.newest and not is_whole else None
        try:
            zone = await self._talk.fetch(origin, self._contact(offer.primary), newest)
        except TransferError as error:
            if error.code != "transfer.behind":
                raise
            zone = None
        if zone is None:
            message = (
                f"{offer.primary} says that it has serial {offer.serial}, and gives nothing newer than {care.serial}"
            )
            raise TransferError(message, code="transfer.false-serial")
        await asyncio.to_thread(require_sent_digest, care.definition, zone)
        return zone

    async def _offer(self, origin: Name, primary: Primary) -> Offer | TransferError:
        try:
            return Offer(primary, await self._talk.ask_serial(origin, self._contact(primary)))
        except TransferError as error:
            return error

    def _contact(self, primary: Primary) -> Contact:
        """Raises TransferError: its key has no secret that can be read."""
        if primary.key is None:
            return Contact(primary)
        found = self._server.notifier.keys.get(primary.key)
        if found is None:
            message = f"{primary} is not asked: the secret of the key {primary.key} cannot be read"
            raise TransferError(message, code="transfer.key")
        return Contact(primary, *found)
