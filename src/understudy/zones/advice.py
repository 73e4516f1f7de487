"""Judges a survey of a zone: what is wrong with it, in words, and what to do."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.zones.advice_delegation import judge_delegation
from understudy.zones.advice_finding import Advice, Weight
from understudy.zones.advice_proof import judge_proof
from understudy.zones.advice_servers import judge_ns, judge_servers
from understudy.zones.advice_times import judge_soa, judge_ttls
from understudy.zones.survey import Survey

_ORDER = (Weight.ERROR, Weight.WARNING, Weight.NOTE)


def advise(survey: Survey) -> list[Advice]:
    """Everything that is to be said, errors first; of one weight in the order in which it is to be mended."""
    return sorted(_all(survey), key=lambda advice: _ORDER.index(advice.weight))


def _all(survey: Survey) -> Iterator[Advice]:
    yield from judge_delegation(survey)
    yield from judge_ns(survey)
    yield from judge_servers(survey)
    yield from judge_proof(survey)
    yield from judge_soa(survey)
    yield from judge_ttls(survey)
