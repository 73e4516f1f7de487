"""What there is to decide: one record's endpoints of one family, or all of them together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from itertools import chain

from understudy.model.decision import Mode, RecordMemory, Step
from understudy.model.endpoint import Endpoint, Family, Member, is_inline
from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.record import Record
from understudy.model.standing import Lineup, Standing, StandingKind
from understudy.steering.policies import POLICIES
from understudy.steering.policy import Tiers


@frozen
class Question:
    """`tiers` are those of the policy; `required` is what a tier must have to be chosen (4.2).

    `current` is the tier in use, -1 where there is none.
    """

    record: Record
    family: Family
    tiers: Tiers
    fallback: tuple[Standing, ...]
    required: int
    memory: RecordMemory
    current: int
    now: Instant

    @property
    def standings(self) -> Iterator[Standing]:
        """Every standing of every tier, in order."""
        return chain.from_iterable(self.tiers)

    def tier_text(self, index: int) -> str:
        """How people know a tier: `tier 1 'frankfurt'`, `tier 1` without a name, or all pools where they are one."""
        if len(self.tiers) != len(self.record.pools):
            return "all pools"
        pool = self.record.pools[index]
        return f"tier {index + 1}" if is_inline(pool) else f"tier {index + 1} '{pool}'"


@frozen
class Selection:
    """What may go out, and why.

    `members` is empty for NODATA and SERVFAIL only. `relevant` are the standings whose change could change the answer.
    `due` is when a tier may be returned to (3.5), besides what the standings themselves are due for.
    """

    mode: Mode
    tier: int
    members: tuple[Member, ...]
    relevant: tuple[Standing, ...]
    steps: tuple[Step, ...]
    due: Instant | None = None

    @property
    def is_live(self) -> bool:
        """Whether it rests on what is eligible, so that it is remembered."""
        return self.mode in {Mode.NORMAL, Mode.DEGRADED}


@frozen
class FamilyPlan:
    """`families` are decided each for itself; HOST alone means that everything is decided together."""

    families: tuple[Family, ...] = field(default=(Family.IPV4, Family.IPV6))

    @property
    def is_whole(self) -> bool:
        """Whether the record is decided as a whole."""
        return self.families == (Family.HOST,)


def plan_families(lineup: Lineup) -> FamilyPlan:
    """A and AAAA each for itself; a record with a host name anywhere as a whole.

    A CNAME stands alone at its name (RFC 1034 3.6.2), so where one may be answered the families cannot differ.
    """
    everything = chain(chain.from_iterable(lineup.tiers), lineup.fallback)
    if any(standing.member.endpoint.family is Family.HOST for standing in everything):
        return FamilyPlan((Family.HOST,))
    return FamilyPlan()


def ask(record: Record, lineup: Lineup, now: Instant, *, family: Family, memory: RecordMemory) -> Question:
    """The question of one family; HOST asks about all endpoints together."""
    own = tuple(_of_family(tier, family) for tier in lineup.tiers)
    arrange = POLICIES[record.policy].arrange
    tiers = arrange(own)
    return Question(
        record=record,
        family=family,
        tiers=tiers,
        fallback=_of_family(lineup.fallback, family),
        required=_required(record, arrange(lineup.tiers), tiers),
        memory=memory,
        current=_find_current(tiers, memory),
        now=now,
    )


def distinct(members: Iterator[Member]) -> tuple[Member, ...]:
    """Each endpoint once, in order; one that stands in two pools has the weight of both."""
    weights: dict[Endpoint, int] = {}
    for member in members:
        weights[member.endpoint] = weights.get(member.endpoint, 0) + member.weight
    return tuple(Member(endpoint, weight) for endpoint, weight in weights.items())


def count_endpoints(standings: tuple[Standing, ...]) -> int:
    """How many endpoints these are; one that stands in two pools is one."""
    if len(standings) <= 1:
        return len(standings)
    return len({standing.member.endpoint for standing in standings})


def eligible(tier: tuple[Standing, ...]) -> tuple[Standing, ...]:
    """Those that may go out."""
    return tuple(standing for standing in tier if standing.kind is StandingKind.ELIGIBLE)


def _of_family(standings: tuple[Standing, ...], family: Family) -> tuple[Standing, ...]:
    if family is Family.HOST:
        return standings
    return tuple(standing for standing in standings if standing.member.endpoint.family is family)


def _find_current(tiers: Tiers, memory: RecordMemory) -> int:
    """The tier in use: -1 where there is none.

    Found by what it handed out, so that a configuration which adds, removes or reorders tiers moves nothing.
    """
    if memory.tier < 0:
        return -1
    used = frozenset(memory.last_healthy)
    order = sorted(range(len(tiers)), key=lambda index: index != memory.tier)
    return next((index for index in order if any(one.member.endpoint in used for one in tiers[index])), -1)


def _required(record: Record, tiers: Tiers, own: Tiers) -> int:
    """`min_healthy`, counted per family (4.2).

    A tier with two IPv4 addresses and one IPv6 address can have two healthy ones, its IPv6 side alone never: there the
    most that any tier has of the family is asked for instead, so that a sound record is not called degraded for ever.
    """
    asked = max(record.min_healthy, 1)
    if asked == 1:
        return asked
    largest = max(map(count_endpoints, tiers), default=0)
    largest_own = max(map(count_endpoints, own), default=0)
    return max(min(asked, largest_own), 1) if largest >= asked else asked
