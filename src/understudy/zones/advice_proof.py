"""What resolvers that validate make of the zone (RFC 4035 5): its keys, and records laid over what others signed."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.model.duration import format_duration
from understudy.zones.advice_finding import Advice, Weight, listed
from understudy.zones.survey import DsSet, Proof, Survey

_WHY = (
    "The signatures are for what its signer wrote, and do not fit what is answered here, nor the SOA with a serial of"
    " ours: where the zone above has a DS of it, resolvers that validate answer SERVFAIL for these names and for those"
    " that do not exist, also where a secondary hands the signatures on, and for all that Understudy answers itself."
)
REMEDY = (
    "delegate the records' names as an unsigned zone of their own to these servers, or have the DS taken out of the"
    " zone above, and wait for its TTL"
)
"""What to do, of those who run the zone."""


def judge_proof(survey: Survey) -> Iterator[Advice]:
    """Whether what is answered can be proven."""
    if survey.ds is not None and survey.ds.texts:
        yield from _judge_chain(survey, survey.ds)
    if survey.is_signed and survey.records:
        count = len(survey.records)
        text = f"{'a record lies' if count == 1 else f'{count:,} records lie'} over a zone that is signed (DNSSEC)"
        yield Advice(Weight.WARNING, "dnssec.overlaid", text, _WHY, REMEDY)


def _judge_chain(survey: Survey, ds: DsSet) -> Iterator[Advice]:
    """The zone above has a DS: then every server has to have a key that it is of, and signatures."""
    seen = [each for each in survey.servers if each.proof is not None]
    unsigned = [str(each) for each in seen if each.proof is Proof.UNSIGNED]
    if unsigned or (not seen and survey.soa is not None and not survey.is_signed):
        where = "" if len(unsigned) == len(seen) else f" at {listed(unsigned)}"
        yield Advice(
            Weight.ERROR,
            "dnssec.unsigned",
            f"the zone above has a DS of {survey.origin}, but the zone is not signed{where}",
            "The DS says that every answer is signed: resolvers that validate take those without signatures for forged"
            " ones, and answer SERVFAIL for every name of the zone.",
            "have the DS taken out of the zone above, usually through your registrar, or sign the zone and serve it"
            f" signed everywhere; resolvers keep the DS for {format_duration(ds.ttl_s)}",
        )
    others = [str(each) for each in seen if each.proof is Proof.OTHER_KEY]
    if others:
        tags = f"the key{'s' if len(ds.tags) > 1 else ''} {listed(ds.tags)}"
        where = "" if len(others) == len(seen) else f" at {listed(others)}"
        yield Advice(
            Weight.ERROR,
            "dnssec.other-key",
            f"the zone above has a DS of {tags} of {survey.origin}, but the zone has other keys{where}",
            "Resolvers that validate trust no key but those, and answer SERVFAIL for every name of the zone.",
            "have the DS of a key that signs the zone put into the zone above, usually through your registrar;"
            f" resolvers keep the old one for {format_duration(ds.ttl_s)}",
        )
