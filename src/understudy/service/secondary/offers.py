"""What the primaries of a zone have to offer, without waiting for those that are dead."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from typing import TypeAlias

from understudy.model.errors import TransferError
from understudy.model.frozen import frozen
from understudy.zones.secondary import Offer, worth_fetching

Answer = Offer | TransferError
Question: TypeAlias = Callable[[], Awaitable[Answer]]
"""Asks one primary."""

GRACE_S = 0.25  # chosen: primaries on one continent are heard within it, and a change can wait so long


@frozen
class Questions:
    """To those that are likely to answer, and to those that have been silent lately; `are_all_wanted`: to all at once.

    Where all are silent, they are the likely ones.
    """

    likely: Sequence[Question]
    unlikely: Sequence[Question] = ()
    are_all_wanted: bool = False


async def gather_offers(questions: Questions, held: int | None) -> AsyncGenerator[list[Answer], None]:
    """The answers to the questions, in their order: first those that are there soon, then all others.

    As soon as somebody has something newer than the serial held, the others have GRACE_S more: a dead primary must
    not hold up a change that a living one has. The unlikely have no such time. Unless they are wanted they are not
    asked at all where a likely one has what is held, and nobody something newer. What is still asked when the caller
    leaves is given up.
    """
    likely = _ask(questions.likely)
    unlikely = _ask(questions.unlikely) if questions.are_all_wanted else []
    try:
        left = set(likely)
        while left and not _has_newer([*likely, *unlikely], held):
            _, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
        if left:
            _, left = await asyncio.wait(left, timeout=GRACE_S)
        late = {*left, *(task for task in unlikely if not task.done())}
        yield [task.result() for task in [*likely, *unlikely] if task not in late]
        if not questions.are_all_wanted and not await _is_settled(likely, held):
            unlikely = _ask(questions.unlikely)
            late.update(unlikely)
        if late:
            await asyncio.wait(late)
            yield [task.result() for task in [*likely, *unlikely] if task in late]
    finally:
        for task in [*likely, *unlikely]:
            task.cancel()


def _ask(questions: Iterable[Question]) -> list[asyncio.Future[Answer]]:
    return [asyncio.ensure_future(question()) for question in questions]


def _offers(tasks: Iterable[asyncio.Future[Answer]]) -> list[Offer]:
    answers = (task.result() for task in tasks if task.done())
    return [answer for answer in answers if isinstance(answer, Offer)]


def _has_newer(tasks: Iterable[asyncio.Future[Answer]], held: int | None) -> bool:
    return bool(worth_fetching(_offers(tasks), held))


async def _is_settled(tasks: Sequence[asyncio.Future[Answer]], held: int | None) -> bool:
    """Whether somebody has what is held, and nobody something newer; that is known when all have answered."""
    if not tasks:
        return False
    await asyncio.wait(tasks)
    return not _has_newer(tasks, held) and any(offer.serial == held for offer in _offers(tasks))


def longest(offers: Iterable[Offer]) -> Offer | None:
    """Of offers of one version that which is good for longest: who does not say is the primary (RFC 7314 4)."""
    return max(offers, key=lambda offer: math.inf if offer.expire_s is None else offer.expire_s, default=None)


def worn_out(offer: Offer) -> TransferError:
    """That what is held expires there too."""
    text = f"{offer.primary} has serial {offer.serial} too, and has not heard its own primary for too long either"
    return TransferError(text, code="transfer.expired", subject=offer.primary)


def behind(offer: Offer, held: int | None) -> TransferError:
    """That the offer is older than what is held."""
    text = f"{offer.primary} has serial {offer.serial}, older than {held}"
    return TransferError(text, code="transfer.behind", subject=offer.primary)
