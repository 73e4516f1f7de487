"""Additions to the log of desired state, as a server makes them that goes on without a disk."""

from __future__ import annotations

from understudy.model.frozen import frozen
from understudy.model.log import LogEntry
from understudy.service.name_server import NameServer
from understudy.store.draft import Draft
from understudy.store.store import NotDurableError

VOLATILE_HINT = "there is no disk for it, see the alarm store/volatile in `understudy status`"


@frozen
class Written:
    """An entry that is in force. `warning` is empty, or says that it would not survive the end of the process yet."""

    entry: LogEntry
    warning: str = ""


async def write(server: NameServer, draft: Draft, *, expected_generation: int | None = None) -> Written:
    """Add to the log; None expects the present generation. Raises StaleGenerationError, StoreError.

    A disk that refuses costs durability, with an alarm, and nothing else (semantics 5.5).
    """
    generation = server.store.desired.generation if expected_generation is None else expected_generation
    try:
        entry = await server.store.append(draft, expected_generation=generation)
    except NotDurableError as error:
        server.look_at_store()
        return Written(error.entry, f"{error.message} ({error.hint})")
    if server.store.statistics().volatile:
        return Written(entry, f"generation {entry.generation} does not survive a restart: {VOLATILE_HINT}")
    return Written(entry)
