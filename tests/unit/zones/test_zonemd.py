"""When a message digest refuses a version (RFC 8976 section 4)."""

from __future__ import annotations

from typing import get_args

import pytest

from understudy.model.zone import DigestRule
from understudy.zones.zonemd import Verdict, objection

REFUSED = {
    DigestRule.IGNORE: set[str](),
    DigestRule.VERIFY: {"other_serial", "mismatch"},
    DigestRule.REQUIRE: {"absent", "unknown", "other_serial", "mismatch"},
}


@pytest.mark.parametrize("rule", DigestRule)
@pytest.mark.parametrize("verdict", get_args(Verdict))
def test_a_rule_refuses_what_it_says(verdict: Verdict, rule: DigestRule) -> None:
    assert bool(objection(verdict, rule)) == (verdict in REFUSED[rule])
