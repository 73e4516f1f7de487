"""The numbers of the SOA and the TTLs, held against what a failover needs (RFC 1912 2.2, RFC 2308 5, RIPE-203)."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.model.duration import format_duration
from understudy.zones.advice_finding import Advice, Weight
from understudy.zones.survey import Soa, Steered, Survey, alike

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400
REFRESH_MIN_S = 10  # chosen: a change is told (NOTIFY), so nobody need ask more often; BIND does not below 300 s
REFRESH_MAX_S = _DAY_S  # RIPE-203: 24 hours, for zones that hardly ever change
REFRESH_STEERED_MAX_S = 5 * _MINUTE_S  # chosen: who lost a NOTIFY hands out a dead address for so long
EXPIRE_MIN_S = 7 * _DAY_S  # RFC 1912 2.2 says 2 to 4 weeks; a week still outlives a long weekend
NEGATIVE_MAX_S = 3 * _HOUR_S  # RFC 2308 5: "values of one to three hours have been found to work well"
NS_MIN_S = 5 * _MINUTE_S  # chosen: below, resolvers ask the zone above all the time
NS_MAX_S = 2 * _DAY_S  # what most top-level zones have; a longer one only delays a change of servers
TTL_SHARE = 3  # chosen: from there on caches, and not checks, decide how long an outage lasts
TTL_GRACE_S = _MINUTE_S  # chosen: a minute is short enough, however quick the check
TTL_MIN_S = 5  # chosen: many resolvers keep answers longer than this anyway


def judge_soa(survey: Survey) -> Iterator[Advice]:
    """What secondaries go by."""
    soa = survey.soa
    if soa is None:
        return
    if survey.ns is not None and soa.mname not in survey.ns.names:
        yield Advice(
            Weight.NOTE,
            "soa.hidden-primary",
            f"the primary that the SOA names, {soa.mname}, is none of the name servers",
            "That is right for a hidden primary; otherwise NOTIFY and dynamic updates go astray.",
            "nothing if it is meant so; else correct the first name of the SOA",
        )
    yield from _refresh(soa, is_steered=bool(survey.records))
    yield from _expire(soa)


def _refresh(soa: Soa, *, is_steered: bool) -> Iterator[Advice]:
    refresh, limit_s = format_duration(soa.refresh_s), REFRESH_STEERED_MAX_S if is_steered else REFRESH_MAX_S
    if soa.refresh_s > limit_s:
        why = "Only after this time a secondary notices a change that it was not told of"
        more = ": until then it may hand out a dead address." if is_steered else "."
        yield Advice(
            Weight.WARNING,
            "soa.refresh",
            f"the SOA's refresh is {refresh}",
            why + more,
            f"{format_duration(_MINUTE_S)} is a good value" if is_steered else "20m to 12h are usual (RFC 1912)",
        )
    elif soa.refresh_s < REFRESH_MIN_S:
        yield Advice(
            Weight.WARNING,
            "soa.refresh",
            f"the SOA's refresh is {refresh}",
            "Every secondary asks that often whether there is something new, for each zone and without need.",
            f"{format_duration(_MINUTE_S)} is a good value: secondaries are told of changes (NOTIFY)",
        )
    if soa.retry_s >= soa.refresh_s:
        yield Advice(
            Weight.WARNING,
            "soa.retry",
            f"the SOA's retry ({format_duration(soa.retry_s)}) is not shorter than its refresh ({refresh})",
            "After a failed attempt a secondary waits longer than after one that went well.",
            "make it a fraction of refresh, such as a third",
        )


def _expire(soa: Soa) -> Iterator[Advice]:
    if soa.expire_s <= soa.refresh_s + soa.retry_s:
        yield Advice(
            Weight.ERROR,
            "soa.expire",
            f"the SOA's expire ({format_duration(soa.expire_s)}) ends before refresh and retry have passed",
            "Secondaries stop answering the zone as soon as one attempt to refresh it fails.",
            "2w to 4w (RFC 1912)",
        )
    elif soa.expire_s < EXPIRE_MIN_S:
        yield Advice(
            Weight.WARNING,
            "soa.expire",
            f"the SOA's expire is {format_duration(soa.expire_s)}",
            "If the primary is lost for longer, its secondaries stop answering too, and with them everything.",
            "2w to 4w (RFC 1912)",
        )


def judge_ttls(survey: Survey) -> Iterator[Advice]:
    """How long resolvers keep what has changed."""
    for names, record in alike(survey.records):
        yield from _record(names, record)
    if survey.ns is not None:
        yield from _ns(survey.ns.ttl_s)
    if survey.soa is not None and survey.soa.negative_s > NEGATIVE_MAX_S:
        yield Advice(
            Weight.WARNING,
            "ttl.negative",
            f"that a name does not exist is kept for {format_duration(survey.soa.negative_s)}",
            "Who asks for a name just before you add it does not see it for so long.",
            "lower the last number of the SOA (or the SOA's TTL) to 1h or less",
        )


def _record(names: str, record: Steered) -> Iterator[Advice]:
    ttl = format_duration(record.ttl_s)
    if record.detect_s is not None and record.ttl_s > max(TTL_GRACE_S, TTL_SHARE * record.detect_s):
        total = format_duration(round(record.detect_s + record.ttl_s))
        yield Advice(
            Weight.WARNING,
            "ttl.record",
            f"the TTL is {ttl} for {names}",
            f"A dead server is taken out after {format_duration(round(record.detect_s))} at most, and caches keep"
            f" it for {ttl} then: an outage may last {total}.",
            "lower the record's ttl; 30s is the default",
        )
    if record.ttl_s < TTL_MIN_S:
        yield Advice(
            Weight.NOTE,
            "ttl.short",
            f"the TTL is {ttl} for {names}",
            "Every client asks nearly every time, and many resolvers keep answers longer all the same.",
            f"{TTL_MIN_S}s to 60s, unless it is meant so",
        )


def _ns(ttl_s: int) -> Iterator[Advice]:
    ttl = format_duration(ttl_s)
    if ttl_s < NS_MIN_S:
        yield Advice(
            Weight.WARNING,
            "ttl.ns",
            f"the NS records have a TTL of {ttl}",
            "Resolvers have to ask the zone above again and again, and depend on it more than need be.",
            "1h to 1d; it does not matter for the failover of records",
        )
    elif ttl_s > NS_MAX_S:
        yield Advice(
            Weight.NOTE,
            "ttl.ns",
            f"the NS records have a TTL of {ttl}",
            "A name server that you replace is asked for so long after you have taken it out.",
            "1h to 1d; lower it some days before you move servers",
        )
