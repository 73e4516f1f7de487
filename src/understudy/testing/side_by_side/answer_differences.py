"""Differences in what is answered: aliases, types, zones above each other, addresses beside the answer, what fits."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.testing.side_by_side.comparison import EVERYBODY, Finding
from understudy.testing.side_by_side.differences import ADDITIONAL, FLAGS, SECTIONS, Difference
from understudy.testing.side_by_side.reading import SOA, Record, Response

_CNAME, _DNAME, _NSEC3, _ANY, _DS = 5, 39, 50, 255, 43
_BESIDE_ALIAS = frozenset({24, 25, 30, 46, 47})
_HOSTS = frozenset({15, 64, 65})
_SIGNING = frozenset({47, 48})
_META = frozenset({0, 128, 249, 253, 254})
_ALIASES, _ALIASES_OF_KNOT = 11, 5


def _aliases(response: Response) -> list[Record]:
    return [record for record in response.answer if record[1] == _CNAME]


def _has_less(one: Response, other: Response) -> bool:
    return set(one.answer) < set(other.answer)


def _endings(name: bytes) -> Iterator[bytes]:
    """The name, and every name above it."""
    while name != b"\0":
        yield name
        name = name[1 + name[0] :]
    yield name


def _nearest(finding: Finding, name: bytes) -> bytes | None:
    """The origin of the zone that has the name."""
    return next((ending for ending in _endings(name) if ending in finding.origins), None)


def _leaves_its_zone(finding: Finding) -> bool:
    return any(_nearest(finding, owner) != _nearest(finding, goal) for owner, *_, goal in _aliases(finding.mine))


def _stops_at_the_border(finding: Finding) -> bool:
    return _leaves_its_zone(finding) and set(finding.other.answer) <= set(finding.mine.answer)


def _goes_in_circles(finding: Finding) -> bool:
    goals = {record[4] for record in _aliases(finding.mine)}
    owners = {record[0] for record in _aliases(finding.mine)}
    return bool(owners) and goals <= owners


def _goes_down(finding: Finding) -> bool:
    answers = (*finding.mine.answer, *finding.other.answer)
    return any(rtype == _DNAME and owner in _endings(target) for owner, rtype, *_, target in answers)


def _qtype(finding: Finding) -> int:
    return finding.case.query.qtype


ALIASES = (
    Difference(
        asked="an alias whose target is in another zone that is served",
        ours="is followed",
        theirs="is left to the resolver",
        peers=("bind", "knot"),
        because="RFC 1034 section 4.3.2, step 3a: with the target the search begins again at step 1, and step 2 looks"
        " through all zones. NSD does as we do",
        parts=SECTIONS,
        when=_stops_at_the_border,
    ),
    Difference(
        asked="a chain of more than 11 aliases",
        ours="ends after 11, as ADR 0011 has chosen",
        theirs="goes on",
        peers=("bind", "nsd"),
        because="RFC 1034 section 3.6.2 sets no number; whoever gets part of a chain asks for the rest (section 5.3.3)",
        parts=SECTIONS,
        when=lambda finding: (
            len(_aliases(finding.mine)) == _ALIASES and (set(finding.mine.answer) <= set(finding.other.answer))
        ),
    ),
    Difference(
        asked="a chain of more than 5 aliases",
        ours="goes on to 11",
        theirs="ends after 5",
        peers=("knot",),
        because="as above",
        parts=SECTIONS,
        when=lambda finding: (
            len(_aliases(finding.other)) == _ALIASES_OF_KNOT and _has_less(finding.other, finding.mine)
        ),
    ),
    Difference(
        asked="a loop of aliases",
        ours="NOERROR, with the records of the loop once",
        theirs="SERVFAIL with the same records",
        peers=("bind",),
        because="RFC 1034 section 3.6.2: domain software should not fail when presented with CNAME chains or loops; it"
        " is the resolver that signals them as an error. NSD and Knot do as we do",
        parts=SECTIONS | FLAGS,
        when=lambda finding: finding.other.rcode == "SERVFAIL" and _goes_in_circles(finding),
    ),
    Difference(
        asked="a loop through DNAMEs",
        ours="has each DNAME once",
        theirs="has them again in each round, and earlier TC",
        peers=("knot",),
        because="RFC 2181 section 5: a set of records is one thing, and sent once",
        parts=FLAGS | {"answer"},
        when=lambda finding: len(set(finding.other.answer)) < len(finding.other.answer),
    ),
    Difference(
        asked="a name below a DNAME whose target is below itself",
        ours="NOERROR, and grows until there are 11 aliases",
        theirs="is redirected once (NSD), SERVFAIL in the end (BIND)",
        peers=("bind", "nsd"),
        because="RFC 6672 section 3.2: the search begins again with the name that was made, and no text says how often;"
        " RFC 1034 section 3.6.2 as for loops. Knot does as we do, as far as it follows aliases",
        parts=SECTIONS | FLAGS,
        when=lambda finding: (
            _goes_down(finding) and (finding.other.rcode == "SERVFAIL" or len(_aliases(finding.other)) == 1)
        ),
    ),
    Difference(
        asked="SIG, NXT, KEY, RRSIG or NSEC of an alias",
        ours="is looked for beside the CNAME only",
        theirs="is looked for at its target",
        peers=("nsd", "knot"),
        because="RFC 2535 section 2.3.5 and RFC 4035 section 2.5: these types stand beside a CNAME, so the question"
        " means the alias itself",
        parts=SECTIONS,
        when=lambda finding: _qtype(finding) in _BESIDE_ALIAS and bool(_aliases(finding.other)),
    ),
    Difference(
        asked="NSEC3 of an alias",
        ours="is looked for at the target, as any other type",
        theirs="is looked for at the alias only",
        peers=("nsd",),
        because="RFC 5155 section 3: NSEC3 records have owners of their own and never stand beside a CNAME, so RFC 1034"
        " section 3.6.2 rules",
        parts=SECTIONS,
        when=lambda finding: _qtype(finding) == _NSEC3 and bool(_aliases(finding.mine)),
    ),
    Difference(
        asked="DS through an alias to the apex of a zone whose parent is served",
        ours="the parent's SOA says that there is none",
        theirs="the child's SOA does",
        peers=("bind", "knot"),
        because="RFC 4035 section 3.1.4.1: the DS of a zone is data of its parent, also where an alias led to it",
        parts=SECTIONS,
        when=lambda finding: _qtype(finding) == _DS and bool(_aliases(finding.mine)),
    ),
    Difference(
        asked="a name that grows beyond 255 octets by a DNAME",
        ours="YXDOMAIN",
        theirs="NXDOMAIN",
        peers=("knot",),
        because="RFC 6672 section 2.2 demands YXDOMAIN",
        parts=SECTIONS,
        when=lambda finding: finding.mine.rcode == "YXDOMAIN",
    ),
)

TYPES = (
    Difference(
        asked="ANY over UDP",
        ours="one set",
        theirs="all (BIND), one, but not always the same (NSD, Knot)",
        peers=("bind", "nsd", "knot"),
        because="RFC 8482 section 4.1: one set or several may be chosen from those at the name",
        parts=FLAGS | {"answer"},
        when=lambda finding: (
            _qtype(finding) == _ANY
            and finding.case.transport == "udp"
            and (finding.part == "answer" or finding.other.is_truncated)
        ),
    ),
    Difference(
        asked="ANY over TCP",
        ours="all sets",
        theirs="one",
        peers=("nsd", "knot"),
        because="RFC 8482 section 4.4: what is chosen may depend on the transport. BIND does as we do",
        parts=frozenset({"answer"}),
        when=lambda finding: _qtype(finding) == _ANY and finding.case.transport == "tcp",
    ),
    Difference(
        asked="ANY over TCP of a name with DNSKEY or NSEC in a zone that is not signed",
        ours="all sets",
        theirs="those sets are left out, and AD is set where nothing is left",
        peers=("bind",),
        because="RFC 8482 section 4.1: what is chosen from the sets at the name is the server's affair; and in a zone"
        " that is not signed they are data like others (RFC 3597 section 3)",
        parts=SECTIONS | FLAGS,
        when=lambda finding: _qtype(finding) == _ANY and any(record[1] in _SIGNING for record in finding.mine.answer),
    ),
    Difference(
        asked="ANY of a name below a DNAME",
        ours="the CNAME that is made is the answer",
        theirs="its target is looked for, too",
        peers=("nsd", "knot"),
        because="RFC 1034 section 3.6.2: the search begins again at the target unless the type matches CNAME, as ANY"
        " does (section 4.3.2, step 3a). BIND does as we do",
        parts=SECTIONS,
        when=lambda finding: _qtype(finding) == _ANY and any(record[1] == _DNAME for record in finding.mine.answer),
    ),
    Difference(
        asked="types that only questions and messages have, and type 0",
        ours="FORMERR for type 0, OPT, NXNAME and TSIG, NOTIMP for the others",
        theirs="FORMERR for others, too (BIND), the same as for a type that the name does not have (all)",
        peers=("bind", "nsd", "knot"),
        because="RFC 6895 section 3.1: these are no types of data; RFC 9824 section 3.5 demands FORMERR for NXNAME and"
        " finds that many servers return errors for all; RFC 1035 section 4.1.1 calls a kind of query that is not"
        " supported NOTIMP",
        parts=SECTIONS | FLAGS,
        when=lambda finding: _qtype(finding) in _META,
    ),
    Difference(
        asked="a name that the zone does not have, below a served zone's apex, where the zone above it has such a name",
        ours="NXDOMAIN, from the zone that the name is in",
        theirs="NODATA",
        peers=("nsd",),
        because="RFC 1034 section 4.3.2, step 2: the zone that is the nearest ancestor is searched, and no other",
        parts=SECTIONS,
        when=lambda finding: finding.case.name.lower().endswith("a.not.delegated.child.test."),
    ),
)


def _is_one_with_a_dname_cut_short(finding: Finding) -> bool:
    has_dname = any(record[1] == _DNAME for record in (*finding.mine.answer, *finding.other.answer))
    return has_dname and finding.mine.is_truncated != finding.other.is_truncated


WILDCARDS = (
    Difference(
        asked="a name that a wildcard with NS covers",
        ours="is answered from the wildcard, as with any other type",
        theirs="a referral whose owner is the wildcard itself",
        peers=("knot",),
        because="RFC 4592 section 4.2 leaves it undefined; BIND does not load such a zone, and NSD does as we do",
        parts=SECTIONS | FLAGS,
        when=lambda finding: finding.case.name.lower().endswith(("cut.odd.test.", "alias.odd.test.")),
    ),
    Difference(
        asked="a name below a wildcard with DNAME",
        ours="is below the name of the wildcard",
        theirs="is taken for one that the wildcard covers",
        peers=("knot",),
        because="RFC 4592 section 4.4 leaves it undefined; NSD does as we do",
        parts=SECTIONS | FLAGS,
        when=lambda finding: finding.case.name.lower().endswith("*.tree.odd.test."),
    ),
)


def _is_needless(finding: Finding) -> bool:
    """They lack addresses of hosts outside the delegated zone; what is within is there."""
    ours, theirs = finding.mine, finding.other
    cuts = tuple(record[0] for record in ours.authority)
    lacking = set(ours.additional) - set(theirs.additional)
    return ours.is_referral and not any(record[0].endswith(cuts) for record in lacking)


def _helps_only(finding: Finding) -> bool:
    """Addresses for MX and the like, of wildcards, of hosts behind an alias, or of a referral behind one."""
    return _qtype(finding) in _HOSTS or bool(_aliases(finding.mine))


def _names_what_the_soa_names(finding: Finding) -> bool:
    """The question's name, or one above it but below the apex, is the SOA's first name or above that."""
    for owner, rtype, *_, rdata in finding.mine.authority:
        endings = [name for name in _endings(finding.case.query.qname.lower()) if len(name) > len(owner)]
        first = rdata[: rdata.find(owner) + len(owner)]
        if rtype == SOA and any(first.endswith(ending) for ending in endings):
            return True
    return False


SIZES = (
    Difference(
        asked="a name below a cut whose name servers are elsewhere in the zone",
        ours="their addresses are in the referral as far as they fit",
        theirs="they are left out, or others or fewer of them fit",
        peers=("bind", "knot"),
        because="RFC 9471 section 3.2: siblings' glue is sent as far as it fits; addresses from the zone itself are no"
        " glue, and save the resolver a question",
        parts=ADDITIONAL,
        when=_is_needless,
    ),
    Difference(
        asked="MX, SVCB or HTTPS, or anything behind an alias",
        ours="has the addresses of the targets beside it, also those of a wildcard",
        theirs="has fewer",
        peers=(EVERYBODY,),
        because="RFC 9460 section 4.1 and RFC 1035 section 3.3.9 ask for them; the client can do without",
        parts=ADDITIONAL,
        when=_helps_only,
    ),
    Difference(
        asked="a referral with more glue than fits",
        ours="has TC",
        theirs="lacks glue without TC",
        peers=("bind", "nsd"),
        because="RFC 9471 section 3.1 demands TC where not all glue for name servers within the delegated zone fits",
        parts=FLAGS,
        when=lambda finding: finding.mine.is_referral and finding.mine.is_truncated,
    ),
    Difference(
        asked="a referral with more than 40 sets of glue",
        ours="has all of them",
        theirs="has 40, without TC",
        peers=("nsd",),
        because="RFC 9471 section 3.1 demands all that is there",
        parts=ADDITIONAL,
        when=lambda finding: finding.mine.is_referral and set(finding.other.additional) < set(finding.mine.additional),
    ),
    Difference(
        asked="a name below a DNAME, in a message that it nearly fills",
        ours="the owners are compressed, the two targets are not",
        theirs="sometimes the targets, sometimes nothing, so that more or less fits",
        peers=("bind",),
        because="RFC 1035 section 4.1.4: compression is the sender's choice. NSD and Knot do as we do",
        parts=FLAGS,
        when=_is_one_with_a_dname_cut_short,
    ),
    Difference(
        asked="an alias to a name that does not exist, of which not all fits",
        ours="has the code of what is there, NOERROR, with TC",
        theirs="has the code of the end of the chain, NXDOMAIN",
        peers=("bind", "nsd"),
        because="RFC 2181 section 9: a response with TC is asked for again over TCP, where RFC 6604 section 3 has its"
        " way. Knot does as we do",
        parts=frozenset({"rcode"}),
        when=lambda finding: finding.mine.is_truncated and finding.other.rcode == "NXDOMAIN",
    ),
    Difference(
        asked="a negative answer whose SOA does not fit",
        ours="has TC",
        theirs="lacks the SOA without TC",
        peers=("knot",),
        because="RFC 2308 section 3: the SOA must be there, so RFC 2181 section 9 demands TC",
        parts=FLAGS,
        when=lambda finding: finding.mine.is_truncated and not finding.other.authority,
    ),
    Difference(
        asked="a referral with more glue of siblings than fits",
        ours="has what fits, without TC",
        theirs="has TC, Knot also where better compression would have let it fit",
        peers=("bind", "nsd", "knot"),
        because="RFC 9471 section 3.2: where glue for name servers in sibling domains does not fit, TC may be set but"
        " need not; RFC 1035 section 4.1.4: compression is the sender's choice",
        parts=FLAGS,
        when=lambda finding: finding.other.is_truncated and finding.mine.is_referral and not finding.mine.is_truncated,
    ),
    Difference(
        asked="a name in other letters than the zone has",
        ours="is compressed with the question's name",
        theirs="has owners in the zone's letters, which are not, and earlier TC",
        peers=("bind",),
        because="RFC 4343 section 4.1: compression may change letters, and servers need not preserve them",
        parts=FLAGS,
        when=lambda finding: finding.case.variant == "odd case" and finding.other.is_truncated,
    ),
    Difference(
        asked="what is not there, of a name that the SOA's first name is or ends in",
        ours="the SOA is compressed with the zone's name only",
        theirs="it is compressed with the question's name too",
        peers=(EVERYBODY,),
        because="RFC 1035 section 4.1.4: compression is the sender's choice; the SOA is held ready to send",
        parts=frozenset({"size"}),
        when=_names_what_the_soa_names,
    ),
)
