"""What the histories of zones begin with, on disk: so what changed while nobody served is a difference (ADR 0034)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from understudy.clock.clock import Clock
from understudy.config.zones import copy_name
from understudy.engine import Zone, ZoneFileError
from understudy.model.name import Name
from understudy.model.version import ZoneVersion
from understudy.service.alarms import Alarms
from understudy.service.copy_files import disk_text, write_copy
from understudy.service.damage import ALARM, Damage, is_set_aside, set_aside
from understudy.store.versions import HISTORY_OCTETS

FOLDER = "handed-on"
RENEW_OCTETS = HISTORY_OCTETS // 2  # chosen: written anew long before the oldest difference is forgotten

RETRY_S = 60.0  # chosen: a disk that was mended is found within a minute


class Bases:
    """One version of each zone; the differences since are in the store, and together they are the last version.

    Writing costs by the zone and is rare: where a history begins, and after every RENEW_OCTETS of differences.
    """

    def __init__(self, clock: Clock, alarms: Alarms, state_dir: Callable[[], Path]) -> None:
        self._clock = clock
        self._alarms = alarms
        self._state_dir = state_dir
        self._wanted: dict[Name, Zone] = {}
        self._octets: dict[Name, int] = {}
        self._files: set[str] | None = None  # those that may be there
        self._news = asyncio.Event()
        self._is_untidy = True  # zones may have gone from the configuration while nobody served
        self.handed_on: Callable[[], Collection[Name] | None] = lambda: None
        """Told by whoever knows all zones that are handed on, whether or not they are here; None: that is not known."""

    def begin(self, origin: Name, zone: Zone) -> None:
        """A history begins with this version; the file of the one before is worth nothing."""
        self._discard(origin)
        self._want(origin, zone)

    def go_on(self, origin: Name, zone: Zone, *, octets: int) -> None:
        """The history goes on with so many octets of differences, which lead to this version."""
        is_first = origin not in self._octets
        self._octets[origin] = self._octets.get(origin, 0) + octets
        if self._octets[origin] > RENEW_OCTETS or (is_first and not self._is_there(origin)):
            self._want(origin, zone)

    def forget(self, origin: Name) -> None:
        """The zone is handed on no more."""
        self._wanted.pop(origin, None)
        self._octets.pop(origin, None)
        self._discard(origin)

    def tidy(self) -> None:
        """A zone is not here any more: should it be handed on no more either, its file goes."""
        self._is_untidy = True
        self._news.set()

    async def last_version(self, origin: Name, kept: Sequence[ZoneVersion]) -> Zone | None:
        """What these versions, the oldest first, have led to; None: that is not known."""
        found = await asyncio.to_thread(self._read, origin, kept)
        if not isinstance(found, Damage):
            return found
        text = found.explain(f"what the history of {origin} begins with", "secondaries fetch the zone whole")
        self._alarms.raise_alarm(f"{ALARM}{FOLDER}/{origin}", text, self._clock.now())
        return None

    async def run(self) -> None:
        """Write what is wanted, until cancelled. A disk that refuses is an alarm, and is asked again."""
        while True:
            self._news.clear()
            text = ""
            for origin, zone in list(self._wanted.items()):
                try:
                    await asyncio.to_thread(write_copy, self._file(origin), zone, self._clock.now())
                except OSError as error:
                    why = disk_text(error)
                    text = f"should {origin} change while the server is down, secondaries fetch it whole: {why}"
                else:
                    self._written(origin, zone)
            self._alarms.set_alarm("versions/bases", text, self._clock.now())
            await self._sweep()
            with suppress(TimeoutError):
                async with asyncio.timeout(RETRY_S if text else None):
                    await self._news.wait()

    async def _sweep(self) -> None:
        """Delete the files of zones that are handed on no more; nobody else writes here meanwhile."""
        wanted = self.handed_on() if self._is_untidy else None
        if wanted is not None:
            self._is_untidy = False
            await asyncio.to_thread(self._delete_others, tuple(wanted))

    def _delete_others(self, wanted: Iterable[Name]) -> None:
        """What cannot be deleted stays until the next time: it is in nobody's way."""
        kept, folder = {self._file(origin) for origin in wanted}, self._state_dir() / FOLDER
        with suppress(OSError):
            for file in list(folder.iterdir()):
                if file not in kept and not is_set_aside(file):
                    file.unlink()

    def _written(self, origin: Name, zone: Zone) -> None:
        """Unless another one is wanted by now."""
        if self._wanted.get(origin) is zone:
            del self._wanted[origin]

    def _want(self, origin: Name, zone: Zone) -> None:
        self._wanted[origin] = zone
        self._octets[origin] = 0
        self._present().add(copy_name(origin))
        self._news.set()

    def _discard(self, origin: Name) -> None:
        """Most zones that are handed on to nobody never had a file, and cost no look at the disk."""
        if (name := copy_name(origin)) not in self._present():
            return
        with suppress(OSError):
            self._file(origin).unlink(missing_ok=True)
            self._present().discard(name)

    def _present(self) -> set[str]:
        if self._files is None:
            self._files = set()
            with suppress(OSError):
                self._files.update(file.name for file in (self._state_dir() / FOLDER).iterdir())
        return self._files

    def _is_there(self, origin: Name) -> bool:
        with suppress(OSError):
            return self._file(origin).exists()
        return False

    def _file(self, origin: Name) -> Path:
        return self._state_dir().joinpath(FOLDER, copy_name(origin))

    def _read(self, origin: Name, kept: Sequence[ZoneVersion]) -> Zone | Damage | None:
        file = self._file(origin)
        try:
            zone = Zone.load_sealed(origin.absolute, str(file))
        except OSError:
            return None
        except ZoneFileError as error:
            return set_aside(file, str(error), self._clock.now())
        return led_on(zone, kept)


def led_on(zone: Zone, kept: Sequence[ZoneVersion]) -> Zone | None:
    """What the differences of these versions, the oldest first, make of one of them; None: it is none of them."""
    befores = [version.before for version in kept]
    if zone.serial == kept[-1].serial:
        return zone
    if zone.serial not in befores:
        return None
    return zone.after([version.difference for version in kept[befores.index(zone.serial) :]])


def history_of(kept: Iterable[ZoneVersion]) -> tuple[bytes, ...]:
    """The differences of an earlier run."""
    return tuple(version.difference for version in kept if version.before is not None)
