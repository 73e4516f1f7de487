"""What the zone above says, held against what the zone says of itself (RFC 1034 4.2.2)."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.zones.advice_finding import Advice, Weight, listed
from understudy.zones.survey import Delegation, NotAsked, NotDelegated, Survey, lies_in


def judge_delegation(survey: Survey) -> Iterator[Advice]:
    """Whether resolvers find the zone's servers."""
    delegation = survey.delegation
    if not survey.origin.labels:
        return  # there is nothing above the root
    if isinstance(delegation, NotAsked):
        yield Advice(
            Weight.WARNING,
            "delegation.unknown",
            f"the delegation was not seen: {delegation.why}",
            "Whether the zone above names the right servers is not known.",
            "name a resolver with --resolver ADDRESS, or a server of the zone above with --parent ADDRESS",
        )
    elif isinstance(delegation, NotDelegated):
        yield Advice(
            Weight.ERROR,
            "delegation.none",
            f"the zone above does not delegate {survey.origin}: {delegation.asked} {delegation.why}",
            "Resolvers cannot find the zone, whatever its servers answer.",
            "register the name servers at the zone above, usually through your registrar",
        )
    else:
        yield from _names(survey, delegation)
        yield from _glue(survey, delegation)


def _names(survey: Survey, delegation: Delegation) -> Iterator[Advice]:
    if survey.ns is None:
        return
    above, here = dict.fromkeys(delegation.names), dict.fromkeys(survey.ns.names)
    only_above, only_here = [each for each in above if each not in here], [each for each in here if each not in above]
    if only_above:
        yield Advice(
            Weight.ERROR,
            "delegation.extra",
            f"the zone above names {listed(only_above)}, and the zone does not",
            "Resolvers ask these servers first; if one of them has the zone no more, they fail or get old answers.",
            "take them out at your registrar, or add their NS records to the zone",
        )
    if only_here:
        yield Advice(
            Weight.WARNING,
            "delegation.lacking",
            f"the zone names {listed(only_here)}, and the zone above does not",
            "If the servers that the zone above names fail, resolvers that start anew do not know of the others.",
            "add them at your registrar, or take their NS records out of the zone",
        )


def _glue(survey: Survey, delegation: Delegation) -> Iterator[Advice]:
    for name in delegation.names:
        if not lies_in(name, survey.origin):
            continue
        host = survey.hosts[name]
        glue, known = set(delegation.glue.get(name, ())), set(host.addresses)
        if not glue:
            yield Advice(
                Weight.ERROR,
                "glue.none",
                f"the zone above names {name} without an address",
                "The name lies in the zone itself, so resolvers cannot look it up without knowing it already.",
                f"register its address{_shown(sorted(known), is_known=host.is_known)} at your registrar",
            )
        elif known and glue != known:
            yield Advice(
                Weight.ERROR,
                "glue.differs",
                f"the zone above has {listed(sorted(glue))} for {name}, and the zone has {listed(sorted(known))}",
                "Which address a resolver asks depends on what it has seen last; one of them may be dead.",
                "make both the same: at your registrar, or in the zone",
            )


def _shown(addresses: list[str], *, is_known: bool) -> str:
    lacking = "which the zone lacks too" if is_known else ""
    text = listed(addresses) or lacking
    return f" ({text})" if text else ""
