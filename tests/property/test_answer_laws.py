"""The engine answers as the reference answerer does, which was written only from the RFCs (`testing/reference`)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

import dns.name
import pytest
from dns.name import Name
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from understudy.engine import Engine, Zone
from understudy.testing.reference import Habits, answer, differences
from understudy.testing.reference.draft import TYPES, Crowd, Draft, Kind, Line, Pair, around, delegate
from understudy.testing.reference.questions import questions
from understudy.testing.reference.reading import read

WORLDS = int(os.environ.get("CONFORMANCE_WORLDS", "120"))
"""How many sets of zones are drawn; `make conformance` draws more."""

QUESTIONS_PER_WORLD = 120
NOW = 1000.0

ORIGINS = (".", "test.", "sub.test.", "a.sub.test.", "b.test.", "other.", "deep.a.b.other.")
# Any octet may stand in a label (RFC 2181 11).
LABELS = (b"a", b"a", b"a", b"b", b"b", b"*", b"*", b"sub", b"Mixed", b"d.t\x00\xff\\ ", b"l" * 60)
NAMES_MAX = 14

some_origins = st.lists(st.sampled_from(ORIGINS), min_size=1, max_size=4, unique=True) | st.permutations(ORIGINS)
lines = st.builds(
    Line,
    owner=st.integers(0, NAMES_MAX - 1),
    target=st.integers(0, NAMES_MAX - 1),
    above=st.integers(0, 2),
    ttl=st.sampled_from([0, 30, 300, 86400]),
    rtype=st.sampled_from((*TYPES, "A", "NS", "NS", "TXT", "TXT", "MX")),
    number=st.integers(1, 40),
    is_inside=st.booleans(),
    has_hosts=st.booleans(),
)
# Hosts whose addresses come from a wildcard.
covered = st.builds(
    replace,
    lines,
    rtype=st.sampled_from(("MX", "SRV", "SVCB", "HTTPS")),
    number=st.sampled_from((3, 6, 9)),
    is_inside=st.just(value=True),
    has_hosts=st.just(value=True),
)
# As many as fit into 512 octets and 1,232, about, and more than fit at all.
crowds = st.builds(
    Crowd,
    owner=st.integers(0, NAMES_MAX - 1),
    above=st.integers(0, 2),
    servers=st.sampled_from([6, 7, 8, 18, 20, 60]),
)
pairs = st.builds(
    Pair,
    owner=st.integers(0, NAMES_MAX - 1),
    other=st.integers(0, NAMES_MAX - 1),
    above=st.integers(0, 2),
)
aliases = st.builds(replace, lines, rtype=st.sampled_from(("CNAME", "CNAME", "DNAME")))


@dataclass(frozen=True)
class Steering:
    """A steered set to be, over a name of a world."""

    owner: int
    above: int
    rtype: str
    kind: Kind
    ttl: int
    due: float | None


steerings = st.builds(
    Steering,
    owner=st.integers(0, NAMES_MAX - 1),
    above=st.integers(0, 2),
    rtype=st.sampled_from(("A", "A", "AAAA", "CNAME")),
    kind=st.sampled_from(("answer", "answer", "nodata", "servfail")),
    ttl=st.sampled_from([0, 5, 30]),
    due=st.sampled_from([None, NOW - 1, NOW + 0.5, NOW + 20.5]),
)


def names_below(origins: Sequence[str]) -> st.SearchStrategy[Name]:
    return st.tuples(st.lists(st.sampled_from(LABELS), max_size=3), st.sampled_from(origins)).map(
        lambda drawn: Name((*drawn[0], *dns.name.from_text(drawn[1]).labels))
    )


@st.composite
def worlds(draw: st.DrawFn) -> list[Draft]:
    """Zones, some above others, with and without a delegation between them; few names, so that they meet."""
    origins = draw(some_origins)
    drafts = [Draft(dns.name.from_text(origin), draw(st.sampled_from([False] * 5 + [True]))) for origin in origins]
    pool = draw(st.lists(names_below(origins), min_size=6, max_size=NAMES_MAX))
    for draft in drafts:
        soa_ttl, minimum = draw(st.sampled_from([(300, 60), (60, 300), (0, 0)]))
        draft.add(draft.origin, "SOA", f"ns.test. h.test. 1 2 3 4 {minimum}", ttl=soa_ttl)
        draft.add(draft.origin, "NS", draw(st.sampled_from(pool)).to_text(), ttl=300)
    for child in drafts:
        if draw(st.booleans()):
            delegate(drafts, child, draw(st.sampled_from(pool)))
    drawn = (
        *draw(st.lists(covered, max_size=3)),
        *draw(st.lists(aliases, min_size=1, max_size=8)),
        *draw(st.lists(lines, min_size=6, max_size=40)),
    )
    for line in drawn:
        owner, target = pool[line.owner % len(pool)], pool[line.target % len(pool)]
        places = around(drafts, owner)
        line.add_to(places[line.above % len(places)], owner, target)
    for crowd in draw(st.lists(crowds, max_size=1)):
        owner = pool[crowd.owner % len(pool)]
        places = around(drafts, owner)
        crowd.add_to(places[crowd.above % len(places)], owner)
    for pair in draw(st.lists(pairs, max_size=3)):
        owner, other = pool[pair.owner % len(pool)], pool[pair.other % len(pool)]
        places = around(drafts, owner)
        pair.add_to(places[pair.above % len(places)], owner, other)
    for steering in draw(st.lists(steerings, max_size=6)):
        owner = pool[steering.owner % len(pool)]
        places = around(drafts, owner)
        place = places[steering.above % len(places)]
        place.steer(owner, steering.rtype, steering.kind, ttl=steering.ttl, due=steering.due)
    return drafts


habits = st.builds(
    Habits,
    udp_octets=st.sampled_from([512, 1232, 1232, 4096]),
    is_minimal=st.sampled_from([False, False, True]),
    name=st.sampled_from(["", "ns1.test"]),
    has_cookies=st.booleans(),
)


def engine_with(drafts: Sequence[Draft], habits: Habits, *, rotates: bool = False) -> Engine:
    engine = Engine(
        [],
        udp_size=habits.udp_octets,
        minimal_responses=habits.is_minimal,
        hostname_bind=habits.name,
        cookie_secrets=[bytes(16)] if habits.has_cookies else None,
        rotate=rotates,
    )
    missing = [draft.origin.to_text() for draft in drafts if draft.is_missing]
    engine.set_secondaries([(origin, ["192.0.2.1"], []) for origin in missing])
    for draft in (each for each in drafts if not each.is_missing):
        engine.publish_zone(Zone.parse(draft.origin.to_text(), draft.text.encode()), draft.steered)
    return engine


@given(drafts=worlds(), habits=habits, seed=st.integers(0, 1 << 32))
@settings(max_examples=WORLDS, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@pytest.mark.timeout(7200)
def test_the_engine_answers_as_the_reference_does(drafts: list[Draft], habits: Habits, seed: int) -> None:
    # The order of records is free, so that rotation changes nothing.
    engine = engine_with(drafts, habits, rotates=seed % 2 == 1)
    zones = [draft.plain_zone(NOW) for draft in drafts]
    note("\n".join(f"{draft.text}steered: {draft.steered}\n" for draft in drafts))
    for octets, transport in questions(zones, Random(seed), QUESTIONS_PER_WORLD):
        found = differences(
            answer(zones, octets, transport, habits=habits), engine.answer(octets, transport=transport, now=NOW)
        )
        assert not found, "\n".join([transport, read(octets).to_text(), *found])
