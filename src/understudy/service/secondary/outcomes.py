"""What comes of asking the primaries of a zone: a newer version, the one that is held, or neither."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from understudy.engine import Zone
from understudy.model.errors import TransferError
from understudy.model.event import Event, EventKind
from understudy.model.transfer import Primary
from understudy.model.zone import ZoneSource
from understudy.service.name_server import NameServer
from understudy.service.secondary.catalogs import follow_catalog
from understudy.service.secondary.complaints import SILENCE, Complaints
from understudy.service.secondary.copies import timers_of
from understudy.service.secondary.fetched import NO_COMPLAINT, Complaint, FetchedZone
from understudy.service.secondary.offers import worn_out
from understudy.service.secondary.overlay import tell_signed
from understudy.service.zone_table import LoadedZone
from understudy.zones.secondary import Offer, Standing
from understudy.zones.serial import is_later

QUIET_S = 1.0  # chosen: whoever forges NOTIFY makes us ask once a second; what brought something is heeded at once


class Outcomes:
    """Puts in force what was heard, in the event loop's thread."""

    def __init__(self, server: NameServer, complaints: Complaints, *, chance: Callable[[], float]) -> None:
        self._server = server
        self._complaints = complaints
        self._chance = chance

    async def take(
        self, care: FetchedZone, zone: Zone, primary: Primary, *, save_later_s: float = 0.0, is_whole: bool = False
    ) -> None:
        """A newer version is here: answer from it, unless it stands in the way of a record.

        Another primary may have given one that is as new while it came; then it is of use only if the whole was wanted.
        """
        async with self._server.reloading:
            now, origin = self._server.clock.now(), care.definition.name
            if self.is_gone(care) or care.secondary.standing is Standing.PROMOTED:
                return
            if primary not in care.definition.primaries:  # a reload took it away, and the others are asked
                return
            if not is_whole and care.serial is not None and not is_later(zone.serial, care.serial):
                return
            before, loaded = care.serial, LoadedZone(care.definition, zone, now)
            chance, left_s = self._chance(), zone.expire_s
            care.secondary = care.secondary.renewed(timers_of(zone), now, chance=chance, left_s=left_s)
            if self._server.is_promoted(origin):  # its copy was gone
                care.secondary = care.secondary.promoted()
            care.primary = primary
            care.take(loaded, self._server.candidate.find_conflict(origin, loaded))
            if save_later_s:
                care.save_due = max(care.save_due, now + save_later_s)
            if care.conflict:
                self._complaints.tell_conflict(care)
                return
            await self._publish(care)
            self._complaints.forget(care, now)
            was = "" if before is None else f"serial {before} → "
            text = f"{was}{'' if was else 'serial '}{zone.serial} from {primary}, {zone.record_count} records"
            self._server.journal.tell(Event(now, EventKind.ZONE, str(origin), text))

    async def conclude(self, care: FetchedZone, faults: Sequence[TransferError], *, confirming: Offer | None) -> None:
        """There is no newer version, or none that can be had. That one was confirmed is not on disk yet."""
        now, chance = self._server.clock.now(), self._chance()
        if care.secondary.standing is Standing.PROMOTED:  # while they were being asked
            return
        newest, care.quiet_until = care.newest, now + QUIET_S
        if confirming is not None and newest is not None:
            was_answered, care.primary = care.is_answered, confirming.primary
            timers, left_s = timers_of(newest.zone), confirming.expire_s
            care.secondary = care.secondary.refreshed(timers, now, chance=chance, left_s=left_s)
            if care.is_answered and not was_answered:
                await self.publish_alone(care)
            if care.secondary.standing is Standing.EXPIRED:
                faults = [*faults, worn_out(confirming)]
            if not any(fault.code not in SILENCE for fault in faults):
                care.passed_over = NO_COMPLAINT
                self._settle(care, is_confirmed=True)
                return
        care.secondary, care.alone_until = care.secondary.failed(now, chance=chance), 0.0
        self._complaints.complain(care, Complaint.about(faults) or Complaint("no primary has it"))
        self._settle(care, is_confirmed=confirming is not None)

    def _settle(self, care: FetchedZone, *, is_confirmed: bool) -> None:
        """All primaries were asked: what was waited for has come, or cannot be waited for any longer."""
        loaded = care.loaded
        has_records = bool(self._server.candidate.configuration.records_in(care.definition.name))
        if loaded is not None and loaded.is_awaited and (is_confirmed or has_records):
            care.loaded = replace(loaded, is_awaited=False)
            if care.definition.name in self._server.zones:
                self._server.zones[care.definition.name] = care.loaded
                self._server.versions.note_whole((care.definition.name,))
        if care.conflict:
            self._complaints.tell_conflict(care)
        elif is_confirmed and care.secondary.failures == 0:
            self._complaints.tell_confirmed(care, self._server.clock.now())

    async def publish_alone(self, care: FetchedZone) -> None:
        """As `_publish`, where nobody has seen to it that nobody else puts zones in force meanwhile."""
        if care.definition.members is None:
            self._show(care)
            return
        async with self._server.reloading:
            await self._publish(care)

    async def _publish(self, care: FetchedZone) -> None:
        """Answer from the version that can be used, and do what it says if it is a catalog."""
        self._show(care)
        if care.loaded is not None and care.definition.members is not None and not self.is_gone(care):
            await follow_catalog(self._server, care.loaded)
            self._wake()

    def _show(self, care: FetchedZone) -> None:
        origin = care.definition.name
        if care.loaded is None or self._server.fetched.get(origin) is not care:
            return
        self._server.zones[origin] = care.loaded
        self._server.decider.publish_zones({origin: care.loaded})
        tell_signed(self._server, care)

    def is_gone(self, care: FetchedZone) -> bool:
        """Whether it is wanted no more, or comes from nowhere else."""
        definition = self._server.definition_of(care.definition.name)
        return definition is None or definition.source is not ZoneSource.TRANSFER

    def _wake(self) -> None:
        if self._server.follower is not None:
            self._server.follower.wake()
