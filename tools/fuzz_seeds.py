"""Writes the seeds of the fuzz targets that are made by hand: queries of many forms, records of many types, files.

The zones are those that the tests and the targets serve. A seed that a run has found and that is worth keeping is named
by its digest and left alone; `tools/fuzz.sh keep` brings such seeds.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rdatatype
import dns.tsig
import dns.tsigkeyring
import dns.update
import dns.zone

ROOT = Path(__file__).resolve().parents[1]
SEEDS = ROOT / "fuzz" / "seeds"
ZONES = (("rich.example.", "tests/integration/zones/rich.zone"), ("example.", "fuzz/zones/example.zone"))

LINES_PER_FILE = 12
"""chosen: a file that is short enough to be mutated well"""

SIGNED_AT = 1_700_000_000
"""chosen: any time; the same in each run, so that the seeds are"""

PREAMBLE = "$TTL 300\n@ SOA ns root 1 2 3 4 5\n@ NS ns\n"

SYNTAX = r"""$ORIGIN example.
@ 1h IN SOA ns. root.mail ( 2026112201 ; comment
 1d 2h30m 4w 5 )
 NS ns
ns A 192.0.2.1
$TTL 5m
$GENERATE 1-5/2 h${1,3,x} 60 IN A 192.0.2.$
$GENERATE 0-3 ${0,4,n}.r PTR h$$\$
*.w 60 IN TXT "quo\"ted" plain\032text ""
IN 60 a MX 10 @
$ORIGIN sub
b TYPE65280 \# 3 ab cdef
c TYPE1 \# 4 c0000201
outside.test. A 192.0.2.9
"""

Seed = tuple[str, str, bytes]
"""(target, name, octets)"""


def query(qname: str, qtype: str = "A") -> dns.message.QueryMessage:
    """A plain query with a number that is the same in each run."""
    return dns.message.make_query(qname, qtype, id=0x1234)


def forms() -> Iterator[tuple[str, bytes]]:
    """Queries as clients send them, and as they should not."""
    name = "www.example."
    cookie = dns.edns.GenericOption(dns.edns.OptionType.COOKIE, b"12345678")
    nsid = dns.edns.GenericOption(dns.edns.OptionType.NSID, b"")
    keepalive = dns.edns.GenericOption(dns.edns.OptionType.make(11), b"")
    choices: tuple[tuple[str, int, list[dns.edns.Option]], ...] = (
        ("edns", 1232, []),
        ("small", 0, [nsid]),
        ("large", 65535, [keepalive, nsid]),
        ("cookie", 512, [cookie]),
        (
            "options",
            4096,
            [
                dns.edns.ECSOption("192.0.2.0", 24),
                cookie,
                keepalive,
                dns.edns.GenericOption(dns.edns.OptionType.PADDING, b"\0" * 20),
            ],
        ),
    )
    for label, size, options in choices:
        message = query(name, "MX")
        message.use_edns(0, dns.flags.DO, payload=size, options=options)
        yield label, message.to_wire()
    message = query(name)
    message.use_edns(1)
    yield "version", message.to_wire()
    yield "nothing_but_a_cookie", b"\x12\x34\0\0\0\0\0\0\0\0\0\1\0\0\x29\x04\xd0\0\0\0\0\0\x0c\0\x0a\0\x0812345678"
    notify = query("example.", "SOA")
    notify.set_opcode(dns.opcode.NOTIFY)
    yield "notify", notify.to_wire()
    update = dns.update.UpdateMessage("example.", id=0x1234)
    update.add("new", 300, "A", "192.0.2.1")
    update.delete("old")
    yield "update", update.to_wire()


def odd_forms() -> Iterator[tuple[str, bytes]]:
    """What a library does not make without being forced."""
    for label, rdtype in (("signed", "A"), ("signed_transfer", "AXFR")):
        yield label, signed(query("www.example.", rdtype))
    misplaced = bytearray(signed(query("www.example.")) + b"\0\0\x29\x04\xd0\0\0\0\0\0\0")
    misplaced[11] += 1
    yield "signature_before_the_end", bytes(misplaced)
    head = b"\x12\x34\x01\0\0\1\0\0\0\0\0\1\3www\7example\0\0\1\0\1"
    yield "compressed_owner", head + b"\xc0\x10\0\1\0\1\0\0\0\0\0\4\xc0\0\2\1"
    yield "pointer_to_itself", head + b"\xc0\x19\0\1\0\1\0\0\0\0\0\0"
    yield "two_questions", b"\x12\x34\0\0\0\2\0\0\0\0\0\0\3www\7example\0\0\1\0\1\xc0\x0c\0\2\0\1"
    yield "chaos", b"\x12\x34\0\0\0\1\0\0\0\0\0\0\7version\4bind\0\0\x10\0\3"
    yield "hostname", b"\x12\x34\0\0\0\1\0\0\0\0\0\0\x08hostname\4bind\0\0\x10\0\3"
    yield "status", b"\x12\x34\x10\0\0\0\0\0\0\0\0\0"


def signed(message: dns.message.Message) -> bytes:
    """The message with a TSIG record whose time and MAC do not depend on when this runs."""
    octets = bytearray(message.to_wire())
    octets[11] += 1
    algorithm = dns.name.from_text("hmac-sha256.").to_wire() or b""
    rdata = algorithm + SIGNED_AT.to_bytes(6, "big") + b"\x01\x2c\0\x20" + b"m" * 32 + b"\x12\x34\0\0\0\0"
    return bytes(octets) + b"\3key\0\0\xfa\0\xff\0\0\0\0" + len(rdata).to_bytes(2, "big") + rdata


def zones() -> Iterator[dns.zone.Zone]:
    """The zones of the tests and of the targets, without what is generated."""
    for origin, path in ZONES:
        lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
        text = "\n".join(line for line in lines if not line.startswith("$GENERATE"))
        yield dns.zone.from_text(text, origin, relativize=False)


def messages() -> Iterator[Seed]:
    """The forms, and each name of the zones with a type that it has; over UDP and TCP in turns."""
    for label, octets in (*forms(), *odd_forms()):
        yield "message", label, octets
        yield "answer", label, b"\0\0\0" + octets
        yield "answer", f"{label}_tcp", b"\x09\0\0" + octets
    for zone in zones():
        for number, (name, node) in enumerate(sorted(zone.nodes.items())):
            rdtype = dns.rdatatype.to_text(node.rdatasets[0].rdtype)
            octets = query(str(name).replace("*", "star"), rdtype).to_wire()
            yield "answer", f"{zone.origin}{number}", bytes((number % 8, 0, 0)) + octets


def rdatas() -> Iterator[Seed]:
    """The first record of each type."""
    seen = set()
    for zone in zones():
        for _, _, rdata in zone.iterate_rdatas():
            if rdata.rdtype not in seen:
                seen.add(rdata.rdtype)
                octets = rdata.to_wire() or b""
                yield (
                    "rdata",
                    dns.rdatatype.to_text(rdata.rdtype),
                    b"\0" + int(rdata.rdtype).to_bytes(2, "big") + octets,
                )


def files() -> Iterator[Seed]:
    """Parts of the zones, each a zone by itself, and one file with all of the syntax."""
    yield "master_file", "syntax", b"\0" + SYNTAX.encode()
    for origin, path in ZONES:
        lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
        for start in range(0, len(lines), LINES_PER_FILE):
            part = "\n".join(lines[start : start + LINES_PER_FILE])
            yield "master_file", f"{origin}{start}", b"\0" + f"{PREAMBLE}x{part}\n".encode()


def main() -> None:
    """Writes them all."""
    for target, name, octets in (*messages(), *rdatas(), *files()):
        folder = SEEDS / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(octets)


if __name__ == "__main__":
    main()
