"""What the primaries of a zone say that they have, and the version that one of them gives."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from enum import Enum
from functools import partial
from typing import TypeAlias

from understudy.checks.transport.own import is_own
from understudy.engine import Zone
from understudy.model.errors import TransferError
from understudy.model.event import Event, EventKind, Severity
from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.transfer import Primary
from understudy.model.watch import ServerPlace
from understudy.model.zone import ZoneDefinition
from understudy.service.name_server import NameServer
from understudy.service.own_address import no_such_address
from understudy.service.secondary.contact import Contact, Wanted
from understudy.service.secondary.digests import has_digest, require_sent_digest
from understudy.service.secondary.fetched import FetchedZone
from understudy.service.secondary.offers import Question, Questions
from understudy.service.secondary.together import Answers, Portions
from understudy.service.watching.watch_targets import Host
from understudy.zones.secondary import Offer
from understudy.zones.silence import Silences

Gather: TypeAlias = Callable[[Wanted, Contact], Portions]
"""Many zones, or newer versions of them, as they come."""

Survey: TypeAlias = Callable[[Sequence[Name], Contact], Answers]
"""What a primary has of many zones, as it answers."""


async def _ask_offer(origin: Name, contact: Contact) -> Offer:
    from understudy.service.secondary.transfers import (
        ask_offer,  # with dnspython: many zones are answered sooner without
    )

    return await ask_offer(origin, contact)


async def _fetch(origin: Name, contact: Contact, held: Zone | None) -> Zone | None:
    from understudy.service.secondary.transfers import fetch  # as above

    return await fetch(origin, contact, held)


@frozen
class Conversation:
    """How primaries are spoken to. Without `gather` and `survey` each zone is asked for by itself."""

    ask_offer: Callable[[Name, Contact], Awaitable[Offer]] = _ask_offer
    fetch: Callable[[Name, Contact, Zone | None], Awaitable[Zone | None]] = _fetch
    chance: Callable[[], float] = random.random
    gather: Gather | None = None
    survey: Survey | None = None


class _Way(Enum):
    """What may go unanswered; the words of the event."""

    ASKING = "does not answer"
    CONNECTING = "takes no connection for a transfer, or is slow to give one"


_FOUND = {_Way.ASKING: "answers again", _Way.CONNECTING: "gives transfers again"}
_SILENT = frozenset(("transfer.unreachable", "transfer.slow"))


class Inquiry:
    """Speaks to primaries, with their keys."""

    def __init__(self, server: NameServer, conversation: Conversation) -> None:
        self._server = server
        self._talk = conversation
        self._silences = {way: Silences() for way in _Way}

    def note_slow(self, primary: Primary, error: TransferError) -> None:
        """It gives a zone so slowly that others are asked for theirs first."""
        self._note(_Way.CONNECTING, primary, error)

    async def offers(self, definition: ZoneDefinition) -> list[Offer | TransferError]:
        """What every primary has, or why that cannot be known; all are asked at once."""
        return await asyncio.gather(*(self._offer(definition.name, each) for each in definition.primaries))

    def questions(self, care: FetchedZone) -> Questions:
        """One to each primary; those that have been silent lately are asked where the others do not do."""
        now, definition = self._server.clock.now(), care.definition
        self.hasten(care, now)
        likely: list[Question] = []
        unlikely: list[Question] = []
        for each in definition.primaries:
            group = likely if self._silences[_Way.ASKING].is_tried(each, now) else unlikely
            group.append(partial(self._offer, definition.name, each))
        return Questions(likely, unlikely, care.are_all_wanted) if likely else Questions(unlikely)

    def hasten(self, care: FetchedZone, now: Instant) -> None:
        """Those that are silent are tried again before the zone expires."""
        expires_at = care.secondary.expires_at
        if expires_at is not None:
            for each in care.definition.primaries:
                self._silences[_Way.ASKING].hasten(each, now, expires_at - now)

    def is_hopeless(self, definition: ZoneDefinition, now: Instant) -> bool:
        """Whether nobody is likely to answer."""
        return all(
            any(silences.is_silent(each, now) for silences in self._silences.values()) for each in definition.primaries
        )

    def in_order(self, offers: Sequence[Offer]) -> list[Offer]:
        """Those first that a transfer is likely to come from, else as they are."""
        now, silences = self._server.clock.now(), self._silences[_Way.CONNECTING]
        return sorted(offers, key=lambda offer: not silences.is_tried(offer.primary, now))

    async def whole(self, definition: ZoneDefinition, primary: Primary) -> Zone:
        """All of a zone, whatever is here. Raises TransferError."""
        zone = await self._fetch(definition.name, primary, None)
        if zone is None:
            raise TransferError(f"{primary} has nothing any more", code="transfer.behind", subject=primary)
        return zone

    async def fetch(self, care: FetchedZone, offer: Offer, *, is_whole: bool) -> Zone:
        """The version that a primary offers. Raises TransferError.

        Differences that lead to a wrong digest are no reason to give the primary up: what is held may be at fault, and
        all of its version is asked for.
        """
        newest = care.newest.zone if care.newest and not is_whole else None
        zone = await self._newer(care, offer, newest)
        try:
            await _require_digest(care.definition, zone)
        except TransferError:
            if newest is None:
                raise
            zone = await self._newer(care, offer, None)
            await _require_digest(care.definition, zone)
        return zone

    async def _newer(self, care: FetchedZone, offer: Offer, held: Zone | None) -> Zone:
        try:
            zone = await self._fetch(care.definition.name, offer.primary, held)
        except TransferError as error:
            if error.code != "transfer.behind":
                raise
            zone = None
        if zone is None:
            message = (
                f"{offer.primary} says that it has serial {offer.serial}, and gives nothing newer than {care.serial}"
            )
            raise TransferError(message, code="transfer.false-serial", subject=offer.primary)
        return zone

    async def _fetch(self, origin: Name, primary: Primary, held: Zone | None) -> Zone | None:
        contact = self._contact(primary)
        try:
            zone = await self._talk.fetch(origin, contact, held)
        except TransferError as error:
            self._note(_Way.CONNECTING, primary, error)
            raise
        self._note(_Way.CONNECTING, primary, None)
        return zone

    @property
    def can_survey(self) -> bool:
        """Whether primaries can be asked about many zones at once."""
        return self._talk.survey is not None

    def answering(self, primaries: Sequence[Primary], now: Instant) -> tuple[Primary, ...]:
        """Those that are to be asked about many zones; none where nobody is likely to answer that way."""
        if any(self._silences[_Way.CONNECTING].is_silent(each, now) for each in primaries):
            return ()
        return tuple(each for each in primaries if not self._silences[_Way.ASKING].is_silent(each, now))

    def note_trial(self, primary: Primary, now: Instant) -> None:
        """It is asked about many zones. If its pause is over, the others go on asking others first."""
        for silences in self._silences.values():
            silences.is_tried(primary, now)

    async def survey(self, origins: Sequence[Name], primary: Primary) -> Answers:
        """What a primary says of many zones. Nothing is remembered of one that says nothing."""
        if self._talk.survey is None:
            return
        with suppress(TransferError):  # as for `gather`
            async with aclosing(self._talk.survey(origins, self._contact(primary))) as portions:
                async for found in portions:
                    self._note(_Way.ASKING, primary, None)
                    self._note(_Way.CONNECTING, primary, None)
                    yield found

    async def gather(self, wanted: Wanted, primary: Primary) -> Portions:
        """Those of a primary's zones that come at once. Nothing is remembered of a primary that gives none."""
        if self._talk.gather is None:
            return
        with suppress(TransferError):  # whoever is asked for by itself tells that a secret cannot be read
            async with aclosing(self._talk.gather(wanted, self._contact(primary))) as portions:
                async for found in portions:
                    self._note(_Way.CONNECTING, primary, None)
                    yield found

    async def _offer(self, origin: Name, primary: Primary) -> Offer | TransferError:
        try:
            contact = self._contact(primary)
        except TransferError as error:  # it was not asked
            return error
        try:
            offer = await self._talk.ask_offer(origin, contact)
        except TransferError as error:
            self._note(_Way.ASKING, primary, error)
            return error
        self._note(_Way.ASKING, primary, None)
        return offer

    def _note(self, way: _Way, primary: Primary, error: TransferError | None) -> None:
        """Remember whether somebody is there, for all zones. Who stalls in one of them may be quick with others."""
        if error is not None and error.code == "transfer.stalled":
            return
        now = self._server.clock.now()
        is_silent = error is not None and error.code in _SILENT
        silences = self._silences[way]
        is_new = silences.note_silence(primary, now) if is_silent else silences.note_answer(primary)
        if is_new:
            text = f"{way.value}: zones that have other primaries turn to those first" if is_silent else _FOUND[way]
            severity = Severity.WARNING if is_silent else Severity.INFO
            self._server.journal.tell(Event(now, EventKind.ZONE, str(primary), text, severity))

    def _contact(self, primary: Primary) -> Contact:
        """Raises TransferError: it is this server, its key has no secret that can be read, or its `via` is not ours.

        Who asks itself finds its own version confirmed for ever. One file for several servers may name each of them.
        """
        if Host(self._server.engine.addresses).is_listening(ServerPlace(primary.address, primary.port)):
            raise TransferError(f"{primary} is this server", code="transfer.self", subject=primary)
        if primary.via and not is_own(primary.via):
            text = f"{primary} is not asked: {no_such_address(primary.via)}"
            raise TransferError(text, code="transfer.via", subject=primary)
        if primary.key is None:
            return Contact(primary)
        found = self._server.notifier.keys.get(primary.key)
        if found is None:
            message = f"{primary} is not asked: the secret of the key {primary.key} cannot be read"
            raise TransferError(message, code="transfer.key", subject=primary)
        return Contact(primary, *found)


async def _require_digest(definition: ZoneDefinition, zone: Zone) -> None:
    """Raises TransferError."""
    if has_digest(zone):
        await asyncio.to_thread(require_sent_digest, definition, zone)
    else:
        require_sent_digest(definition, zone)
