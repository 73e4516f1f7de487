"""Much work in the event loop's thread, some at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


async def in_portions(items: Iterable[T], do: Callable[[list[T]], None], most: int) -> None:
    """Call `do` with `most` of them at a time; others have their turn between.

    Nothing stays half done: whoever ends this in the middle has the rest done at once.
    """
    left = iter(items)
    try:
        while portion := list(islice(left, most)):
            do(portion)
            await asyncio.sleep(0)
    finally:
        if rest := list(left):
            do(rest)
