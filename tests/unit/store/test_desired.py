from __future__ import annotations

import json

import pytest

from understudy.model.errors import InvariantError
from understudy.model.log import EntryKind, LogEntry
from understudy.model.override import Override, OverrideKind, Subject, SubjectKind
from understudy.model.promotion import Promotion
from understudy.store.desired import KEEP_EXPIRED_S, Desired, apply, fold, skip
from understudy.store.draft import Draft, Signature
from understudy.store.log import decode_desired, encode_desired
from understudy.testing.builders import endpoint, name

NOW = 1_700_000_000.0
OPS = Signature("ops", "because", NOW)
NEAR = Subject(SubjectKind.POOL, "near", "www.example.com")


def entries(*drafts: Draft) -> list[LogEntry]:
    return [draft.numbered(number) for number, draft in enumerate(drafts, 1)]


def test_an_override_is_what_was_decreed_and_its_id_is_its_generation() -> None:
    desired = fold(entries(OPS.release([]), OPS.override(OverrideKind.FORCE_DOWN, NEAR, NOW + 60)))
    assert desired.overrides == {
        2: Override(2, OverrideKind.FORCE_DOWN, NEAR, "because", "ops", created_at=NOW, expires_at=NOW + 60)
    }


@pytest.mark.parametrize(("later_s", "active"), [(0, [1, 2]), (59.9, [1, 2]), (60, [2]), (1e9, [2])])
def test_an_override_holds_until_it_expires(later_s: float, active: list[int]) -> None:
    desired = fold(
        entries(
            OPS.override(OverrideKind.DRAIN, NEAR, NOW + 60),
            OPS.override(OverrideKind.FREEZE, Subject(SubjectKind.EVERYTHING), None),
        )
    )
    assert [override.id for override in desired.active_overrides(NOW + later_s)] == active


def test_a_release_ends_what_it_names_and_nothing_else() -> None:
    drains = [OPS.override(OverrideKind.DRAIN, NEAR, None)] * 3
    assert set(fold(entries(*drains, OPS.release([1, 3, 99]))).overrides) == {2}


def test_a_release_of_waiting_endpoints_ends_no_override() -> None:
    admit = OPS.admit(name("www.example.com"), [endpoint("192.0.2.10")])
    desired = fold(entries(OPS.override(OverrideKind.DRAIN, NEAR, None), admit))
    assert set(desired.overrides) == {1}
    assert desired.unreadable == 0


def test_the_last_configuration_is_in_force() -> None:
    desired = fold(entries(OPS.configuration("a", "1"), OPS.release([]), OPS.configuration("b", "2", ["+ zone"])))
    assert desired.configuration is not None
    assert (desired.configuration.text, desired.configuration.digest) == ("b", "2")
    assert (desired.configuration.generation, desired.configuration.loaded_at) == (3, NOW)


def test_a_promotion_holds_until_the_zone_is_demoted() -> None:
    here, there = name("example.com"), name("example.net")
    written = [OPS.promotion(here), OPS.promotion(there), OPS.promotion(here)]
    desired = fold(entries(*written))
    assert desired.promotions == {each: Promotion(each, "ops", "because", NOW) for each in (here, there)}
    assert decode_desired(encode_desired(desired)) == desired
    desired = fold(entries(*written, OPS.demotion(here), OPS.demotion(name("example.org"))))
    assert set(desired.promotions) == {there}


def test_a_snapshot_of_a_version_without_promotions_is_read() -> None:
    old = json.loads(encode_desired(fold(entries(OPS.release([])))))
    del old["promotions"]
    assert decode_desired(json.dumps(old)) == fold(entries(OPS.release([])))


def test_overrides_that_expired_long_ago_are_forgotten_so_the_state_stays_small() -> None:
    late = Signature("ops", "", NOW + 60 + KEEP_EXPIRED_S)
    soon = Signature("ops", "", NOW + 59 + KEEP_EXPIRED_S)
    decreed = OPS.override(OverrideKind.DRAIN, NEAR, NOW + 60)
    assert set(fold(entries(decreed, soon.release([]))).overrides) == {1}
    assert set(fold(entries(decreed, late.release([]))).overrides) == set()


@pytest.mark.parametrize("generation", [0, 1, 3, 9])
def test_a_log_that_goes_backwards_or_leaves_a_gap_is_our_fault(generation: int) -> None:
    with pytest.raises(InvariantError):
        apply(Desired(generation=1), OPS.release([]).numbered(generation))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (EntryKind.CONFIGURATION, {}),
        (EntryKind.CONFIGURATION, {"text": 1, "digest": "x"}),
        (EntryKind.OVERRIDE, {}),
        (EntryKind.OVERRIDE, {"override": "explode", "subject": {"kind": "pool"}, "expires_at": None}),
        (EntryKind.OVERRIDE, {"override": "drain", "subject": {"kind": "pool"}, "expires_at": "soon"}),
        (EntryKind.RELEASE, {"overrides": 7}),
        (EntryKind.PROMOTION, {}),
        (EntryKind.PROMOTION, {"zone": "a..b"}),
        (EntryKind.DEMOTION, {"zone": 7}),
    ],
)
def test_an_entry_that_is_not_understood_is_counted_and_changes_nothing(
    kind: EntryKind, body: dict[str, object]
) -> None:
    before = fold(entries(OPS.override(OverrideKind.DRAIN, NEAR, None), OPS.configuration("a", "1")))
    after = apply(before, LogEntry(3, NOW, "ops", "", kind, body))
    assert after == skip(before, 3)
    assert (after.generation, after.unreadable) == (3, 1)
    assert after.overrides == before.overrides
    assert after.configuration == before.configuration
