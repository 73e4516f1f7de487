"""One look at a name server of a zone, and what it means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum

from understudy.model.duration import format_duration
from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.watch import ServerState
from understudy.zones.published import Published
from understudy.zones.serial import is_later


class Lack(StrEnum):
    """Why a server that was heard told no serial."""

    REFUSED = "refused"  # REFUSED: it does not have the zone, or does not answer whoever asks from here
    FAILED = "failed"  # SERVFAIL: it knows of the zone and has nothing to answer from
    UNREADABLE = "unreadable"  # it was no DNS message, or none that answers the question
    OTHER = "other"  # another answer that no server of this zone gives


@frozen
class Reply:
    """What one transport brought of the zone's SOA.

    `serial` is that of an authoritative answer. Without one `problem` says why: nothing was heard (`is_heard` False),
    or what was heard tells none, by `lack`. `is_asked` False: this host could not even ask, which says nothing of the
    server.
    """

    is_heard: bool
    serial: int | None = None
    problem: str = ""
    is_asked: bool = True
    lack: Lack = Lack.OTHER

    @property
    def is_lame(self) -> bool:
        """Whether somebody answers who does not have the zone."""
        return self.is_heard and self.serial is None

    def of_catalog(self) -> Reply:
        """What it means of a catalog (RFC 9432), of which many tell only who may fetch it: a refusal says nothing."""
        is_mute = self.is_lame and self.lack is Lack.REFUSED
        return replace(self, is_heard=False, is_asked=False) if is_mute else self


NOWHERE = Reply(is_heard=False, problem="no address is known for it")
"""Of a server that could not even be asked, which is its own fault, or that of who named it."""


@frozen
class Sighting:
    """What was seen. `differences` are answers unlike ours, in words; none where serials forbid to compare them."""

    udp: Reply
    tcp: Reply
    differences: tuple[str, ...] = ()

    @property
    def serial(self) -> int | None:
        """What the server has; None: it was not told."""
        return self.udp.serial if self.udp.serial is not None else self.tcp.serial

    def of_catalog(self) -> Sighting:
        """As of a reply; one over TCP is enough, since Knot answers about catalogs over UDP to nobody."""
        udp, tcp = self.udp.of_catalog(), self.tcp.of_catalog()
        return replace(self, udp=udp if udp.is_asked or tcp.serial is None else tcp, tcp=tcp)


@frozen
class Reference:
    """What the server is held against. `is_ours`: the serials are made here, so nobody can rightly be ahead."""

    published: Published
    lag_s: float
    is_ours: bool = True


@frozen
class Finding:
    """The worst of what a sighting means, in words that go on behind the server's name; empty where it is well.

    `behind_since` is told also while the lag is within its limit.
    """

    state: ServerState
    text: str = ""
    behind_since: Instant | None = None


_WITHOUT_ZONE = "is named for the zone and does not have it"
_LAME = {Lack.UNREADABLE: "cannot be understood", Lack.FAILED: "is named for the zone and cannot answer for it"}


def judge(sighting: Sighting, reference: Reference, now: Instant) -> Finding:
    """What is wrong, the worst first (`ServerState`); UNKNOWN where a fault of our own kept us from seeing it."""
    unasked = next((reply for reply in (sighting.udp, sighting.tcp) if not reply.is_asked), None)
    if unasked is not None:
        return Finding(ServerState.UNKNOWN, f"cannot be asked from here: {unasked.problem}")
    serial = sighting.serial
    since = reference.published.behind_since(serial) if serial is not None else None
    state, text = next(_faults(sighting, reference, now), (ServerState.OK, ""))
    return Finding(state, text, since)


def _faults(sighting: Sighting, reference: Reference, now: Instant) -> Iterator[tuple[ServerState, str]]:
    udp, tcp = sighting.udp, sighting.tcp
    if udp == NOWHERE:
        yield ServerState.UNREACHABLE, f"cannot be asked: {udp.problem}"
    elif not udp.is_heard and not tcp.is_heard:
        problems = " and ".join(dict.fromkeys((udp.problem, tcp.problem)))
        yield ServerState.UNREACHABLE, f"answers neither over UDP nor over TCP: {problems}"
    lame = next((reply for reply in (udp, tcp) if reply.is_lame), None)
    if lame is not None:
        yield ServerState.LAME, f"{_LAME.get(lame.lack, _WITHOUT_ZONE)}: {lame.problem}"
    if not udp.is_heard:
        yield ServerState.NO_UDP, f"does not answer over UDP: {udp.problem}"
    if not tcp.is_heard:
        yield ServerState.NO_TCP, f"does not answer over TCP: {tcp.problem}"
    yield from _distance(sighting.serial, reference, now)
    if sighting.differences:
        yield ServerState.DIFFERS, f"answers otherwise: {'; '.join(sighting.differences)}"


def _distance(serial: int | None, reference: Reference, now: Instant) -> Iterator[tuple[ServerState, str]]:
    newest = reference.published.newest
    if serial is None or newest is None:
        return
    if reference.is_ours and is_later(serial, newest):
        why = "it takes nothing from here until ours is later"
        yield ServerState.AHEAD, f"has serial {serial}, later than the {newest} here: {why}"
    since = reference.published.behind_since(serial)
    if since is not None and now - since > reference.lag_s:
        behind = f"has not followed for {format_duration(round(now - since))}"
        yield ServerState.BEHIND, f"{behind}: it has serial {serial}, and {newest} is the newest"


@frozen
class Sample:
    """A question whose answer is known: any of `expected`, each a whole RRset as octets, is right."""

    owner: str
    rtype: str
    expected: tuple[frozenset[str], ...]

    def difference(self, answered: frozenset[str]) -> str:
        """How the answer differs, in words; empty: it does not."""
        if answered in self.expected:
            return ""
        return f"{self.owner} {self.rtype} with {_shown(answered)}, here it is {_shown(self.expected[0])}"


def _shown(rdatas: frozenset[str]) -> str:
    return ", ".join(sorted(rdatas)) or "nothing"
