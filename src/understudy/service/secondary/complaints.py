"""What keeps a zone from being refreshed, told once while it stays the same."""

from __future__ import annotations

import math
from collections.abc import Sequence

from understudy.model.duration import format_duration
from understudy.model.errors import TransferError
from understudy.model.event import Event, EventKind, Severity
from understudy.model.instant import Instant
from understudy.service.name_server import NameServer
from understudy.service.secondary.fetched import NO_COMPLAINT, Complaint, FetchedZone

PATIENCE = 3  # chosen: as many failures in a row are nobody's lost datagram

SILENCE = frozenset(("transfer.unreachable", "transfer.lame", "transfer.refused", "transfer.behind", "transfer.self"))
"""What one primary may be like while another one confirms the version."""


class Complaints:
    """Tells, and raises and ends the alarms of zones."""

    def __init__(self, server: NameServer) -> None:
        self._server = server

    def tell_conflict(self, care: FetchedZone) -> None:
        """An alarm until it is mended, because the primary's changes do not get through."""
        newest, origin = care.newest, care.definition.name
        serial = None if newest is None else newest.zone.serial
        text = f"serial {serial} from {care.primary} is not used: {care.conflict}"
        stays = "is not answered" if care.loaded is None else f"stays at serial {care.loaded.zone.serial}"
        self._tell_problem(care, Complaint(text, faults=frozenset((("conflict", care.conflict),))))
        self._server.alarms.raise_alarm(f"zone/{origin}", f"{origin} {stays}: {text}", self._server.clock.now())

    def complain(self, care: FetchedZone, complaint: Complaint) -> None:
        """Told once while it stays the same; an alarm when nobody answers from it, or it lasts."""
        now, origin = self._server.clock.now(), str(care.definition.name)
        self._tell_problem(care, complaint)
        if not care.is_answered:
            from understudy.service.reports.zone_report import why_not_served  # with what shows zones to people

            text = f"{origin} is not served, {why_not_served(care)}: {complaint}"
            cause = care.cause("not served", str(complaint))
            self._server.alarms.raise_alarm(f"zone/{origin}", text, now, cause=cause)
        elif care.secondary.failures >= PATIENCE:
            text, cause = f"{origin} cannot be refreshed: {complaint}", care.cause("not refreshed", str(complaint))
            self._server.alarms.raise_alarm(f"zone/{origin}", text, now, cause=cause)

    def _tell_problem(self, care: FetchedZone, complaint: Complaint) -> None:
        before, care.problem = care.problem, complaint  # with the numbers of now
        if not complaint.is_same_trouble(before):
            left_s = care.secondary.due - self._server.clock.now()
            then = f"; asked again in {format_duration(math.ceil(left_s))}" if 0 <= left_s < math.inf else ""
            self._warn(care, _situation(care), complaint, then=then)

    def _warn(self, care: FetchedZone, what: str, complaint: Complaint, *, then: str = "") -> None:
        now, origin, detail = self._server.clock.now(), str(care.definition.name), {"codes": list(complaint.codes)}
        text = f"{what}: {complaint}{then}"
        self._server.journal.tell(Event(now, EventKind.ZONE, origin, text, Severity.WARNING, detail))

    def tell_passed_over(self, care: FetchedZone, faults: Sequence[TransferError]) -> None:
        """A primary that gives nothing is no secret because another one gives everything; told once."""
        complaint = Complaint.about(fault for fault in faults if fault.code not in SILENCE)
        if complaint and not complaint.is_same_trouble(care.passed_over):
            self._warn(care, "passed over", complaint)
        care.passed_over = complaint

    def forget(self, care: FetchedZone, now: Instant) -> None:
        """Nothing is wrong with the zone any more."""
        care.problem = NO_COMPLAINT
        self._server.alarms.clear(f"zone/{care.definition.name}", now)

    def tell_confirmed(self, care: FetchedZone, now: Instant) -> None:
        """Whoever was told that it is not refreshed is told that it is; a newer version is news enough by itself."""
        if care.problem:
            text = f"refreshed again: {care.primary} confirms serial {care.serial}"
            self._server.journal.tell(Event(now, EventKind.ZONE, str(care.definition.name), text))
        self.forget(care, now)


def _situation(care: FetchedZone) -> str:
    """What did not come, and what is answered meanwhile."""
    what = "not fetched whole" if care.is_whole_wanted else "not refreshed"
    if care.loaded is None:
        return f"{what}, there is no version to answer from"
    serial = care.loaded.zone.serial
    return f"{what}, serial {serial} {'stays' if care.is_answered else 'has expired'}"
