"""What the primaries of a zone have to offer, without waiting for those that are dead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Iterable

from understudy.model.errors import TransferError
from understudy.zones.secondary import Offer, worth_fetching

Answer = Offer | TransferError

GRACE_S = 0.25  # chosen: primaries on one continent are heard within it, and a change can wait so long


async def gather_offers(
    questions: Iterable[Coroutine[None, None, Answer]], held: int | None
) -> AsyncGenerator[list[Answer], None]:
    """The answers to the questions, in their order: first those that are there soon, then all others.

    As soon as somebody has something newer than the serial held, the others have GRACE_S more: a dead primary must
    not hold up a change that a living one has. What is still asked when the caller leaves is given up.
    """
    tasks = [asyncio.ensure_future(question) for question in questions]
    try:
        left = set(tasks)
        while left and not _has_newer(tasks, held):
            _, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
        if left:
            _, left = await asyncio.wait(left, timeout=GRACE_S)
        yield [task.result() for task in tasks if task not in left]
        if left:
            await asyncio.wait(left)
            yield [task.result() for task in tasks if task in left]
    finally:
        for task in tasks:
            task.cancel()


def _has_newer(tasks: Iterable[asyncio.Task[Answer]], held: int | None) -> bool:
    answers = (task.result() for task in tasks if task.done())
    return bool(worth_fetching((answer for answer in answers if isinstance(answer, Offer)), held))


def behind(offer: Offer, held: int | None) -> TransferError:
    """That the offer is older than what is held."""
    return TransferError(f"{offer.primary} has serial {offer.serial}, older than {held}", code="transfer.behind")
