"""The same zone served by BIND, NSD, Knot and us: every answer is compared, section by section."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest

from understudy.testing import other_servers
from understudy.testing.ports import free_port
from understudy.testing.running_server import RunningServer

ZONE = Path(__file__).parent / "zones" / "rich.zone"
ORIGIN = "rich.example."
PEERS = ("bind", "nsd", "knot")
TYPES = ("A", "TXT", "MX", "CNAME", "NS", "DS", "SOA", "DNAME", "TYPE65280", "SRV")
GROWS = "a" * 61 + ".grow"
ASK_S = 5.0

# Relative to the zone; "@" is its apex.
NAMES = f"""
@ ns1 ns2 mail types x.types in 10.in 1.0.10.in _tcp _sip._tcp svc naptr long octets MiXeD mixed MIXED nothing
a\\.dot \\115paced\\032out spaced\\032out SPACED\\032OUT st\\*ar _under-score *.nothing nothing.nothing
alias chain1 out broken loop1 self tostar tocut tochild tomulti toent todname
*.wild any.wild AnY.wild here.wild x.here.wild ent.wild x.ent.wild deep.ent.wild a.b.c.wild wild
sub.wild x.sub.wild q.dwild z.self ent b.ent a.b.ent x.ent c.ent x.c.ent
tree x.tree X.TREE y.tree q.w.tree nothing.tree a.b.x.tree target w.target away x.away grow {GROWS}
child host.child a.host.child ns.child NS.CHILD glueless x.glueless sibling x.sibling deep.tree2 cut.deep.tree2
x.cut.deep.tree2 mixed.cut a.MIXED.cut ns.mixed.cut selfns x.selfns
""".split()

RARE = """
@ AAAA, @ CAA, @ HTTPS, mail AAAA, child AAAA, x.tree AAAA, svc SVCB, _8443._https HTTPS, naptr NAPTR, types TYPE65281,
types TYPE62, types HINFO, types RP, types AFSDB, types LOC, types SSHFP, types TLSA, types URI, types NAPTR,
types TYPE99, smime SMIMEA, openpgp OPENPGPKEY, cert CERT, eui EUI48, eui EUI64, kx KX, dhcid DHCID, csync CSYNC,
l NID, l L32, l L64, l LP, apl APL, 1.0.10.in PTR, @ DNSKEY, @ NSEC3PARAM, types RRSIG
"""

Records = frozenset[tuple[str, int, str, bytes]]


@dataclass(frozen=True, slots=True)
class Difference:
    """One that is right: `what` of the responses of `peer` for these names may be other than ours."""

    peer: str
    what: str
    names: frozenset[str]
    because: str


ALLOWED = (
    Difference(
        "bind",
        "rcode",
        frozenset({"loop1", "self", "z.self"}),
        "RFC 1034 3.6.2: 'CNAME chains should be followed and CNAME loops signalled as an error' binds resolvers;"
        " 'domain software should not fail when presented with CNAME chains or loops'. NSD, Knot and we hand out the"
        " records of the loop, so that the resolver sees it",
    ),
    *(
        Difference(
            "knot",
            what,
            frozenset({GROWS}),
            "RFC 6672 2.2: a name that grows beyond 255 octets 'MUST cause RCODE YXDOMAIN'; Knot says NXDOMAIN",
        )
        for what in ("rcode", "authority")
    ),
)


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, int]]:
    """By name of the server; ours is `us`."""
    folder = tmp_path_factory.mktemp("peers")
    us = RunningServer(folder, free_port())
    us.write("understudy.yaml", f"listen: 127.0.0.1:{{port}}\nzones: {{rich.example: {{file: {ZONE}}}}}\n")
    found = {"us": us.port}
    with ExitStack() as running:
        running.callback(us.stop)
        us.start()
        for name in PEERS:
            start = getattr(other_servers, name)
            place = other_servers.Place(folder / name, free_port(), ORIGIN)
            found[name] = running.enter_context(start(place, ZONE)).port
        yield found


def full(name: str) -> str:
    return ORIGIN if name == "@" else f"{name}.{ORIGIN}"


def ask(port: int, name: str, rtype: str, *, wants_dnssec: bool = False) -> dns.message.Message:
    query = dns.message.make_query(full(name), rtype, use_edns=0, payload=4096, want_dnssec=wants_dnssec)
    return dns.query.udp(query, "127.0.0.1", port=port, timeout=ASK_S)


def records(section: Sequence[dns.rrset.RRset]) -> Records:
    """As a set: order means nothing, and the case of names does not either."""
    return frozenset(
        (rrset.name.to_text().lower(), rrset.ttl, dns.rdatatype.to_text(rrset.rdtype), record.to_digestable())
        for rrset in section
        for record in rrset
    )


def parts(response: dns.message.Message) -> Mapping[str, object]:
    """What has to be the same."""
    return {
        "rcode": dns.rcode.to_text(response.rcode()),
        "flags": dns.flags.to_text(response.flags),
        "answer": records(response.answer),
        "authority": records(response.authority),
    }


def is_allowed(peer: str, what: str, name: str) -> bool:
    return any(each.peer == peer and each.what == what and name in each.names for each in ALLOWED)


def differences(ports: Mapping[str, int], name: str, rtype: str, *, wants_dnssec: bool = False) -> list[str]:
    seen = {server: ask(port, name, rtype, wants_dnssec=wants_dnssec) for server, port in ports.items()}
    ours = parts(seen["us"])
    found = [
        f"{name} {rtype}: {what} of {peer}: {theirs}, ours: {ours[what]}"
        for peer in PEERS
        for what, theirs in parts(seen[peer]).items()
        if theirs != ours[what] and not is_allowed(peer, what, name)
    ]
    return found + additional_differences(seen, name, rtype)


def additional_differences(seen: Mapping[str, dns.message.Message], name: str, rtype: str) -> list[str]:
    """What all of them send, we send (the glue of a referral); what none of them sends, neither do we."""
    ours = records(seen["us"].additional)
    theirs = [records(seen[peer].additional) for peer in PEERS]
    found = []
    if missing := frozenset.intersection(*theirs) - ours:
        found.append(f"{name} {rtype}: all others have in the additional section, we have not: {sorted(missing)}")
    if more := ours - frozenset.union(*theirs):
        found.append(f"{name} {rtype}: nobody else has in the additional section: {sorted(more)}")
    return found


@pytest.mark.parametrize("name", NAMES)
def test_we_answer_as_the_others_do(ports: Mapping[str, int], name: str) -> None:
    assert [line for rtype in TYPES for line in differences(ports, name, rtype)] == []


@pytest.mark.parametrize("query", [each.strip() for each in RARE.split(",")])
def test_we_answer_rare_types_as_the_others_do(ports: Mapping[str, int], query: str) -> None:
    name, rtype = query.split()
    assert differences(ports, name, rtype) == []


@pytest.mark.parametrize("name", ["@", "child", "host.child", "glueless", "tocut", "any.wild", "nothing", "x.tree"])
def test_the_do_bit_changes_what_it_changes_elsewhere(ports: Mapping[str, int], name: str) -> None:
    assert [line for rtype in ("A", "DS", "NS") for line in differences(ports, name, rtype, wants_dnssec=True)] == []


@pytest.mark.parametrize("what", ["elsewhere.example.", "example.", "."])
def test_names_that_are_not_ours_are_refused_by_everybody(ports: Mapping[str, int], what: str) -> None:
    query = dns.message.make_query(what, "A")
    rcodes = {name: dns.query.udp(query, "127.0.0.1", port=port, timeout=ASK_S).rcode() for name, port in ports.items()}
    assert set(rcodes.values()) == {dns.rcode.REFUSED}, rcodes


def test_every_allowed_difference_is_one(ports: Mapping[str, int]) -> None:
    """The table has nothing that is not needed any more."""
    idle = []
    for each in ALLOWED:
        told = [
            parts(ask(ports[each.peer], name, "A"))[each.what] == parts(ask(ports["us"], name, "A"))[each.what]
            for name in each.names
        ]
        if all(told):
            idle.append(each)
    assert idle == []
