"""All of a zone is asked for (AXFR) where an IXFR does not lead to it, whatever the reason; over real sockets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from understudy.engine import Zone
from understudy.model.name import Name
from understudy.model.transfer import Primary
from understudy.service.secondary.contact import Contact
from understudy.service.secondary.transfers import fetch
from understudy.testing.played_primary import Piece, PlayedPrimary, Records, Script, answers, soa

pytestmark = pytest.mark.integration

ORIGIN = Name.parse("example.com")
NS = ("example.com.", "NS", "ns.example.com.")
GLUE = ("ns.example.com.", "A", "192.0.2.53")
WWW = ("www.example.com.", "A", "192.0.2.10")
WHOLE: list[Records] = [[soa(2)], [NS, GLUE, WWW], [("x.example.com.", "A", "192.0.2.30")], [soa(2)]]


def held() -> Zone:
    text = "@ 60 SOA ns hostmaster 1 3600 3600 86400 60\n@ 60 NS ns\nns 60 A 192.0.2.53\nwww 60 A 192.0.2.10\n"
    return Zone.parse(ORIGIN.absolute, text.encode())


def gives(*parts: Records) -> Script:
    return lambda query: answers(query, parts)


def stalls(query: dns.message.Message) -> Iterator[Piece]:
    yield from list(answers(query, WHOLE))[:2]
    yield None


def breaks_off(query: dns.message.Message) -> Iterator[Piece]:
    yield from list(answers(query, WHOLE))[:2]


def says_nothing(_query: dns.message.Message) -> Iterator[Piece]:
    return iter(())


def garbage(query: dns.message.Message) -> Iterator[Piece]:
    query.use_edns(False)  # dnspython's word for none, so that what is cut is a record of the zone
    yield next(answers(query, WHOLE))[:-3]


def taken(primary: Primary) -> Zone | None:
    return asyncio.run(fetch(ORIGIN, Contact(primary), held()))


def without_differences(give: Script) -> Script:
    """Who asks for differences gets that, and who asks for the zone gets it."""
    return lambda query: give(query) if query.question[0].rdtype == dns.rdatatype.IXFR else answers(query, WHOLE)


def says(rcode: dns.rcode.Rcode) -> Script:
    def script(query: dns.message.Message) -> Iterator[Piece]:
        response = dns.message.make_response(query)
        response.set_rcode(rcode)
        yield response.to_wire()

    return script


def has_one_soa(query: dns.message.Message) -> Iterator[Piece]:
    """As over UDP where the differences do not fit (RFC 1995 2), and nothing follows."""
    yield from answers(query, [[soa(2)]])
    yield None


@pytest.mark.parametrize(
    "give",
    [
        says(dns.rcode.NOTIMP),
        says(dns.rcode.FORMERR),
        says(dns.rcode.SERVFAIL),
        says(dns.rcode.REFUSED),
        gives(*WHOLE),  # the journal is gone
        gives([soa(2), soa(1), ("gone.example.com.", "A", "192.0.2.1"), soa(2), soa(2)]),  # nothing to delete
        gives([soa(2), soa(1), soa(2), WWW, soa(2)]),  # it is there already
        gives([soa(2), soa(0), WWW, soa(2), soa(2)]),  # from another serial
        gives([soa(3), soa(1), WWW, soa(2), soa(1), soa(3), soa(3)]),  # with a gap
        gives([soa(3), soa(1), WWW, soa(2), WWW, soa(4)]),  # to another serial
        gives([soa(2), soa(1), GLUE, NS, soa(2), soa(2)]),  # to no zone
        gives([NS]),
        gives([]),
        has_one_soa,
        stalls,
        breaks_off,
        says_nothing,
        garbage,
    ],
)
def test_all_of_the_zone_is_asked_for_where_differences_do_not_lead_to_it(
    monkeypatch: pytest.MonkeyPatch, give: Script
) -> None:
    # RFC 1995 section 4, RFC 5936 section 2.2
    if give in (stalls, has_one_soa):
        monkeypatch.setattr("understudy.service.secondary.transfers.STALL_S", 0.3 if give is stalls else 60.0)
        monkeypatch.setattr("understudy.service.secondary.transfers.ANSWER_S", 0.3)
    with PlayedPrimary(2, without_differences(give)) as played:
        found = taken(played.primary)
    assert found is not None
    assert (found.serial, found.record_count) == (2, 5)


def test_an_soa_alone_is_waited_behind_where_the_rest_comes_slowly() -> None:
    def comes_in_parts(query: dns.message.Message) -> Iterator[Piece]:
        for message in answers(query, [[each] for each in (soa(2), soa(1), WWW, soa(2), soa(2))]):
            yield message
            time.sleep(0.1)

    with PlayedPrimary(2, comes_in_parts) as played:
        found = taken(played.primary)
    assert found is not None
    assert (found.serial, found.record_count) == (2, 3)
