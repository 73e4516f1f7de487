"""Over whatever link, every secondary hears of the last version in the end, and nobody is told for ever."""

from __future__ import annotations

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.transfer import NotifyTarget
from understudy.zones.notices import GIVE_UP_S, RETRY_MAX_S, Notice, Notices
from understudy.zones.secondary import Secondary, Timers

ORIGIN = Name.parse("example.com")
TIMERS = Timers(refresh_s=3600.0, retry_s=60.0, expire_s=86400.0)
DELAY_MAX_S = 3.0
SILENCE_S = 4.0
MESSAGES_MAX = 20  # for one version: 1 + 2 + 4 ... + 60 s, and then each minute for ten of them

Action = Callable[[Instant], None]


class Link:
    """Carries a datagram after a while, or not; two may arrive in another order. `cut`: an instant to another."""

    def __init__(self, loss: float, cut: tuple[Instant, Instant], seed: int) -> None:
        self._loss, self._cut = loss, cut
        self._chance = random.Random(seed)
        self._numbers = itertools.count()
        self._due: list[tuple[Instant, int, Action]] = []

    def at(self, instant: Instant, action: Action) -> None:
        heapq.heappush(self._due, (instant, next(self._numbers), action))

    def carry(self, now: Instant, action: Action) -> bool:
        """Whether it arrives."""
        if self._cut[0] <= now < self._cut[1] or self._chance.random() < self._loss:
            return False
        self.at(now + self._chance.uniform(0.001, DELAY_MAX_S), action)
        return True

    def run_until(self, end: Instant) -> None:
        while self._due and self._due[0][0] <= end:
            now, _, action = heapq.heappop(self._due)
            action(now)


class World:
    """A primary that tells its secondaries, and these as they are told and ask."""

    def __init__(self, link: Link, count: int) -> None:
        self.link = link
        self.notices = Notices()
        self.serial = 1
        self.sent: Counter[tuple[NotifyTarget, int]] = Counter()
        self.targets = [NotifyTarget(f"192.0.2.{number}", 53) for number in range(1, count + 1)]
        self.copies = {target: Secondary.empty(0.0).refreshed(TIMERS, 0.0, chance=0.0) for target in self.targets}
        self.held = dict.fromkeys(self.targets, 1)
        self._asking: set[NotifyTarget] = set()

    def announce(self, now: Instant) -> None:
        self.serial += 1
        self.notices.announce(ORIGIN, self.serial, self.targets, now=now)
        self.tell(now)

    def tell(self, now: Instant) -> None:
        """As the notifier does it: what is due is sent, then it sleeps until something is."""
        due, _ = self.notices.take(now)
        for notice in due:
            self.sent[notice.target, notice.serial] += 1
            self.link.carry(now, partial(self._hear, notice))
        following = self.notices.next_due()
        if following is not None:
            self.link.at(max(following, now), self.tell)

    def _hear(self, notice: Notice, at: Instant) -> None:
        """The secondary answers, and asks what there is."""
        self.copies[notice.target] = self.copies[notice.target].asked_for(at)
        self.link.carry(at, partial(self.notices.acknowledge, notice))
        self.ask(notice.target, at)

    def ask(self, target: NotifyTarget, now: Instant) -> None:
        """If it is time to; nothing is asked twice at once."""
        if target in self._asking or self.copies[target].due > now:
            return
        self._asking.add(target)

        def answered(at: Instant, serial: int) -> None:
            self._asking.discard(target)
            self.held[target] = max(self.held[target], serial)
            self.copies[target] = self.copies[target].refreshed(TIMERS, at, chance=0.0)
            self.link.at(self.copies[target].due, partial(self.ask, target))

        def unanswered(at: Instant) -> None:
            self._asking.discard(target)
            self.copies[target] = self.copies[target].failed(at, chance=0.0)
            self.link.at(self.copies[target].due, partial(self.ask, target))

        def asked(at: Instant) -> None:
            serial = self.serial
            if not self.link.carry(at, lambda later: answered(later, serial)):
                self.link.at(at + SILENCE_S, unanswered)

        if not self.link.carry(now, asked):
            self.link.at(now + SILENCE_S, unanswered)


@given(
    loss=st.sampled_from([0.0, 0.2, 0.5]),
    cut=st.tuples(st.floats(0, 3000), st.sampled_from([0.0, 30.0, 3600.0])),
    pauses=st.lists(st.sampled_from([0.05, 0.5, 5.0, 200.0, 900.0]), min_size=1, max_size=6),
    count=st.integers(1, 3),
    seed=st.integers(0, 1000),
)
def test_every_copy_converges_and_nothing_is_stuck(
    loss: float, cut: tuple[float, float], pauses: list[float], *, count: int, seed: int
) -> None:
    world = World(Link(loss, (cut[0], cut[0] + cut[1]), seed), count)
    for target in world.targets:
        world.link.at(world.copies[target].due, partial(world.ask, target))
    for instant in itertools.accumulate(pauses):
        world.link.at(instant, world.announce)
    end = sum(pauses) + sum(cut) + GIVE_UP_S + TIMERS.refresh_s
    world.link.run_until(end + 40 * TIMERS.retry_s)
    assert world.held == dict.fromkeys(world.targets, world.serial)
    assert world.notices.next_due() is None
    assert max(world.sent.values()) <= MESSAGES_MAX
    assert all(copy.is_served for copy in world.copies.values())


@given(losses=st.lists(st.booleans(), min_size=1, max_size=60))
def test_the_pauses_grow_to_a_minute_and_end_after_ten(losses: list[bool]) -> None:
    notices, now, sent = Notices(), 0.0, []
    notices.announce(ORIGIN, 2, [NotifyTarget("192.0.2.1", 53)], now=now)
    for is_lost in losses:
        due, given_up = notices.take(now)
        sent.extend([now] * len(due))
        if due and not is_lost:
            notices.acknowledge(due[0], now)
        following = notices.next_due()
        if following is None:
            break
        assert not given_up
        assert now < following <= now + RETRY_MAX_S
        now = following
    assert now <= GIVE_UP_S + RETRY_MAX_S
    assert notices.next_due() is None or all(losses)
