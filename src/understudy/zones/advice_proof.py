"""Records that are laid over a zone which somebody else has signed (RFC 4035 5)."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.zones.advice_finding import Advice, Weight
from understudy.zones.survey import Survey

_WHY = (
    "The signatures are for what its signer wrote, and do not fit what is answered here: where the zone above has a DS"
    " of it, resolvers that validate answer SERVFAIL for these names."
)
REMEDY = (
    "delegate the records' names as an unsigned zone of their own to these servers, or have the DS taken out of the"
    " zone above, and wait for its TTL"
)
"""What to do, of those who run the zone."""


def judge_proof(survey: Survey) -> Iterator[Advice]:
    """Whether what is answered can be proven."""
    if survey.is_signed and survey.records:
        count = len(survey.records)
        text = f"{'a record lies' if count == 1 else f'{count:,} records lie'} over a zone that is signed (DNSSEC)"
        yield Advice(Weight.WARNING, "dnssec.overlaid", text, _WHY, REMEDY)
