"""Decisions turned into steered RRsets, ready for the engine."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from operator import attrgetter, itemgetter
from typing import TypeAlias

from understudy.model.decision import Decision, Mode, Selector, Variant
from understudy.model.endpoint import Endpoint, Family
from understudy.model.name import Name
from understudy.model.zone import AnswerKind, SteeredSet

PlainView: TypeAlias = tuple[str, int, int, list[bytes]]
"""(owner as absolute text, type, ttl in seconds, rdata as octets): one RRset of the static view; no rdata: none."""

ADDRESS_FAMILIES = (Family.IPV4, Family.IPV6)

PLACEHOLDER = "understudy: nothing to answer here at the moment"
"""What stands at a name that answers nothing, so that it exists at secondaries too (ADR 0025)."""

_TXT = 16  # RFC 1035 3.2.2
_STEERED_TYPES = frozenset(family.rtype for family in Family)


def steered_sets(owner: Name, decisions: Sequence[Decision]) -> tuple[SteeredSet, ...]:
    """Every RRset that a record owns, from its decisions of one moment: CNAME, A and AAAA, each given or taken away.

    A name that answers a CNAME answers nothing else (RFC 1034 3.6.2); a family that no decision speaks of is NODATA,
    so the name itself always exists (semantics 4.5).
    """
    by_family = {decision.family: decision for decision in decisions}
    alias = by_family.get(Family.HOST)
    if alias is not None and alias.variants:
        return (_published(owner, alias), *(_removed(owner, family) for family in ADDRESS_FAMILIES))
    return tuple(_address_sets(owner, decisions, by_family))


def withdrawn_sets(owner: Name) -> tuple[SteeredSet, ...]:
    """What ends the steering of a name altogether."""
    return tuple(_removed(owner, family) for family in Family)


def plain_views(
    owner: Name, ttl_s: int, decisions: Sequence[Decision], *, beneath: Collection[int]
) -> Iterator[PlainView]:
    """The record written out as plain RRsets, for whoever cannot decide: every address that may go out, by type.

    Of several host names the one that goes out most often, because a name has one CNAME (RFC 2181 10.1).
    With the record's own TTL, because a shorter one for a moment is no change of the zone (semantics 4.7). A type that
    has nothing to answer is given empty: there is nothing in the zone, whatever is beneath. `beneath` are the types
    that the zone itself has at the name: where there are none but those that are steered, a placeholder keeps the name
    alive while it answers nothing, because a secondary would say NXDOMAIN, or answer from a wildcard (4.5).
    """
    views = [_plain(each, ttl_s) for each in steered_sets(owner, decisions)]
    yield from views
    if needs_placeholder(beneath):
        is_silent = not any(rdatas for *_, rdatas in views)
        yield (owner.absolute, _TXT, ttl_s, [placeholder_rdata()] if is_silent else [])


def withdrawn_views(owner: Name) -> Iterator[PlainView]:
    """What a name of which nothing is decided has in a copy that is made anew: nothing that is steered."""
    return (_plain(each, 0) for each in withdrawn_sets(owner))


def bared_views(
    owner: Name, find: Callable[[int], tuple[str, int, int, list[bytes]] | None], *, beneath: Collection[int]
) -> Iterator[PlainView]:
    """What a name has where no record lies over it any more: what the zone itself has. `find` gives that by type."""
    for rtype in sorted(_STEERED_TYPES):
        found = find(rtype)
        yield (owner.absolute, rtype, 0, []) if found is None else (owner.absolute, *found[1:])
    if needs_placeholder(beneath):
        yield (owner.absolute, _TXT, 0, [])


def needs_placeholder(beneath: Collection[int]) -> bool:
    """Whether a name with these types in its zone has nothing without what is steered."""
    return _STEERED_TYPES.issuperset(beneath)


def placeholder_rdata() -> bytes:
    """The placeholder as the rdata of a TXT record: one string (RFC 1035 3.3.14)."""
    text = PLACEHOLDER.encode("ascii")
    return bytes((len(text), *text))


def _plain(each: SteeredSet, ttl_s: int) -> PlainView:
    variants = each.variants
    if each.rtype == Family.HOST.rtype and variants:
        variants = (max(variants, key=itemgetter(0)),)
    rdatas = {rdata for _, variant in variants for rdata in variant}
    return (each.owner.absolute, each.rtype, ttl_s, sorted(rdatas))


def _address_sets(
    owner: Name, decisions: Sequence[Decision], by_family: dict[Family, Decision]
) -> Iterator[SteeredSet]:
    last = decisions[-1]
    yield _removed(owner, Family.HOST)
    for family in ADDRESS_FAMILIES:
        decision = by_family.get(family) or by_family.get(Family.HOST)
        if decision is None:
            yield SteeredSet(owner, family.rtype, AnswerKind.NODATA, last.ttl_s, last.due, last.selector, ())
        else:
            yield _published(owner, decision, family)


def _published(owner: Name, decision: Decision, family: Family | None = None) -> SteeredSet:
    rtype = (family or decision.family).rtype
    variants = tuple((variant.weight, _rdatas(variant)) for variant in decision.variants)
    kind = _kind(decision)
    return SteeredSet(owner, rtype, kind, decision.ttl_s, decision.due, decision.selector, variants)


def _kind(decision: Decision) -> AnswerKind:
    if decision.mode is Mode.SERVFAIL:
        return AnswerKind.SERVFAIL
    return AnswerKind.ANSWER if decision.variants else AnswerKind.NODATA


def _rdatas(variant: Variant) -> tuple[bytes, ...]:
    return tuple(endpoint.rdata for endpoint in variant.endpoints)


def _removed(owner: Name, family: Family) -> SteeredSet:
    return SteeredSet(owner, family.rtype, AnswerKind.REMOVE, 0, None, Selector.ONE, ())


def static_view(decision: Decision) -> tuple[Endpoint, ...]:
    """The decision written out as one plain RRset, for whoever cannot decide, as in `plain_views`."""
    if decision.family is Family.HOST and decision.variants:
        return max(decision.variants, key=attrgetter("weight")).endpoints
    return decision.endpoints
