"""Puts what has come from other servers on disk, while its primaries may be asked again already."""

from __future__ import annotations

import asyncio

from understudy.model.instant import Instant
from understudy.service.catalogs import sweep
from understudy.service.copy_files import disk_text, touch_copy, write_copy
from understudy.service.fetched import FetchedZone
from understudy.service.name_server import NameServer

AT_ONCE = 2  # chosen: whoever waits for the disk leaves threads to those who read what has come
SHARE = 20  # chosen: saving a large zone takes a twentieth of the time at most, however often it changes
PAUSE_S = 1.0  # chosen: so soon another try is made where the disk refused, or a newer version came meanwhile


class Keeping:
    """Writes the copies (ADR 0022)."""

    def __init__(self, server: NameServer) -> None:
        self._server = server
        self._disk = asyncio.Semaphore(AT_ONCE)

    async def keep(self, care: FetchedZone) -> None:
        """Write what is not written, if it is time to."""
        if not care.is_save_due(self._server.clock.now()):
            return
        care.is_saving = True
        try:
            async with self._disk:
                await self._save(care)
        finally:
            care.is_saving = False

    async def _save(self, care: FetchedZone) -> None:
        """Write the version that is here. One that takes long is written less often."""
        loaded, refreshed_at = care.loaded, care.secondary.refreshed_at
        is_gone = self._server.fetched.get(care.definition.name) is not care  # while it waited for the disk
        if is_gone or loaded is None or refreshed_at is None:
            return
        await sweep(self._server)
        begun = self._server.clock.now()
        try:
            await asyncio.to_thread(write_copy, care.definition.file, loaded.zone, refreshed_at)
        except OSError as error:
            self._tell_disk(care, error)
        else:
            care.is_saved = care.loaded is not None and care.loaded.zone is loaded.zone
            self._server.alarms.clear(f"copy/{care.definition.name}", self._server.clock.now())
            await self._catch_up(care, refreshed_at)
        now = self._server.clock.now()
        care.save_due = now + SHARE * (now - begun) + (0.0 if care.is_saved else PAUSE_S)

    async def _catch_up(self, care: FetchedZone, refreshed_at: Instant) -> None:
        """A primary may have confirmed the version while it was written."""
        latest = care.secondary.refreshed_at
        if care.is_saved and latest is not None and latest > refreshed_at:
            await self.touch(care)

    async def touch(self, care: FetchedZone) -> None:
        """A primary says again that this is its version."""
        refreshed_at = care.secondary.refreshed_at
        if refreshed_at is None:
            return
        try:
            await asyncio.to_thread(touch_copy, care.definition.file, refreshed_at)
        except OSError as error:
            care.is_saved = False
            self._tell_disk(care, error)

    def _tell_disk(self, care: FetchedZone, error: OSError) -> None:
        text = f"{care.definition.name} is not kept on disk, a restart would fetch it anew: {disk_text(error)}"
        self._server.alarms.raise_alarm(f"copy/{care.definition.name}", text, self._server.clock.now())
