"""Tens of thousands of messages to Understudy, BIND, NSD and Knot over the same zones: what differs is listed.

`UNDERSTUDY_CONFORMANCE=long` sends every question in every variant.
"""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from understudy.testing.side_by_side import queries, zones
from understudy.testing.side_by_side.comparison import Finding
from understudy.testing.side_by_side.differences import Difference, explain
from understudy.testing.side_by_side.messages import Case
from understudy.testing.side_by_side.oddities import oddities
from understudy.testing.side_by_side.servers import Servers
from understudy.testing.side_by_side.table import DIFFERENCES

FOLDER = Path(__file__).parent / "zones" / "side_by_side"
RICH = FOLDER.parent / "rich.zone"
IS_LONG = os.environ.get("UNDERSTUDY_CONFORMANCE") == "long"
SHOWN = 40


class Run:
    """What was found in one world, as far as it is not listed, and what of the list was seen in all of them."""

    def __init__(self) -> None:
        self.unlisted: dict[str, list[Finding]] = {}
        self.seen: set[tuple[Difference, str]] = set()
        self.asked: Counter[str] = Counter()

    def ask(self, name: str, servers: Servers, cases: Iterator[Case]) -> None:
        unlisted, seen = explain(servers.differences(self._counted(name, cases)), DIFFERENCES)
        self.unlisted[name] = unlisted
        self.seen |= seen

    def _counted(self, name: str, cases: Iterator[Case]) -> Iterator[Case]:
        for case in cases:
            self.asked[name] += 1
            yield case


def systematic(world: zones.World) -> Iterator[Case]:
    questions = list(queries.questions(zones.contents(world)))
    return queries.long_run(questions) if IS_LONG else queries.short_run(questions)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    run, folder = Run(), tmp_path_factory.mktemp("side_by_side")
    many = zones.many_zones(FOLDER, folder, {"rich.example.": RICH})
    with Servers(many, folder / "many") as servers:
        run.ask("many zones", servers, systematic(many))
        run.ask("oddities", servers, oddities())
    root = zones.root_zone(FOLDER)
    with Servers(root, folder / "root") as servers:
        run.ask("the root", servers, systematic(root))
    odd = zones.odd_zone(FOLDER.parent / "odd.test.zone")
    with Servers(odd, folder / "odd") as servers:
        run.ask("wildcards that BIND does not load", servers, systematic(odd))
    return run


@pytest.mark.timeout(3600 if IS_LONG else 300)
@pytest.mark.parametrize("name", ["many zones", "the root", "wildcards that BIND does not load", "oddities"])
def test_what_we_answer_otherwise_than_another_server_is_listed(run: Run, name: str) -> None:
    assert run.asked[name] > 500
    unlisted = run.unlisted[name]
    told = "\n".join(str(finding) for finding in unlisted[:SHOWN])
    assert not unlisted, f"{len(unlisted)} of {run.asked[name]}:\n{told}"


def test_every_difference_in_the_list_is_still_one(run: Run) -> None:
    listed = {(each, peer) for each in DIFFERENCES for peer in each.peers}
    assert {(each.asked, peer) for each, peer in listed - run.seen} == set()
