"""Every policy by its kind."""

from __future__ import annotations

from collections.abc import Mapping

from understudy.model.record import PolicyKind
from understudy.steering.all import AllPolicy
from understudy.steering.policy import Policy
from understudy.steering.tiers import TiersPolicy
from understudy.steering.weighted import WeightedPolicy

POLICIES: Mapping[PolicyKind, Policy] = {
    PolicyKind.TIERS: TiersPolicy(),
    PolicyKind.ALL: AllPolicy(),
    PolicyKind.WEIGHTED: WeightedPolicy(),
}
