"""Versions of zones for secondaries: each change of what a record answers, on disk, then seen, then told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from typing import TypeAlias

from understudy.engine import Prepared, Zone, ZoneNotFoundError
from understudy.model.errors import StoreError
from understudy.model.event import Event, EventKind, Severity
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.transfer import SerialStyle, TransferOut
from understudy.model.version import ZoneVersion
from understudy.model.zone import ZoneSource
from understudy.service.alarms import Alarms
from understudy.service.journal import Journal
from understudy.service.parts import Parts
from understudy.service.pipeline import Pipeline
from understudy.service.portions import in_portions
from understudy.service.primary.bases import Bases, history_of, led_on
from understudy.service.primary.static_views import views_of
from understudy.service.zone_table import LoadedZone
from understudy.store.versions import VersionsKept
from understudy.zones.beginning import Beginning
from understudy.zones.bursts import Bursts, Stale
from understudy.zones.serial import beyond_lost, is_later, latest, next_serial
from understudy.zones.steered import PlainView

OnVersion: TypeAlias = Callable[[LoadedZone, TransferOut, int], None]
"""Told (zone, how it is handed on, serial) when secondaries may fetch it."""

SLICE = 50  # chosen: so many zones, or records that changed, take some milliseconds
START_S = 0.1  # chosen: several starts without a disk may make a version each, and none follows another sooner


@dataclass(frozen=True, slots=True)
class _Draft:
    """A version that is ready to be seen; `is_new` unless an earlier run has shown it already."""

    loaded: LoadedZone
    transfer: TransferOut
    prepared: Prepared
    version: ZoneVersion
    history: tuple[bytes, ...] = ()
    is_new: bool = True


class Versions:
    """The one writer of what secondaries see. `zones` gives the loaded zones of this moment."""

    def __init__(
        self,
        parts: Parts,
        pipeline: Pipeline,
        zones: Callable[[], Mapping[Name, LoadedZone]],
        *,
        journal: Journal,
        alarms: Alarms,
    ) -> None:
        self._clock, self._engine, self._store = parts.clock, parts.engine, parts.store
        self._pipeline = pipeline
        self._zones = zones
        self._journal = journal
        self._alarms = alarms
        self._bursts = Bursts()
        self._news = asyncio.Event()
        self._last: dict[Name, ZoneVersion] = {}
        self._recalled: dict[Name, int] = {}  # the last version of an earlier run is the copy, and nobody may fetch it
        self.bases = Bases(parts.clock, alarms, lambda: pipeline.configuration.node.state_dir)
        self._copies: dict[Name, Zone] = {}  # of zones from other servers, from an earlier run, until they have begun
        self._untold: dict[Name, _Draft] = {}  # seen, and something went wrong behind that
        self._refused: set[Name] = set()  # a version was not made: what it was to change is not known any more
        self.stirred: set[Name] = set()  # zones that came, went, or are another version, until somebody takes them
        self._shown: dict[Name, ZoneVersion] = {}  # the last one of each zone, also of those that are not here now
        self.on_version: OnVersion = lambda _loaded, _transfer, _serial: None
        self.on_same: Callable[[LoadedZone], None] = lambda _loaded: None
        self.on_end: Callable[[Name], None] = lambda _origin: None

    def note(self, origin: Name, owners: Collection[Name]) -> None:
        """These records answer something else."""
        self._bursts.note(origin, owners)
        self._news.set()

    def note_whole(self, origins: Iterable[Name]) -> None:
        """These zones were published whole."""
        for origin in origins:
            self.stirred.add(origin)
            self._bursts.note_whole(origin)
            loaded = self._zones().get(origin)
            if loaded is not None and origin in self._last:
                self._admit(loaded)  # whoever may not have it any more does not wait for the next version
            elif loaded is not None and loaded.is_awaited and loaded.definition.transfer:
                self._copies[origin] = loaded.zone
        self._news.set()

    def withdraw(self, origins: Collection[Name]) -> None:
        """These zones are gone; should they come back at once, they begin anew all the same."""
        for origin in origins:
            self._last.pop(origin, None)
        self.note_whole(origins)

    def serial_of(self, origin: Name) -> int | None:
        """What secondaries see; None: the zone is handed on to nobody, or not yet."""
        loaded, last = self._zones().get(origin), self._last.get(origin)
        is_handed_on = loaded is not None and loaded.definition.transfer is not None
        return last.serial if is_handed_on and last is not None else None

    def first_serial(self, loaded: LoadedZone) -> int | None:
        """What a zone is answered with before the first version of this run; None: its own serial.

        Nothing that is earlier than what secondaries have seen, or may have.
        """
        origin, transfer, start = loaded.definition.name, loaded.definition.transfer, self._store.start
        shown = self._shown.get(origin)
        last, doubt = shown or start.latest.get(origin), shown is None and start.versions is VersionsKept.DOUBTFUL
        beginning = self._beginning(loaded, last, doubt=doubt)
        if transfer is None or beginning.keeps_own or (last is None and not doubt):
            return None
        if last is not None and (beginning.may_go_on or not doubt):
            return last.serial
        return self._serial_before(loaded, last, self._clock.now(), doubt=doubt, merge_s=transfer.merge_s)

    async def run(self) -> None:
        """Make versions as changes come. What a fault left half done is done again from the beginning."""
        self.note_whole(self._zones())
        self._tell_again()
        while True:
            self._news.clear()
            await self._publish(self._bursts.take(self._clock.now()))
            due = self._bursts.next_due()
            with suppress(TimeoutError):
                async with asyncio.timeout(None if due is None else max(0.0, due - self._clock.now())):
                    await self._news.wait()

    async def _publish(self, due: Mapping[Name, Stale]) -> None:
        """All that is due together, so that one wait for the disk is enough."""
        ordered = sorted(due.items(), key=self._is_catalog)
        drafts = [draft async for draft in self._drafts(ordered)]
        if new := [draft.version for draft in drafts if draft.is_new]:
            await self._keep(new)
        await in_portions(drafts, self._show_all, most=SLICE)

    async def _drafts(self, due: Iterable[tuple[Name, Stale]]) -> AsyncIterator[_Draft]:
        """What is new in each of these zones; others have their turn between them."""
        for count, (origin, stale) in enumerate(due, 1):
            if (draft := await self._draft(origin, stale)) is not None:
                yield draft
            if not count % SLICE:
                await asyncio.sleep(0)

    def _is_catalog(self, item: tuple[Name, Stale]) -> bool:
        """Catalogs come last: whoever hears of a zone there fetches it at once, and must find it."""
        loaded = self._zones().get(item[0])
        return loaded is not None and loaded.definition.is_catalog

    async def _draft(self, origin: Name, stale: Stale) -> _Draft | None:
        loaded = self._zones().get(origin)
        if loaded is None:
            self._forget(origin)
            self.on_end(origin)
            self.bases.tidy()
            return None
        transfer = loaded.definition.transfer
        try:
            if transfer is None:
                self.on_end(origin)
                self.bases.forget(origin)
                self._alarms.clear(f"versions/{origin}", self._clock.now())
                self._admit(loaded)
                return None
            if origin not in self._last:
                return await self._begin(loaded, transfer)
            return await self._continue(loaded, transfer, stale)
        except ZoneNotFoundError:  # a reload has withdrawn it meanwhile
            self._forget(origin)
            return None
        except ValueError as error:  # the engine does not take it; others are not kept waiting by this one
            self._refused.add(origin)
            text = f"{origin} gets no new version for its secondaries: {error}"
            self._alarms.set_alarm(f"versions/{origin}", text, self._clock.now())
            return None

    def _forget(self, origin: Name) -> None:
        """It is served no more; should it come back, the store knows the serial."""
        self._last.pop(origin, None)
        self._recalled.pop(origin, None)
        self._copies.pop(origin, None)
        self._refused.discard(origin)
        self._alarms.clear(f"versions/{origin}", self._clock.now())

    async def _begin(self, loaded: LoadedZone, transfer: TransferOut) -> _Draft | None:
        """The first version of this run: the last one of the run before, if nothing has changed since.

        Where a copy of another server's zone may be older than what was handed on, nothing, until it is confirmed.
        Secondaries are told to wait for it, and only others that they may not have it.
        """
        self._admit(loaded)
        origin, now = loaded.definition.name, self._clock.now()
        kept, doubt = await self._store.versions(origin), self._store.start.versions is VersionsKept.DOUBTFUL
        last = kept[-1] if kept else None
        beginning, history = self._beginning(loaded, last, doubt=doubt), history_of(kept)
        if last is not None and beginning.may_go_on and origin not in self._recalled:
            prepared = await self._prepare(loaded, last.serial, transfer)
            if prepared.digest == last.digest:
                return _Draft(loaded, transfer, prepared, last, history, is_new=False)
        if beginning.must_wait:
            return None
        if not doubt:
            await self._recall(loaded, kept)
        after = self._serial_before(loaded, last, now, doubt=doubt, merge_s=transfer.merge_s)
        serial = beginning.own if beginning.keeps_own else next_serial(transfer.serial, now, after=after)
        prepared = await self._prepare(loaded, serial, transfer)
        version = ZoneVersion(origin, prepared.serial, now, prepared.digest)
        if prepared.difference is None or last is None or self._recalled.get(origin) != last.serial:
            return _Draft(loaded, transfer, prepared, version)
        version = replace(version, before=last.serial, difference=prepared.difference)
        return _Draft(loaded, transfer, prepared, version, history)

    async def _recall(self, loaded: LoadedZone, kept: Sequence[ZoneVersion]) -> None:
        """Make the last version of an earlier run the copy, which nobody may fetch yet: what follows is a difference.

        Nothing where it is not known any more. What comes from other servers has a copy of its own, which may have been
        followed by what was fetched before it was looked at, and over which records lie.
        """
        origin = loaded.definition.name
        if not kept or origin in self._recalled:
            return
        views: list[PlainView] = []
        if loaded.definition.source is ZoneSource.TRANSFER:
            zone = await self._first_copy(origin, kept)
            views = views_of(self._pipeline, loaded, self._records_of(loaded))
        else:
            zone = await self.bases.last_version(origin, kept)
        if zone is None:
            return
        prepared = await asyncio.to_thread(self._engine.prepare, origin.absolute, kept[-1].serial, views, zone)
        if prepared.digest == kept[-1].digest:
            self._engine.set_access(origin.absolute, [], [])
            self._engine.commit(prepared)
            self._recalled[origin] = prepared.serial

    async def _first_copy(self, origin: Name, kept: Sequence[ZoneVersion]) -> Zone | None:
        """What was here when this run began, or what differences have led to since it was written."""
        copy = self._copies.get(origin)
        return None if copy is None else await asyncio.to_thread(led_on, copy, kept) or copy

    def _beginning(self, loaded: LoadedZone, last: ZoneVersion | None, *, doubt: bool) -> Beginning:
        return Beginning(
            loaded.zone.serial,
            None if last is None else last.serial,
            is_doubtful=doubt,
            is_passed_on=self._is_passed_on(loaded),
            is_awaited=loaded.is_awaited,
        )

    def _is_passed_on(self, loaded: LoadedZone) -> bool:
        """Whether it is another server's version as it came, which keeps its serial where that can be (ADR 0024)."""
        transfer, is_fetched = loaded.definition.transfer, loaded.definition.source is ZoneSource.TRANSFER
        has_own_digest = transfer is not None and transfer.zonemd is not None
        return is_fetched and not has_own_digest and not self._records_of(loaded)

    def _serial_before(
        self, loaded: LoadedZone, last: ZoneVersion | None, now: Instant, *, doubt: bool, merge_s: float
    ) -> int:
        """What the first serial must be later than (ADR 0021).

        Nobody writes a serial into a catalog of ours, so that it would begin at the same one on every new host.
        """
        file = loaded.zone.serial
        if last is None and (doubt or loaded.definition.source is ZoneSource.CATALOG):
            return latest(file, next_serial(SerialStyle.UNIXTIME, now, after=file))
        if last is None:
            return file if self._records_of(loaded) else file - 1
        if not doubt:
            return latest(last.serial, file)
        elapsed_s, known = now - last.at, self._store.start.lost
        return latest(beyond_lost(last.serial, elapsed_s=elapsed_s, merge_s=min(merge_s, START_S), known=known), file)

    async def _continue(self, loaded: LoadedZone, transfer: TransferOut, stale: Stale) -> _Draft | None:
        """The next version, if there is anything new in it."""
        origin, now = loaded.definition.name, self._clock.now()
        last, file = self._last[origin], loaded.zone.serial
        is_kept = is_later(file, last.serial) and self._is_passed_on(loaded)
        serial = file if is_kept else next_serial(transfer.serial, now, after=latest(last.serial, file))
        if stale.is_whole or origin in self._refused:
            self._admit(loaded)
            prepared = await self._prepare(loaded, serial, transfer)
            self._refused.discard(origin)
        else:
            prepared = await self._change(loaded, serial, stale.owners, transfer=transfer)
        if prepared.is_same and not is_later(file, last.serial):
            self._alarms.clear(f"versions/{origin}", now)
            self.on_same(loaded)
            return None
        before = last.serial if prepared.difference is not None else None
        version = ZoneVersion(origin, serial, now, prepared.digest, before, prepared.difference or b"")
        return _Draft(loaded, transfer, prepared, version)

    async def _prepare(self, loaded: LoadedZone, serial: int, transfer: TransferOut) -> Prepared:
        """The whole zone, which takes time where it is large."""
        owners = self._records_of(loaded)
        return await asyncio.to_thread(self._made, loaded, serial, owners, transfer=transfer, on=loaded.zone)

    async def _change(
        self, loaded: LoadedZone, serial: int, owners: Collection[Name], *, transfer: TransferOut
    ) -> Prepared:
        """What changed, which takes no time where it is little; but for a digest, which is made of the whole zone."""
        if transfer.zonemd is None and len(owners) <= SLICE:
            return self._made(loaded, serial, owners, transfer=transfer)
        return await asyncio.to_thread(self._made, loaded, serial, owners, transfer=transfer)

    def _made(
        self, loaded: LoadedZone, serial: int, owners: Iterable[Name], *, transfer: TransferOut, on: Zone | None = None
    ) -> Prepared:
        """In a thread too: what is decided otherwise meanwhile is noted, and makes a version of its own."""
        views = views_of(self._pipeline, loaded, owners)
        return self._engine.prepare(loaded.definition.name.absolute, serial, views, on, zonemd=transfer.zonemd)

    def _records_of(self, loaded: LoadedZone) -> list[Name]:
        return [record.name for record in self._pipeline.configuration.records_in(loaded.definition.name)]

    async def _keep(self, versions: list[ZoneVersion]) -> None:
        """On disk before anybody can see them; a disk that refuses costs that, with an alarm (semantics 5.5)."""
        text = ""
        try:
            await self._store.add_versions(versions)
        except StoreError as error:
            text = f"secondaries get versions that are not on disk; the next start skips serials: {error.message}"
        self._alarms.set_alarm("versions/store", text, self._clock.now())

    def _show_all(self, drafts: Sequence[_Draft]) -> None:
        """A fault at one of them keeps none of the others back."""
        with ExitStack() as each:
            for draft in reversed(drafts):
                each.callback(self._show, draft)

    def _show(self, draft: _Draft) -> None:
        """From now on it can be fetched, and whoever wants to know is told."""
        origin, now = draft.version.origin, self._clock.now()
        try:
            self._engine.commit(draft.prepared)
        except ZoneNotFoundError:  # withdrawn while it was written
            self._forget(origin)
            return
        self._recalled.pop(origin, None)
        self._alarms.clear(f"versions/{origin}", now)
        before = self._last.get(origin)
        # Before anything else that may fail: this serial means this content from now on, and no other one.
        self._last[origin] = self._shown[origin] = draft.version
        self.stirred.add(origin)
        self._copies.pop(origin, None)
        self._bursts.made(origin, now, draft.transfer.merge_s)
        self._untold[origin] = draft
        was, why = f"{before.serial} → " if before is not None else "", "" if draft.is_new else ", as before"
        text = f"secondaries get serial {was}{draft.version.serial}{why}"
        self._journal.tell(Event(now, EventKind.ZONE, str(origin), text, detail={"serial": draft.version.serial}))
        if before is None:
            self._admit(draft.loaded)
            self._engine.restore_history(origin.absolute, draft.history)
        self._tell(draft)

    def _tell(self, draft: _Draft) -> None:
        """It can be fetched: whoever wants to know is told."""
        self._keep_base(draft)
        self.on_version(draft.loaded, draft.transfer, draft.version.serial)
        self._untold.pop(draft.version.origin, None)

    def _tell_again(self) -> None:
        """What a fault has left untold, once: a fault that comes back must not begin the task anew for ever."""
        while self._untold:
            origin, draft = self._untold.popitem()
            if self._last.get(origin) is draft.version:
                text = f"a fault came behind serial {draft.version.serial}: secondaries are told of it once more"
                self._journal.tell(Event(self._clock.now(), EventKind.ZONE, str(origin), text, Severity.WARNING))
                self._tell(draft)

    def _keep_base(self, draft: _Draft) -> None:
        """What the next start needs to tell what has changed."""
        if draft.loaded.definition.source is ZoneSource.TRANSFER:
            return
        origin, zone = draft.version.origin, draft.prepared.zone
        if draft.version.before is None and draft.is_new:
            self.bases.begin(origin, zone)
        else:
            octets = len(draft.version.difference) if draft.is_new else sum(map(len, draft.history))
            self.bases.go_on(origin, zone, octets=octets)

    def _admit(self, loaded: LoadedZone) -> None:
        transfer = loaded.definition.transfer or TransferOut((), ())
        keys = [key.absolute for key in transfer.keys]
        both = [(each.network, each.key.absolute) for each in transfer.keyed_networks]
        self._engine.set_access(loaded.definition.name.absolute, list(transfer.networks), keys, both)
