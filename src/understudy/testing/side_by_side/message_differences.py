"""Differences in the frame of a response, and in what a message gets that is no ordinary query."""

from __future__ import annotations

from understudy.testing.side_by_side.comparison import Finding, Part
from understudy.testing.side_by_side.differences import EDNS, FLAGS, REPLY, RESPONSE, SECTIONS, Difference

_NOISE = frozenset({"random octets", "changed octets", "cut off"})
_ANYTHING: frozenset[Part] = RESPONSE | REPLY


def _is_opcode_unknown_to_us(finding: Finding) -> bool:
    """Neither QUERY, NOTIFY nor UPDATE."""
    return finding.ours is not None and finding.ours.opcode not in {0, 4, 5}


def _is_malformed_for_us(finding: Finding) -> bool:
    return finding.ours is not None and finding.ours.rcode == "FORMERR"


def _is_another_fault_first(finding: Finding) -> bool:
    is_noise = finding.case.variant in _NOISE
    return is_noise and (bool(finding.company) or finding.part == "flags" or finding.mine.rcode == "NOTIMP")


FRAMES = (
    Difference(
        asked="with CD",
        ours="CD is clear",
        theirs="CD is copied",
        peers=("bind",),
        because="RFC 4035 section 3.1.6: CD should be clear in an authoritative response",
        parts=FLAGS,
        when=lambda finding: "CD" in finding.case.variant,
    ),
    Difference(
        asked="with a client subnet",
        ours="the option is ignored",
        theirs="it is returned with a scope of 0, so that less fits; where it is malformed, FORMERR",
        peers=("bind",),
        because="RFC 7871 section 7.2.1 binds who uses the option; RFC 6891 section 6.1.2: an option that is not"
        " understood is ignored",
        parts=RESPONSE,
        when=lambda finding: (
            finding.case.variant in {"client subnet", "several options", "subnet that is wrong"}
            and (finding.part == "edns" or finding.other.is_truncated or finding.other.rcode == "FORMERR")
        ),
    ),
    Difference(
        asked="with other options that do not belong into a query, or not so",
        ours="they are ignored",
        theirs="FORMERR for some (BIND); TCP keepalive is answered (Knot)",
        peers=("bind", "knot"),
        because="RFC 6891 section 6.1.2: an option that is not understood is ignored",
        parts=RESPONSE,
        when=lambda finding: finding.case.variant == "known option out of place",
    ),
    Difference(
        asked="with an option twice",
        ours="is answered",
        theirs="silence",
        peers=("nsd",),
        because="RFC 6891 section 6.1.2 does not forbid it; silence is the one answer that RFC 8906 section 1 excludes",
        parts=REPLY,
        when=lambda finding: finding.case.variant in {"two cookies", "NSID twice"},
    ),
    Difference(
        asked="without a valid server cookie, but with a client cookie, over UDP",
        ours="is answered, with a server cookie",
        theirs="BADCOOKIE with a server cookie, and nothing else",
        peers=("knot",),
        because="RFC 7873 sections 5.2.3 and 5.2.4: the server may answer such a request or return BADCOOKIE",
        parts=RESPONSE,
        when=lambda finding: finding.other.rcode == "BADCOOKIE",
    ),
    Difference(
        asked="of an EDNS version above 0, with DO",
        ours="BADVERS with DO",
        theirs="BADVERS without",
        peers=("nsd",),
        because="RFC 3225 section 3: DO must be copied from the query to the response",
        parts=EDNS,
        when=lambda finding: finding.case.variant == "EDNS version 255, unknown option, DO",
    ),
    Difference(
        asked="with an rcode",
        ours="is answered",
        theirs="FORMERR, or over TCP the end of the connection",
        peers=("nsd",),
        because="RFC 1035 section 4.1.1 gives the field a meaning in responses only",
        parts=_ANYTHING,
        when=lambda finding: finding.case.variant == "rcode",
    ),
)

QUESTIONS = (
    Difference(
        asked="of class ANY",
        ours="REFUSED",
        theirs="FORMERR (BIND), answered as of class IN (NSD, Knot)",
        peers=("bind", "nsd", "knot"),
        because="RFC 1035 section 4.1.1: a server may refuse an operation; an answer to QCLASS * is never authoritative"
        " (RFC 1034 section 4.3.2 searches one class), so it would be of no use",
        parts=SECTIONS | FLAGS,
        when=lambda finding: finding.case.variant == "class ANY",
    ),
    Difference(
        asked="of another class",
        ours="REFUSED",
        theirs="FORMERR for 0 and NONE, NOTIMP for those without a name (BIND)",
        peers=("bind",),
        because="RFC 8906 section 8 tests no classes; REFUSED is what RFC 1035 section 4.1.1 has for zones that are not"
        " served. NSD and Knot do as we do",
        parts=SECTIONS,
        when=lambda finding: finding.case.variant.startswith("class "),
    ),
    Difference(
        asked="AXFR and IXFR, which nobody is permitted",
        ours="REFUSED",
        theirs="NOTAUTH where the zone is not served, NOTIMP over UDP (NSD, Knot)",
        peers=("bind", "nsd", "knot"),
        because="RFC 5936 section 2.2.1 and RFC 1995 section 3 leave the code for a refusal to the server; ours tells"
        " nothing of the zones that are here",
        parts=SECTIONS | FLAGS | EDNS,
        when=lambda finding: finding.case.variant == "transfer",
    ),
    Difference(
        asked="NOTIFY and UPDATE",
        ours="NOTAUTH to NOTIFY, NOTIMP to UPDATE, FORMERR where it is not whole",
        theirs="NOTAUTH, FORMERR, NXDOMAIN",
        peers=("bind", "nsd", "knot"),
        because="RFC 1035 section 4.1.1: what is not supported is NOTIMP; the others support both, and each says in its"
        " own way that this client is not permitted or the message is not whole",
        parts=SECTIONS | FLAGS | EDNS,
        when=lambda finding: finding.case.variant.startswith(("opcode NOTIFY", "opcode UPDATE")),
    ),
    Difference(
        asked="of an unknown opcode",
        ours="NOTIMP with nothing but the header, RD as it came",
        theirs="has the question (Knot), OPT (BIND, Knot), RD clear (BIND), all flags as they came (NSD)",
        peers=("bind", "nsd", "knot"),
        because="RFC 6895 section 2.2: what follows the header is the opcode's affair, so nothing of it is read; RFC"
        " 1035 section 4.1.1 copies RD",
        parts=FLAGS | EDNS | {"question"},
        when=_is_opcode_unknown_to_us,
    ),
    Difference(
        asked="without a question, with OPT but no cookie",
        ours="FORMERR",
        theirs="NOERROR",
        peers=("nsd",),
        because="RFC 7873 section 5.4 gives a meaning to it where there is a cookie, and no other text does where there"
        " is none",
        parts=SECTIONS,
        when=lambda finding: finding.case.variant == "no question, OPT",
    ),
    Difference(
        asked="without a question, with a cookie",
        ours="NOERROR with a server cookie",
        theirs="FORMERR without",
        peers=("knot",),
        because="RFC 7873 section 5.4: a server that knows cookies must answer it",
        parts=SECTIONS | EDNS,
        when=lambda finding: finding.case.variant == "no question, cookie",
    ),
)

FAULTS = (
    Difference(
        asked="anything that gets an error",
        ours="has the question if there is one that can be read",
        theirs="has none",
        peers=("nsd",),
        because="RFC 1035 section 4.1.1: a response has the question section of its query; resolvers compare it",
        parts=frozenset({"question"}),
        when=lambda finding: finding.other.questions == b"",
    ),
    Difference(
        asked="a malformed message with OPT",
        ours="FORMERR with OPT",
        theirs="FORMERR without",
        peers=("bind", "nsd", "knot"),
        because="RFC 6891 section 6.1.1: where the request has OPT, the response has one",
        parts=EDNS,
        when=lambda finding: _is_malformed_for_us(finding) and finding.other.edns is None,
    ),
    Difference(
        asked="a message that is malformed",
        ours="FORMERR",
        theirs="silence, or over TCP the end of the connection",
        peers=("knot", "nsd"),
        because="RFC 1035 section 4.1.1 calls it a format error; RFC 8906 section 1: silence looks like a loss",
        parts=REPLY,
        when=lambda finding: _is_malformed_for_us(finding) or _is_opcode_unknown_to_us(finding),
    ),
    Difference(
        asked="a query over TCP that NSD finds malformed",
        ours="is answered",
        theirs="the end of the connection",
        peers=("nsd",),
        because="as the entries for the same over UDP",
        parts=REPLY,
        when=lambda finding: finding.case.transport == "tcp",
    ),
    Difference(
        asked="with records beside the question, also SIG(0)",
        ours="is answered; only OPT and TSIG mean something",
        theirs="FORMERR",
        peers=("nsd",),
        because="RFC 8906 section 8 has no such test; RFC 2931 section 3 lets a server ignore SIG(0). BIND and Knot do"
        " as we do",
        parts=RESPONSE,
        when=lambda finding: finding.case.variant.startswith("record ") or finding.case.variant == "SIG(0)",
    ),
    Difference(
        asked="with octets behind the last record",
        ours="FORMERR",
        theirs="is answered",
        peers=("bind", "nsd"),
        because="RFC 1035 section 4.1: a message has five sections and nothing behind them. Knot does as we do",
        parts=RESPONSE,
        when=lambda finding: finding.case.variant == "octets behind",
    ),
    Difference(
        asked="with an OPT that has an owner",
        ours="FORMERR",
        theirs="is answered",
        peers=("knot",),
        because="RFC 6891 section 6.1.2: the owner must be the root",
        parts=RESPONSE,
        when=lambda finding: finding.case.variant.startswith("OPT with "),
    ),
    Difference(
        asked="a name that begins with a pointer into the header",
        ours="FORMERR",
        theirs="the pointer is followed",
        peers=("bind",),
        because="RFC 1035 section 4.1.4: a pointer points to a prior occurrence of a name, and there is none",
        parts=SECTIONS | {"question"},
        when=lambda finding: finding.case.variant == "pointer into the header",
    ),
    Difference(
        asked="random octets, changed octets, a message cut off",
        ours="FORMERR, NOTIMP or REFUSED, as the first fault that is found demands",
        theirs="another of these, because another fault was found first",
        peers=("bind", "nsd", "knot"),
        because="no text has an order of faults. Of this kind are only differences in the flags, and those in which"
        " another server does as we do or the query happens to have a type that we do not implement",
        parts=RESPONSE | REPLY,
        when=_is_another_fault_first,
    ),
)
