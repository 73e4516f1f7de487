"""Keeps the zones from other servers up to date: asks, fetches, publishes, saves, and lets them expire."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from understudy.engine import Zone, ZoneFileError
from understudy.model.errors import TransferError
from understudy.model.event import Event, EventKind, Severity
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.transfer import Primary
from understudy.model.zone import ZoneDefinition, ZoneSource
from understudy.service.copies import read_copy, tell_damage, timers_of, touch_copy, write_copy
from understudy.service.name_server import NameServer
from understudy.service.transfers import ask_serial, fetch
from understudy.service.zone_table import LoadedZone
from understudy.zones.secondary import Offer, Secondary, Standing, worth_fetching

TICK_S = 1.0  # chosen: how late a reload or an expiry is noticed at most
AT_ONCE = 20  # chosen: primaries are asked for so many zones at a time, and see no more connections from here
SAVE_SHARE = 20  # chosen: saving a large zone takes a twentieth of the time at most, however often it changes
PATIENCE = 3  # chosen: as many failures in a row are nobody's lost datagram


@dataclass(frozen=True, slots=True)
class Conversation:
    """How primaries are spoken to."""

    ask_serial: Callable[[Name, Primary], Awaitable[int]] = ask_serial
    fetch: Callable[[Name, Primary, Zone | None], Awaitable[Zone | None]] = fetch
    chance: Callable[[], float] = random.random


class _Care:
    """One zone: its definition, where it stands, the version that is here, and what is still to be saved of it."""

    def __init__(self, definition: ZoneDefinition, secondary: Secondary, loaded: LoadedZone | None) -> None:
        self.definition = definition
        self.secondary = secondary
        self.loaded = loaded
        self.is_busy = False
        self.is_saved = True
        self.save_due: Instant = 0.0
        self.told = ""

    @property
    def serial(self) -> int | None:
        """What is held; None: nothing."""
        return None if self.loaded is None else self.loaded.zone.serial

    def next_due(self) -> Instant:
        """When something is to be done, if nothing is under way."""
        due = self.secondary.due if self.is_saved else min(self.secondary.due, self.save_due)
        expires_at = self.secondary.expires_at if self.secondary.is_served else None
        return due if expires_at is None else min(due, expires_at)


class Secondaries:
    """Runs beside the decisions, in the event loop's thread; files are read and written in others."""

    def __init__(self, server: NameServer, conversation: Conversation | None = None) -> None:
        self._server = server
        self._talk = conversation or Conversation()
        self._cares: dict[Name, _Care] = {}
        self._news = asyncio.Event()
        self._busy = 0

    async def run(self) -> None:
        """Until cancelled."""
        self._cares.clear()
        self._busy = 0
        async with asyncio.TaskGroup() as group:
            while True:
                self._news.clear()
                await self._adopt()
                now = self._server.clock.now()
                for care in self._cares.values():
                    self._let_expire(care, now)
                for care in self._choose(now):
                    self._busy += 1
                    care.is_busy = True
                    group.create_task(self._attend(care), name=f"zone {care.definition.name}")
                await self._rest(now)

    def _choose(self, now: Instant) -> list[_Care]:
        """What is to be attended to now, those that have waited longest."""
        due = [care for care in self._cares.values() if not care.is_busy and care.next_due() <= now]
        return sorted(due, key=_Care.next_due)[: AT_ONCE - self._busy]

    async def _rest(self, now: Instant) -> None:
        idle = [care.next_due() for care in self._cares.values() if not care.is_busy]
        wait_s = TICK_S if self._busy >= AT_ONCE else min([TICK_S, *(max(0.0, due - now) for due in idle)])
        try:
            async with asyncio.timeout(wait_s):
                await self._news.wait()
        except TimeoutError:
            return

    async def _adopt(self) -> None:
        """Care for what the configuration names, and for nothing else."""
        wanted = self._server.candidate.configuration.zones
        for origin in [origin for origin in self._cares if self._is_gone(origin)]:
            del self._cares[origin]
        for origin, definition in wanted.items():
            if definition.source is not ZoneSource.TRANSFER:
                continue
            care = self._cares.get(origin)
            if care is None:
                self._cares[origin] = await self._taken_up(definition)
            elif care.definition != definition:
                care.definition = definition
                care.secondary = care.secondary.asked_for(self._server.clock.now())

    def _is_gone(self, origin: Name) -> bool:
        definition = self._server.candidate.configuration.zones.get(origin)
        return definition is None or definition.source is not ZoneSource.TRANSFER

    async def _taken_up(self, definition: ZoneDefinition) -> _Care:
        """A zone with the copy of an earlier run, which is served already if it was there at the start."""
        now, origin = self._server.clock.now(), definition.name
        try:
            copy = await asyncio.to_thread(read_copy, definition, now)
        except (OSError, ZoneFileError) as error:
            tell_damage(self._server, origin, error)
            copy = None
        if copy is None:
            return _Care(definition, Secondary.empty(now), None)
        if copy.secondary.is_served and origin not in self._server.zones:
            self._publish(copy.loaded)
        return _Care(definition, copy.secondary, copy.loaded)

    async def _attend(self, care: _Care) -> None:
        """Ask if it is time to, and save what is not saved."""
        try:
            if care.secondary.due <= self._server.clock.now():
                await self._refresh(care)
            if not care.is_saved and care.save_due <= self._server.clock.now():
                await self._save(care)
        finally:
            care.is_busy = False
            self._busy -= 1
            self._news.set()

    async def _refresh(self, care: _Care) -> None:
        """Ask every primary what it has, and fetch the newest version that can be had."""
        origin, held = care.definition.name, care.serial
        asked = [self._offer(origin, primary) for primary in care.definition.primaries]
        answers = await asyncio.gather(*asked)
        offers = [answer for answer in answers if isinstance(answer, Offer)]
        faults = [answer for answer in answers if isinstance(answer, TransferError)]
        newer = worth_fetching(offers, held)
        for offer in newer:
            try:
                zone = await self._talk.fetch(origin, offer.primary, care.loaded.zone if care.loaded else None)
            except TransferError as error:
                faults.append(error)
                continue
            if zone is None:
                faults.append(TransferError(f"{offer.primary} has nothing newer any more", code="transfer.behind"))
                continue
            await self._take(care, zone, offer.primary)
            return
        faults += [_behind(each, held) for each in offers if each not in newer and each.serial != held]
        await self._conclude(care, faults, is_confirmed=any(offer.serial == held for offer in offers))

    async def _offer(self, origin: Name, primary: Primary) -> Offer | TransferError:
        try:
            return Offer(primary, await self._talk.ask_serial(origin, primary))
        except TransferError as error:
            return error

    async def _take(self, care: _Care, zone: Zone, primary: Primary) -> None:
        """A newer version is here: answer from it, unless it stands in the way of a record."""
        async with self._server.reloading:
            now, origin = self._server.clock.now(), care.definition.name
            if self._is_gone(origin):
                return
            before, loaded = care.serial, LoadedZone(care.definition, zone, now)
            care.secondary = care.secondary.refreshed(timers_of(zone), now, chance=self._talk.chance())
            conflict = self._server.candidate.find_conflict(origin, loaded)
            if conflict and care.loaded is not None:
                self._complain(care, f"serial {zone.serial} from {primary} is not used: {conflict}")
                return
            care.loaded, care.is_saved, care.told = loaded, False, ""
            self._publish(loaded)
            self._server.alarms.clear(f"zone/{origin}", now)
            was = "" if before is None else f"serial {before} → "
            text = f"{was}{'' if was else 'serial '}{zone.serial} from {primary}, {zone.record_count} records"
            self._server.journal.tell(Event(now, EventKind.ZONE, str(origin), text))

    async def _conclude(self, care: _Care, faults: Sequence[TransferError], *, is_confirmed: bool) -> None:
        """There is no newer version, or none that can be had."""
        now, chance = self._server.clock.now(), self._talk.chance()
        loaded = care.loaded
        if is_confirmed and loaded is not None:
            was_served = care.secondary.is_served
            care.secondary = care.secondary.refreshed(timers_of(loaded.zone), now, chance=chance)
            if not was_served:
                self._publish(loaded)
            if care.is_saved:
                await self._touch(care, now)
            if not any(fault.code not in _SILENCE for fault in faults):
                self._forget(care, now)
                return
        care.secondary = care.secondary.failed(now, chance=chance)
        self._complain(care, "; ".join(str(fault) for fault in faults) or "no primary has it")

    def _complain(self, care: _Care, text: str) -> None:
        """Told once while it stays the same; an alarm when nobody answers from it, or it lasts."""
        now, origin = self._server.clock.now(), str(care.definition.name)
        if text != care.told:
            care.told = text
            self._server.journal.tell(Event(now, EventKind.ZONE, origin, f"not refreshed: {text}", Severity.WARNING))
        if not care.secondary.is_served:
            self._server.alarms.raise_alarm(f"zone/{origin}", f"{origin} is not served: {text}", now)
        elif care.secondary.failures >= PATIENCE:
            self._server.alarms.raise_alarm(f"zone/{origin}", f"{origin} cannot be refreshed: {text}", now)

    def _forget(self, care: _Care, now: Instant) -> None:
        care.told = ""
        self._server.alarms.clear(f"zone/{care.definition.name}", now)

    def _publish(self, loaded: LoadedZone) -> None:
        origin = loaded.definition.name
        self._server.zones[origin] = loaded
        self._server.decider.publish_zones({origin: loaded})

    def _let_expire(self, care: _Care, now: Instant) -> None:
        """Answer no more from what no primary has confirmed for too long."""
        before, care.secondary = care.secondary, care.secondary.at(now)
        origin = care.definition.name
        if care.secondary.standing is Standing.EXPIRED is not before.standing and origin in self._server.zones:
            del self._server.zones[origin]
            self._server.decider.publisher.withdraw_zone(origin)
            text = f"{origin} has expired: no primary has confirmed serial {care.serial} for too long"
            self._server.journal.tell(Event(now, EventKind.ZONE, str(origin), text, Severity.WARNING))
            self._server.alarms.raise_alarm(f"zone/{origin}", text, now)

    async def _save(self, care: _Care) -> None:
        """Write the version that is here. One that takes long is written less often."""
        loaded, refreshed_at = care.loaded, care.secondary.refreshed_at
        if loaded is None or refreshed_at is None:
            return
        begun = self._server.clock.now()
        try:
            await asyncio.to_thread(write_copy, care.definition.file, loaded.zone, refreshed_at)
        except OSError as error:
            self._tell_disk(care, error)
        else:
            care.is_saved = True
            self._server.alarms.clear(f"copy/{care.definition.name}", self._server.clock.now())
        now = self._server.clock.now()
        care.save_due = now + SAVE_SHARE * (now - begun) + (0.0 if care.is_saved else TICK_S)

    async def _touch(self, care: _Care, now: Instant) -> None:
        try:
            await asyncio.to_thread(touch_copy, care.definition.file, now)
        except OSError as error:
            care.is_saved = False
            self._tell_disk(care, error)

    def _tell_disk(self, care: _Care, error: OSError) -> None:
        text = f"{care.definition.name} is not kept on disk, a restart would fetch it anew: {error}"
        self._server.alarms.raise_alarm(f"copy/{care.definition.name}", text, self._server.clock.now())


_SILENCE = frozenset(("transfer.unreachable", "transfer.lame", "transfer.refused", "transfer.behind"))
"""What one primary may be like while another one confirms the version."""


def _behind(offer: Offer, held: int | None) -> TransferError:
    return TransferError(f"{offer.primary} has serial {offer.serial}, older than {held}", code="transfer.behind")
