"""Puts what has come from other servers on disk, while its primaries may be asked again already."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Iterable, Sequence

from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.service.alarms import Cause
from understudy.service.copy_files import Unwritten, disk_text, touch_copy, write_copies
from understudy.service.name_server import NameServer
from understudy.service.own_address import error_text
from understudy.service.secondary.catalogs import sweep
from understudy.service.secondary.fetched import FetchedZone

AT_ONCE = 2  # chosen: whoever waits for the disk leaves threads to those who read what has come
SHARE = 20  # chosen: saving a large zone takes a twentieth of the time at most, however often it changes
TOGETHER = 64  # chosen: more at a time save nothing where it was measured
RECORDS_TOGETHER = 20_000  # chosen: what is written in a tenth of a second or two
_REMEDY = "free space or repair the disk; it is written as soon as the disk allows"
PAUSE_S = 1.0  # chosen: so soon another try is made where the disk refused, or a newer version came meanwhile


@frozen
class _Writing:
    """What is written of a zone, and when a primary had confirmed that."""

    care: FetchedZone
    copy: Unwritten
    refreshed_at: Instant

    @property
    def weight(self) -> int:
        """The part that it has of the work."""
        return self.copy.zone.record_count + 1

    @property
    def is_confirmed_since(self) -> bool:
        """Whether a primary has confirmed the version while it was written."""
        latest = self.care.secondary.refreshed_at
        return self.care.is_saved and latest is not None and latest > self.refreshed_at


class Keeping:
    """Writes the copies (ADR 0022), those that wait for the disk together."""

    def __init__(self, server: NameServer) -> None:
        self._server = server
        self._disk = asyncio.Semaphore(AT_ONCE)
        self._waiting: dict[Name, FetchedZone] = {}

    async def keep(self, care: FetchedZone) -> None:
        """Write what is not written, if it is time to; with others that wait, whoever asked for them."""
        if not care.is_save_due(self._server.clock.now()):
            return
        origin = care.definition.name
        self._waiting[origin], care.is_saving = care, True
        try:
            async with self._disk:
                if batch := self._take():
                    await self._save(batch)
        finally:
            if self._waiting.get(origin) is care:
                del self._waiting[origin]
                care.is_saving = False

    def _take(self) -> list[FetchedZone]:
        """Some of those that wait, the first ones; a large zone does not hold up many small ones."""
        batch: list[FetchedZone] = []
        records = 0
        for origin, care in list(self._waiting.items())[:TOGETHER]:
            records += care.loaded.zone.record_count if care.loaded is not None else 0
            if batch and records > RECORDS_TOGETHER:
                break
            batch.append(self._waiting.pop(origin))
        return batch

    async def _save(self, batch: Sequence[FetchedZone]) -> None:
        try:
            await sweep(self._server)
            writings = [writing for care in batch if (writing := self._writing(care)) is not None]
            if writings:
                await self._write(writings)
        finally:
            for care in batch:
                care.is_saving = False

    def _writing(self, care: FetchedZone) -> _Writing | None:
        """The version that is here; None: the zone went while it waited for the disk."""
        loaded, refreshed_at = care.loaded, care.secondary.refreshed_at
        is_gone = self._server.fetched.get(care.definition.name) is not care
        if is_gone or loaded is None or refreshed_at is None:
            return None
        return _Writing(care, Unwritten(care.definition.file, loaded.zone, self._civil(refreshed_at)), refreshed_at)

    async def _write(self, writings: Sequence[_Writing]) -> None:
        """Zones that take long are written less often."""
        begun = self._server.clock.now()
        refusals = await asyncio.to_thread(write_copies, [writing.copy for writing in writings])
        now = self._server.clock.now()
        each_s = (now - begun) / sum(writing.weight for writing in writings)
        for writing, refusal in zip(writings, refusals, strict=True):
            care = writing.care
            if refusal is not None:
                self._tell_disk(care, refusal)
            else:
                care.is_saved = care.loaded is not None and care.loaded.zone is writing.copy.zone
                care.disk_problem = ""
                self._server.alarms.clear(f"copy/{care.definition.name}", now)
            care.save_due = now + SHARE * each_s * writing.weight + (0.0 if care.is_saved else PAUSE_S)
        await self.touch([writing.care for writing in writings if writing.is_confirmed_since])

    async def touch(self, cares: Iterable[FetchedZone]) -> None:
        """Primaries say again that these are their versions. What is not written has that told when it is."""
        times = [
            (care, self._civil(care.secondary.refreshed_at))
            for care in cares
            if care.is_saved and care.loaded is not None and care.secondary.refreshed_at is not None
        ]
        for care, error in await asyncio.to_thread(_touch, times) if times else ():
            care.is_saved = False
            self._tell_disk(care, error)

    def _civil(self, instant: Instant) -> float:
        """As the next start will read it, which begins with the civil time of then."""
        return instant + self._server.clock.civil_shift_s()

    def _tell_disk(self, care: FetchedZone, error: OSError) -> None:
        where = "" if error.filename is not None else f"{care.definition.file}: "
        text = (
            f"{care.definition.name} is not kept on disk as it is answered, and a restart without a primary would"
            f" answer what was kept before, if anything was: {where}{disk_text(error)} ({_REMEDY})"
        )
        care.disk_problem = error_text(error)
        folder, name = care.definition.file.parent, errno.errorcode.get(error.errno or 0, "unknown")
        what = "not kept on disk as they are answered (a restart without a primary would answer what was kept before)"
        cause = Cause(f"copies/{name}", what, f"{folder}: {error_text(error)}; {_REMEDY}")
        self._server.alarms.raise_alarm(f"copy/{care.definition.name}", text, self._server.clock.now(), cause=cause)


def _touch(times: Sequence[tuple[FetchedZone, float]]) -> list[tuple[FetchedZone, OSError]]:
    """Blocks; those that refused."""
    found = []
    for care, refreshed_at in times:
        try:
            touch_copy(care.definition.file, refreshed_at)
        except OSError as error:
            found.append((care, error))
    return found
