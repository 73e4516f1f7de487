"""Observed state: what the next start must know to answer what was answered before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from understudy.model.decision import Decision, RecordMemory
from understudy.model.health import Health, HealthKey
from understudy.model.verdict import ProbeKey, Verdict
from understudy.store.encoding import RecordKey


@dataclass(frozen=True, slots=True)
class Observed:
    """Complete tables: a key that is missing is forgotten. Nobody may change them once the store has them.

    `generation` is the desired state's that these tables already reflect.
    """

    generation: int = 0
    verdicts: Mapping[ProbeKey, Verdict] = field(default_factory=dict)
    healths: Mapping[HealthKey, Health] = field(default_factory=dict)
    memories: Mapping[RecordKey, RecordMemory] = field(default_factory=dict)
    decisions: Mapping[RecordKey, Decision] = field(default_factory=dict)
