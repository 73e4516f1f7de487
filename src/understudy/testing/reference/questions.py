"""Questions to ask of some zones: names in, beside, above and below what is there, with many kinds of header."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Self

import dns.flags
import dns.message
import dns.name
import dns.rrset
from dns.edns import CookieOption, GenericOption, Option, OptionType
from dns.name import Name
from dns.rdataclass import RdataClass
from dns.rdatatype import RdataType

from understudy.testing.reference.answerer import Transport
from understudy.testing.reference.draft import NAME_OCTETS, TYPES, is_below, octets_of
from understudy.testing.reference.plain_zone import PlainZone

_ASKED = (*TYPES, *TYPES, *TYPES, "SOA", "ANY", "ANY", "ANY", "NSEC", "RRSIG", "TYPE1000")
_NO_RECORDS = ("AXFR", "IXFR", "MAILA", "MAILB", "OPT", "TKEY", "TSIG", "TYPE0", "TYPE128", "TYPE249")
_SIZES = (0, 512, 513, 700, 1232, 4096, 65535)
_FLAGS = (0, dns.flags.RD, dns.flags.RD | dns.flags.AD, dns.flags.CD, 0x0040 | dns.flags.TC)
_EXPIRE: Option = GenericOption(OptionType.make(9), b"")
_OPTIONS: list[Option] = [GenericOption(OptionType.NSID, b""), GenericOption(OptionType.make(65001), b"what?")]
_COOKIE: Option = CookieOption(b"8 octets", b"")
_LABELS = (b"a", b"*", b"none", b"l" * 60)


@dataclass(frozen=True)
class Curiosity:
    """Names worth asking for: those that are there or pointed to, and those around them."""

    there: list[Name]
    around: list[Name]
    types: Mapping[Name, tuple[str, ...]]

    @classmethod
    def about(cls, zones: Iterable[PlainZone]) -> Self:
        """Of some zones together."""
        there: set[Name] = set()
        redirections: set[tuple[Name, Name]] = set()
        types: dict[Name, tuple[str, ...]] = {}
        for zone in zones:
            for owner, node in zone.nodes.items():
                targets = {getattr(rdata, "target", owner) for each in node.values() for rdata in each.rdatas}
                there |= {owner, *targets}
                types[owner] = (*types.get(owner, ()), *(rtype.name for rtype in sorted(node)))
                if RdataType.DNAME in node:
                    redirections |= {(owner, target) for target in targets}
        around = {dns.name.root, dns.name.from_text("nowhere."), *(name.parent() for name in there if len(name) > 1)}
        around |= set(_below(there)) | set(_redirected(there, redirections))
        return cls(sorted(there), sorted(around), types)

    def ask(self, chance: Random) -> dns.message.Message:
        """One question, its name in any case."""
        name = chance.choice(self.there if chance.random() < 0.6 else self.around)  # noqa: PLR2004 - chosen: more hits
        labels = [bytes(chance.choice((octet, *bytes([octet]).swapcase())) for octet in label) for label in name.labels]
        present = self.types.get(name, _ASKED)
        asked = dns.message.make_query(Name(labels), chance.choice(present if chance.randrange(2) else _ASKED))
        asked.id = chance.randrange(65536)
        asked.flags = chance.choice(_FLAGS)
        size = chance.choice(_SIZES)
        if size:
            asked.use_edns(0, chance.choice((0, dns.flags.DO, 0x4000)), size)
            if chance.randrange(4) == 0:
                asked.use_edns(
                    0,
                    asked.ednsflags,
                    size,
                    options=chance.choice((_OPTIONS, [_COOKIE], [_EXPIRE], [_COOKIE, _EXPIRE, *_OPTIONS])),
                )
        if chance.randrange(12) == 0:
            chance.choice(_DISTORTIONS)(asked, chance)
        return asked


def questions(zones: Iterable[PlainZone], chance: Random, count: int) -> Iterator[tuple[bytes, Transport]]:
    """So many messages, each with the way it comes."""
    curiosity = Curiosity.about(zones)
    for _ in range(count):
        yield curiosity.ask(chance).to_wire(), chance.choice(("udp", "udp", "tcp"))


def _below(names: Iterable[Name]) -> Iterator[Name]:
    for name in names:
        for label in _LABELS:
            if octets_of(name) + len(label) < NAME_OCTETS:
                yield Name((label, *name.labels))


def _redirected(names: Iterable[Name], redirections: Iterable[tuple[Name, Name]]) -> Iterator[Name]:
    """Names that a DNAME leads to a name that is there."""
    for owner, target in redirections:
        for name in names:
            if is_below(name, target) and octets_of(name) - octets_of(target) + octets_of(owner) <= NAME_OCTETS:
                yield name.relativize(target) + owner


def _other_class(asked: dns.message.Message, chance: Random) -> None:
    asked.question[0].rdclass = RdataClass.make(chance.choice((0, 3, 4, 254, 255, 65535)))


def _other_opcode(asked: dns.message.Message, chance: Random) -> None:
    asked.flags |= chance.randrange(1, 16) << 11


def _no_question(asked: dns.message.Message, _chance: Random) -> None:
    asked.question = []


def _two_questions(asked: dns.message.Message, _chance: Random) -> None:
    question = asked.question[0]
    asked.question = [question, dns.rrset.RRset(question.name, question.rdclass, RdataType.TXT)]


def _other_version(asked: dns.message.Message, chance: Random) -> None:
    asked.use_edns(chance.randrange(1, 256), 0, 1232)


def _no_record(asked: dns.message.Message, chance: Random) -> None:
    asked.question[0].rdtype = RdataType.make(chance.choice(_NO_RECORDS))


_DISTORTIONS = (_other_class, _other_opcode, _no_question, _two_questions, _other_version, _no_record)
"""Each makes of a question a message that is not asked every day."""
