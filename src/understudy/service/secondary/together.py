"""Conversations with one primary about many zones at once: what it has of them, and the zones themselves.

They are held in threads of the engine (ADR 0035, ADR 0041). Of what does not come as it should nothing is said; whoever
wants it asks for it by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import TypeAlias, TypeVar

from understudy.engine import Gathering, Zone
from understudy.model.errors import TransferError
from understudy.model.name import Name
from understudy.service.secondary.contact import Contact, Wanted, begin_gathering, begin_survey
from understudy.zones.secondary import Offer

TAKE_S = 0.25  # chosen: how long a thread waits at the end of the process for what is not wanted any more
_MISUNDERSTOOD = frozenset(("FORMERR", "NOTIMP"))  # it may know no EDNS, and is asked without

Portions: TypeAlias = AsyncGenerator[list[tuple[Name, Zone | TransferError]], None]
"""Zones as they come, some at a time, or that the primary says no. Whoever closes it gives up what has not come."""

Answers: TypeAlias = AsyncGenerator[list[tuple[Name, Offer | TransferError]], None]
"""What the primary has, likewise; an empty portion says that nothing has come for a while."""

Begin: TypeAlias = Callable[[Wanted, Contact], Gathering | None]
"""What has zones asked for; None where it cannot be done."""

T = TypeVar("T")


async def gather(wanted: Wanted, contact: Contact, begin: Begin = begin_gathering) -> Portions:
    """Zones, or newer versions of them, some at a time as they come."""
    gathering = begin(wanted, contact)
    if gathering is None:  # each is asked for by itself
        return
    origins = list(wanted)
    async with aclosing(_portions(gathering.take)) as portions:
        async for found in portions:
            if not found:
                continue
            yield [
                (origins[place], _refusal(contact, each) if isinstance(each, str) else each)
                for place, each in found
                if each not in _MISUNDERSTOOD
            ]


async def survey(origins: Sequence[Name], contact: Contact) -> Answers:
    """What a primary has of its zones, some at a time as it answers."""
    surveying = begin_survey(origins, contact)
    if surveying is None:
        return
    async with aclosing(_portions(surveying.take)) as portions:
        async for found in portions:
            yield [
                (origins[place], _refusal(contact, each) if isinstance(each, str) else Offer(contact.primary, *each))
                for place, each in found
                if each not in _MISUNDERSTOOD
            ]


async def _portions(take: Callable[[float], list[T] | None]) -> AsyncGenerator[list[T], None]:
    """What is taken, in a thread of its own: whoever else hands work to threads does not wait for primaries."""
    loop, waiter = asyncio.get_running_loop(), ThreadPoolExecutor(1, thread_name_prefix="zones")
    try:
        while (found := await loop.run_in_executor(waiter, take, TAKE_S)) is not None:
            yield found
    finally:
        waiter.shutdown(wait=False, cancel_futures=True)


def _refusal(contact: Contact, rcode: str) -> TransferError:
    return TransferError(f"{contact.primary} answered {rcode}", code="transfer.refused", subject=contact.primary)
