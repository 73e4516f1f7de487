"""Transfers that take long: they go on beside, while the zone's other primaries give what they have (ADR 0043).

A primary that drips, or whose path is narrow, keeps no other one from being asked, and no other zone waiting.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from understudy.engine import Zone
from understudy.model.errors import TransferError
from understudy.model.name import Name
from understudy.model.transfer import Primary
from understudy.service.secondary.fetched import FetchedZone
from understudy.service.secondary.turns import OF_ONE
from understudy.zones.secondary import Offer

SLOW_S = 10.0  # chosen: a million records come in it from a server nearby; half as long as what stalls is waited for

Fetch: TypeAlias = Callable[[FetchedZone, Offer], Awaitable[Zone]]
"""Gives the version that is offered. Raises TransferError."""

Arrive: TypeAlias = Callable[[FetchedZone, Offer, Zone | TransferError], Awaitable[None]]
"""Takes what has come after all, or that nothing has."""


class Lingering:
    """Has zones fetched. What of that is slow is known by zone and primary until it has ended."""

    def __init__(self, fetch: Fetch, arrive: Arrive) -> None:
        self._fetch = fetch
        self._arrive = arrive
        self._under_way: dict[tuple[Name, Primary], asyncio.Task[None]] = {}

    async def fetch(self, care: FetchedZone, offer: Offer) -> Zone:
        """The version that is offered. Raises TransferError, also where it takes long and there are other primaries."""
        if len(care.definition.primaries) == 1:
            return await self._fetch(care, offer)
        if (care.definition.name, offer.primary) in self._under_way:
            raise _slow(offer.primary, "goes on beside")
        transfer = asyncio.ensure_future(self._fetch(care, offer))
        is_kept = False
        try:
            await asyncio.wait([transfer], timeout=SLOW_S)
            if transfer.done():
                return transfer.result()
            is_kept = Counter(primary for _, primary in self._under_way)[offer.primary] < OF_ONE
        finally:
            if not is_kept:
                transfer.cancel()
        if not is_kept:
            raise _slow(offer.primary, f"was given up, because {OF_ONE} others of it go on")
        key = (care.definition.name, offer.primary)
        self._under_way[key] = asyncio.ensure_future(self._attend(care, offer, transfer))
        raise _slow(offer.primary, "goes on beside")

    def end(self) -> None:
        """Nothing goes on."""
        for task in self._under_way.values():
            task.cancel()
        self._under_way.clear()

    async def _attend(self, care: FetchedZone, offer: Offer, transfer: asyncio.Future[Zone]) -> None:
        found: Zone | TransferError
        try:
            found = await transfer
        except TransferError as error:
            found = error
        finally:
            self._under_way.pop((care.definition.name, offer.primary), None)
        await self._arrive(care, offer, found)


def _slow(primary: Primary, what: str) -> TransferError:
    message = f"{primary} is slow: a transfer that takes over {SLOW_S:g} s {what}"
    return TransferError(message, code="transfer.slow", subject=primary)
