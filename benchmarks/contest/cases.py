"""What is served and asked: one case is a zone, its steered records, and the questions about it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from benchmarks.contest.questions import NOERROR, NXDOMAIN, Question

ORIGIN = "example.com"
FEW, MANY = 1_000, 1_000_000
ASKED = 16_384  # chosen: names come again in another order; the few names fit any cache, and the query file too
APEX = "$TTL 300\n@ SOA ns hostmaster 1 7200 900 1209600 300\n@ NS ns\nns A 192.0.2.53\n"


class Steering(Enum):
    """How the steered names of a case choose between the two endpoints."""

    NONE = "none"
    TIERS = "tiers"
    ALL = "all"
    WEIGHTED = "weighted"


class Asking(Enum):
    """Which questions about a case's zone, and what they expect."""

    CASE = "case"
    ALIAS_ALONE = "alias-alone"
    """The same, for a server that does not follow an alias."""
    STATIC = "static"
    """Names of a steered case that are not steered: what steering costs, in one server and one round."""


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the comparison."""

    key: str
    title: str
    names: int = FEW
    steering: Steering = Steering.NONE

    @property
    def is_steered(self) -> bool:
        return self.steering is not Steering.NONE

    @property
    def has_static(self) -> bool:
        """Whether its steered names are compared with static ones: where both answer one address."""
        return self.steering is Steering.TIERS

    def zone(self) -> Iterator[str]:
        """The master file, without steered names."""
        yield APEX
        if self.key == "mixed":
            yield from _mixed_zone(self.names)
        elif self.has_static:
            yield from (f"static{number} A {_address(number)}\n" for number in range(self.names))
        elif not self.is_steered:
            yield from (f"host{number} A {_address(number)}\n" for number in range(self.names))

    def questions(self, asking: Asking = Asking.CASE) -> Iterator[Question]:
        """In a random order that is the same in every run."""
        dice = random.Random(self.key)
        if self.key == "mixed":
            return _mixed_questions(dice, self.names, follows_aliases=asking is not Asking.ALIAS_ALONE)
        if self.key == "nxdomain":
            return (Question(f"no{dice.getrandbits(40):x}.{ORIGIN}", "A", NXDOMAIN, 0) for _ in range(ASKED))
        host = "static" if asking is Asking.STATIC else "host"
        answers = 2 if self.steering is Steering.ALL else 1
        order = dice.sample(range(self.names), self.names)
        count = max(1, ASKED // self.names)
        return (Question(f"{host}{number}.{ORIGIN}", "A", NOERROR, answers) for _ in range(count) for number in order)


def _address(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def _mixed_zone(names: int) -> Iterator[str]:
    for number in range(names // 10):
        yield (
            f"host{number} A {_address(number)}\n"
            f"host{number} AAAA 2001:db8::{number:x}\n"
            f'host{number} TXT "v=spf1 include:spf{number}.example.com -all"\n'
            f"mail{number} MX 10 host{number}\nmail{number} MX 20 ns\n"
            f"alias{number} CNAME host{number}\n"
            f"*.wild{number} A {_address(number)}\n"
            f"sub{number} NS ns.sub{number}\nsub{number} NS ns2.sub{number}\n"
            f"ns.sub{number} A {_address(number)}\nns2.sub{number} AAAA 2001:db8:1::{number:x}\n"
        )


ALIAS = "alias{}"
MIXTURE: Mapping[tuple[str, str], tuple[int, int, int]] = {
    # (name with its number, type): (rcode, answers, weight); chosen: about what an authoritative server of companies'
    # zones sees, with referrals and wildcards made frequent enough to count
    ("host{}", "A"): (NOERROR, 1, 30),
    ("host{}", "AAAA"): (NOERROR, 1, 20),
    ("host{}", "TXT"): (NOERROR, 1, 5),
    ("mail{}", "MX"): (NOERROR, 2, 10),
    (ALIAS, "A"): (NOERROR, 2, 10),
    ("x.wild{}", "A"): (NOERROR, 1, 5),
    ("host{}", "MX"): (NOERROR, 0, 10),
    ("www.sub{}", "A"): (NOERROR, 0, 5),
    ("none{}", "A"): (NXDOMAIN, 0, 5),
}


def _mixed_questions(dice: random.Random, names: int, *, follows_aliases: bool) -> Iterator[Question]:
    weights = [weight for _, _, weight in MIXTURE.values()]
    for (name, rtype), (rcode, answers, _) in dice.choices(list(MIXTURE.items()), weights, k=ASKED):
        records = 1 if name == ALIAS and not follows_aliases else answers
        yield Question(f"{name.format(dice.randrange(names // 10))}.{ORIGIN}", rtype, rcode, records)


CASES = {
    case.key: case
    for case in (
        Case("names", "1,000 names"),
        Case("mixed", "mixed types and names"),
        Case("nxdomain", "names that do not exist"),
        Case("tiers", "steered: a primary and a backup", steering=Steering.TIERS),
        Case("all", "steered: every healthy endpoint", steering=Steering.ALL),
        Case("weighted", "steered: by weight", steering=Steering.WEIGHTED),
        Case("million", "1,000,000 names", names=MANY),
    )
}
