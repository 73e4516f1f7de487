"""What the tests of stores share: where a store lives, and what is put into it."""

from __future__ import annotations

from typing import Protocol

from understudy.model.decision import Decision, Mode, Selector, Step, Variant
from understudy.model.endpoint import Family
from understudy.model.event import Event, EventKind
from understudy.model.instant import Instant
from understudy.model.override import OverrideKind, Subject, SubjectKind
from understudy.store.draft import Draft, Signature
from understudy.store.encoding import RecordKey
from understudy.store.store import Store
from understudy.testing.builders import endpoint, name
from understudy.testing.virtual_time import VIRTUAL_START

STORE_NOW: Instant = VIRTUAL_START
"""When everything here happens."""

WWW: RecordKey = (name("www.example.com"), Family.IPV4)


class StoreHouse(Protocol):
    """Where a store lives: it opens again and again, and can be full."""

    def open(self) -> Store:
        """The store as it was left. Raises StoreError while another one is open."""
        ...

    def fill(self) -> None:
        """From now on nothing large can be written."""
        ...

    def empty(self) -> None:
        """There is space again."""
        ...


def drain(address: str = "192.0.2.10", reason: str = "maintenance") -> Draft:
    """An operator drains an endpoint for an hour."""
    subject = Subject(SubjectKind.ENDPOINT, address)
    return Signature("ops", reason, STORE_NOW).override(OverrideKind.DRAIN, subject, STORE_NOW + 3600)


def health_event(text: str, kind: EventKind = EventKind.HEALTH, subject: str = "192.0.2.10") -> Event:
    """Something that happened to an endpoint, or to what is named."""
    return Event(STORE_NOW, kind, subject, text)


def decision_made(at: Instant, address: str = "192.0.2.10") -> Decision:
    """www.example.com is answered with one address."""
    return Decision(
        record=WWW[0],
        family=WWW[1],
        mode=Mode.NORMAL,
        tier=0,
        selector=Selector.ONE,
        variants=(Variant((endpoint(address),)),),
        ttl_s=30,
        due=at + 60,
        decided_at=at,
        steps=(Step("4.2", "near", "has 1 of 1 eligible"),),
    )
