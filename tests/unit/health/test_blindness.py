"""Semantics 2.7: a monitor whose view cannot be trusted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from understudy.health.blindness import AnchorCount, find_blind
from understudy.model.verdict import ProbeKey, Verdict
from understudy.testing.builders import check, probe_key, verdict

MONITORS = ("m0", "m1", "m2", "m3", "m4")
WEB = replace(check("web"), monitors=MONITORS)


def tables(*views: str, at: float = 100.0) -> dict[str, dict[ProbeKey, Verdict]]:
    """`ud-u`: the monitor calls the first endpoint up, the second down, has no opinion of the third."""
    states = {"u": "up", "d": "down", "-": "unknown"}
    return {
        monitor: {
            probe_key(f"192.0.2.{number}"): verdict(states[vote], at) for number, vote in enumerate(view, start=1)
        }
        for monitor, view in zip(MONITORS, views, strict=False)
    }


@pytest.mark.parametrize(
    ("views", "blind"),
    [
        (("uuuu", "uuuu", "dddu"), {"m2"}),
        (("uuuu", "uuuu", "dduu"), set()),  # half is not more than half
        (("uuu", "uuu", "ddd"), set()),  # three endpoints prove nothing
        (("uuuu", "uuuu", "dddd", "dddd"), set()),  # a tie has no majority
        (("uuuu", "uuuu", "uuuu", "dddd", "dddd"), set()),  # two of the same mind are not alone
        (("dddd", "dddd", "uuuu"), set()),  # the majority says down
        (("uuuu", "dddd"), set()),
        (("dddd",), set()),
        (("uuuuu", "uuuuu", "ddd--"), set()),  # three that it judged
        (("uuuuuu", "uuuuuu", "dddd--"), {"m2"}),
    ],
)
def test_2_7_a_monitor_that_stands_alone_against_the_majority_is_blind(views: tuple[str, ...], blind: set[str]) -> None:
    assert set(find_blind(tables(*views), {}, 101.0, checks={"web": WEB})) == blind


@pytest.mark.parametrize(
    ("reached", "total", "is_blind"), [(0, 0, False), (0, 1, True), (1, 2, True), (2, 3, False), (1, 3, True)]
)
def test_2_7_a_monitor_that_reaches_no_majority_of_its_anchors_is_blind(
    reached: int, total: int, is_blind: bool
) -> None:
    found = find_blind(tables("uuuu"), {"m0": AnchorCount(reached, total)}, 101.0, checks={"web": WEB})

    assert found == ({"m0": f"reaches {reached} of {total} anchors"} if is_blind else {})


def test_2_7_a_monitor_without_anchors_in_reach_is_no_witness() -> None:
    """m0 and m1 are cut off and call up; without them m2 is in nobody's minority."""
    cut_off = {name: AnchorCount(0, 2) for name in ("m0", "m1")}

    assert set(find_blind(tables("uuuu", "uuuu", "dddd"), cut_off, 101.0, checks={"web": WEB})) == {"m0", "m1"}


def test_2_7_stale_votes_are_no_majority() -> None:
    views = tables("uuuu", "uuuu", "dddd", at=0.0) | {"m2": tables("dddd", at=90.0)["m0"]}

    assert not find_blind(views, {}, 100.0, checks={"web": WEB})


def test_2_7_verdicts_of_a_check_that_is_gone_are_ignored() -> None:
    assert not find_blind(tables("uuuu", "uuuu", "dddd"), {}, 101.0, checks={})


def test_2_7_the_reason_shows_the_arithmetic() -> None:
    found = find_blind(tables("uuuu", "uuuu", "dddu"), {}, 101.0, checks={"web": WEB})

    assert found == {"m2": "alone calls down 3 of 4 endpoints that the majority calls up"}
