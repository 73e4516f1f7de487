"""Semantics 5.7: what would leave a record with nothing to answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from understudy.health.objections import Desired, find_objections, find_useless
from understudy.health.overrides import OverrideIndex
from understudy.model.endpoint import Member
from understudy.model.health import Health, HealthKey, HealthState
from understudy.model.override import Override, OverrideKind, Subject, SubjectKind
from understudy.model.record import OnAllDown
from understudy.testing.builders import endpoint, member, pool, record

NOW = 1000.0
DRAIN, DOWN, UP, FREEZE = OverrideKind.DRAIN, OverrideKind.FORCE_DOWN, OverrideKind.FORCE_UP, OverrideKind.FREEZE
ALL_DOWN = Health(HealthState.DOWN, 0.0, 0.0)


def override(kind: OverrideKind, subject_kind: SubjectKind, text: str = "", expires_at: float = 5000.0) -> Override:
    return Override(1, kind, Subject(subject_kind, text), "maintenance", "ada", 0.0, expires_at)


def desired(
    *overrides: Override, near: tuple[str | Member, ...] = ("192.0.2.1", "2001:db8::1"), **fields: Any
) -> Desired:
    www = record(**fields)
    pools = {
        "near": pool("near", *near),
        "far": pool("far", "192.0.2.2"),
        "resort": pool("resort", "203.0.113.1"),
    }
    return Desired({www.name: www}, pools, OverrideIndex.of(overrides))


NEAR_OUT = override(DRAIN, SubjectKind.POOL, "near")
FAR_OUT = override(DRAIN, SubjectKind.POOL, "far")
IPV6_OUT = override(DOWN, SubjectKind.ENDPOINT, "2001:db8::1")
ALL_OUT = override(DRAIN, SubjectKind.RECORD, "www.example.com")


@pytest.mark.parametrize(
    ("overrides", "fields", "families"),
    [
        ([], {}, []),
        ([FAR_OUT], {}, []),
        ([NEAR_OUT], {}, ["AAAA"]),
        ([IPV6_OUT], {}, ["AAAA"]),
        ([ALL_OUT], {}, ["A", "AAAA"]),
        ([NEAR_OUT, FAR_OUT], {"fallback": "resort"}, ["AAAA"]),  # the last resort has IPv4 only
        ([ALL_OUT], {"fallback": "resort"}, ["A", "AAAA"]),  # a record's drain takes its last resort as well
        ([ALL_OUT, override(UP, SubjectKind.POOL, "near")], {}, []),
        ([override(DRAIN, SubjectKind.EVERYTHING)], {}, ["A", "AAAA"]),
        ([override(DRAIN, SubjectKind.EVERYTHING, expires_at=NOW)], {}, []),
        ([override(FREEZE, SubjectKind.EVERYTHING)], {}, []),
        ([], {"near": (member("192.0.2.1"), member("2001:db8::1", is_disabled=True))}, ["AAAA"]),
        ([FAR_OUT], {"near": (member("192.0.2.1", is_disabled=True),)}, ["A"]),
        ([NEAR_OUT], {"near": ("alias.example.net",)}, []),  # decided as a whole: `far` still answers
        ([ALL_OUT], {"near": ("alias.example.net",)}, ["CNAME"]),
    ],
)
def test_5_7_a_family_without_anything_left_is_objected_to(
    overrides: list[Override], fields: dict[str, Any], families: list[str]
) -> None:
    found = find_objections(desired(*overrides, **fields), NOW, before=None, healths={})

    assert [objection.text.split(":")[0] for objection in found] == [f"www.example.com {each}" for each in families]


@pytest.mark.parametrize(
    ("on_all_down", "overrides", "families"),
    [
        (OnAllDown.FAIL_OPEN, [FAR_OUT], []),
        (OnAllDown.LAST_HEALTHY, [FAR_OUT], []),
        (OnAllDown.NODATA, [FAR_OUT], ["A"]),
        (OnAllDown.SERVFAIL, [FAR_OUT], ["A"]),
        (OnAllDown.NODATA, [], []),
        (OnAllDown.NODATA, [FAR_OUT, override(UP, SubjectKind.ENDPOINT, "192.0.2.1")], []),
    ],
)
def test_5_7_so_is_taking_out_the_last_one_that_is_up_where_down_answers_nothing(
    on_all_down: OnAllDown, overrides: list[Override], families: list[str]
) -> None:
    after = desired(*overrides, on_all_down=on_all_down)
    healths = {HealthKey(endpoint("192.0.2.1"), record().requirement): ALL_DOWN}

    found = find_objections(after, NOW, before=None, healths=healths)

    assert [objection.text.split(":")[0] for objection in found] == [f"www.example.com {each}" for each in families]


def test_5_7_what_was_so_before_is_no_objection_against_something_else() -> None:
    before = desired(IPV6_OUT)
    api = record("api.example.com", "far")
    after = replace(desired(IPV6_OUT, FAR_OUT), records={**before.records, api.name: api})

    found = find_objections(after, NOW, before=before, healths={})

    assert [str(objection.record) for objection in found] == ["api.example.com"]


@pytest.mark.parametrize(
    ("kind", "subject_kind", "is_useless"),
    [
        (FREEZE, SubjectKind.RECORD, False),
        (FREEZE, SubjectKind.EVERYTHING, False),
        (FREEZE, SubjectKind.POOL, True),
        (FREEZE, SubjectKind.ENDPOINT, True),
        (DRAIN, SubjectKind.ENDPOINT, False),
    ],
)
def test_5_1_a_freeze_of_a_pool_or_endpoint_would_do_nothing(
    kind: OverrideKind, subject_kind: SubjectKind, is_useless: bool
) -> None:
    assert bool(find_useless(override(kind, subject_kind, "near"))) is is_useless
