"""What our resolver says of the name servers outside of our zones, and of which of them it says nothing."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from typing import TypeAlias
from weakref import WeakValueDictionary

from understudy.checks.transport.faults import EndpointError, LocalError
from understudy.checks.transport.resolve import resolve as look_up
from understudy.clock.clock import Clock
from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.plural import plural

FRESH_S = 600.0  # chosen: how often addresses are looked up again
BLIND_S = 30.0  # chosen: the same while our resolver says nothing, as when a host starts: nobody is told there (NOTIFY)
LASTING_S = 300.0  # chosen: a resolver that was started anew, or a network that comes up with the host, is back by then
RESOLVE_S = 15.0  # chosen: a resolver that tries three servers for five seconds each has been through them
AT_ONCE = 20  # chosen: a third of the look-ups that probes and this may have under way together


@frozen
class Unsaid:
    """Our resolver says nothing of a host, neither addresses nor that it has none, and `why`, as a sentence."""

    why: str


Resolve: TypeAlias = Callable[[str], Awaitable[Collection[str] | Unsaid]]
"""The addresses of a host name, none where it has none."""


async def resolve(host: str) -> Collection[str] | Unsaid:
    """By the system's resolver, which gets a while."""
    try:
        async with asyncio.timeout(RESOLVE_S):
            return tuple(str(address) for address in await look_up(host))
    except EndpointError:
        return ()
    except LocalError as error:
        return Unsaid(error.text)
    except TimeoutError:
        return Unsaid(f"our resolver did not answer for {host.rstrip('.')} in {RESOLVE_S:.0f} s")


@frozen
class Silence:
    """Since when our resolver says nothing of a host, when it was asked last, and why."""

    since: Instant
    asked_at: Instant
    why: str


class Addresses:
    """What a resolver has said of hosts, for the zones that name them: asked for again after `FRESH_S`.

    A host without an address is asked for at once whenever somebody wants to know. While the resolver says nothing of
    a host (`silences`), what it said last goes on.
    """

    def __init__(self, resolve: Resolve, clock: Clock) -> None:
        self.silences: dict[str, Silence] = {}
        self._resolve = resolve
        self._clock = clock
        self._known: dict[str, tuple[Instant, Collection[str]]] = {}
        self._named: dict[Name, frozenset[str]] = {}
        self._zones: dict[str, set[Name]] = {}
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._turns = asyncio.Semaphore(AT_ONCE)

    def last(self, host: str) -> Collection[str]:
        """The addresses that were said last, as far as any were."""
        return self._known[host][1] if host in self._known else ()

    async def of(self, host: str) -> Collection[str] | Unsaid:
        """The addresses that were said last; nothing, if nothing was ever said."""
        came_at = self._clock.now()
        async with self._asking.setdefault(host, asyncio.Lock()), self._turns:
            if not self._is_fresh(host, came_at):
                self._note(host, await self._resolve(host))
        return self._known[host][1] if host in self._known else Unsaid(self.silences[host].why)

    def _is_fresh(self, host: str, came_at: Instant) -> bool:
        """Many zones name one host; who waited while another asked has that answer, none too.

        A resolver that says nothing takes its time for that.
        """
        now = self._clock.now()
        if host in self.silences:
            return now < self.silences[host].asked_at + BLIND_S / 2
        asked_at, known = self._known.get(host, (-math.inf, ()))
        return asked_at > came_at or (bool(known) and now < asked_at + FRESH_S)

    def _note(self, host: str, found: Collection[str] | Unsaid) -> None:
        now = self._clock.now()
        if not isinstance(found, Unsaid):
            self._known[host] = (now, found)
            self.silences.pop(host, None)
        elif host in self.silences:
            self.silences[host] = replace(self.silences[host], asked_at=now, why=found.why)
        else:
            self.silences[host] = Silence(now, now, found.why)

    def keep(self, origin: Name, hosts: frozenset[str]) -> None:
        """These are asked for because of a zone now; what no zone asks for is forgotten."""
        before = self._named.pop(origin, frozenset())
        if hosts:
            self._named[origin] = hosts
        for host in hosts:
            self._zones.setdefault(host, set()).add(origin)
        for host in before - hosts:
            self._zones[host].discard(origin)
            if not self._zones[host]:
                del self._zones[host]
                self._known.pop(host, None)
                self.silences.pop(host, None)

    def is_silent_for(self, origin: Name) -> bool:
        """Whether our resolver says nothing of one of the hosts of a zone."""
        return not self._named.get(origin, frozenset()).isdisjoint(self.silences)

    def complaint(self) -> str:
        """What is wrong with our resolver, if it has been for long and was asked again; empty: nothing is."""
        lasting = [each for each in self.silences.values() if each.asked_at >= each.since + LASTING_S]
        if not lasting:
            return ""
        more = f" (likewise for {plural(len(lasting) - 1, 'other name server')})" if len(lasting) > 1 else ""
        return f"{lasting[0].why}{more}; addresses that were known before stay in use"
