"""Message digests (ZONEMD, RFC 8976) beside those of ldns: each verifies the other's, and refuses a changed zone."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Literal

import dns.message
import dns.rdatatype
import pytest

from understudy.engine import Engine, Zone
from understudy.testing.other_servers import find_program

ZONES = Path(__file__).parent / "zones"
NOTHING = "00" * 48
MIXED = f"""\
$ORIGIN Example.COM.
$TTL 3600
@ SOA NS1.Example.Com. HostMaster 7 2 3 4 5
@ NS NS1
@ NS b.Example.net.
@ 600 MX 20 Mail
@ 60 MX 10 mail2
NS1 A 192.0.2.9
*.Wild TXT "a" "B" ""
*.wild A 192.0.2.1
a.b.Empty.Between SRV 1 2 3 Target.Example.ORG.
alias CNAME Www.EXAMPLE.com.
deep DNAME Other.Example.
under.deep.not A 192.0.2.3
old RP Mbox.x. Txt.y.
p NAPTR 1 2 "u" "E2U+sip" "!^.*$!SIP:x@y!" Z.
svc HTTPS 1 Svc.example. alpn=h2 ipv4hint=192.0.2.1
svc SVCB 2 B.example. port=8443
u TYPE65400 \\# 3 414243
\\000 AAAA 2001:db8::1
dot\\.ted AAAA 2001:db8::2
Sub NS ns.SUB
Sub NS ns.elsewhere.example.
Sub DS 1 13 2 49fd46e6c4b45c55d4ac69cbd3cd34ac1afe51de2d1e6f3a0e0a5f0c2b6f9f3a
ns.sub A 192.0.2.53
occluded.sub TXT "below a cut"
sub A 192.0.2.54
x ZONEMD 1 1 1 {NOTHING}
x ZONEMD 1 241 1 {NOTHING}
"""
UNREADABLE = "IN TYPE62 \\# 6 c0000201abcd"
"""A CSYNC without types: ldns 1.8.3 does not read that from text."""
TEXTS = {
    "example.com.": MIXED,
    "rich.example.": (ZONES / "rich.zone").read_text().replace(UNREADABLE, ""),
    "odd.test.": (ZONES / "odd.test.zone").read_text(),
}
HASHES: tuple[Literal["sha384", "sha512"], ...] = ("sha384", "sha512")


def handed_on(origin: str, algorithm: Literal["sha384", "sha512"]) -> str:
    """The zone as a secondary gets it, with our digest, as a master file."""
    engine = Engine([])
    zone = Zone.parse(origin, TEXTS[origin].encode())
    engine.publish_zone(zone, [])
    engine.set_access(origin, ["127.0.0.1/32"], [])
    engine.commit(engine.prepare(origin, zone.serial + 1, [], zone, zonemd=algorithm))
    wire = engine.answer(dns.message.make_query(origin, dns.rdatatype.AXFR).to_wire(), transport="tcp")
    engine.stop()
    lines = "\n".join(rrset.to_text() for rrset in dns.message.from_wire(wire or b"").answer).split("\n")
    return "".join(f"{line}\n" for line in dict.fromkeys(lines))  # the SOA at its end is not a second one


def is_verified_by_ldns(folder: Path, text: str) -> bool:
    file = folder / "copy.zone"
    file.write_text(text)
    words = [find_program("ldns-verify-zone"), "-Z", str(file)]
    return subprocess.run(words, check=False, capture_output=True).returncode == 0


def with_digests_of_ldns(folder: Path, origin: str, *schemes: str) -> str:
    bare, made = folder / "bare.zone", folder / "made.zone"
    bare.write_text(Zone.parse(origin, TEXTS[origin].encode()).to_master_file())
    wanted = [word for scheme in schemes for word in ("-z", scheme)]
    words = [find_program("ldns-signzone"), "-Z", *wanted, "-o", origin.rstrip("."), "-f", str(made), str(bare)]
    subprocess.run(words, check=True, capture_output=True)
    return made.read_text()


def changed(text: str) -> str:
    assert "192.0.2.1" in text
    return text.replace("192.0.2.1", "192.0.2.2", 1)


@pytest.mark.parametrize("origin", TEXTS)
@pytest.mark.parametrize("algorithm", HASHES)
def test_ldns_verifies_our_digests(origin: str, algorithm: Literal["sha384", "sha512"], tmp_path: Path) -> None:
    text = handed_on(origin, algorithm)
    assert is_verified_by_ldns(tmp_path, text)
    assert not is_verified_by_ldns(tmp_path, changed(text))


@pytest.mark.parametrize("origin", TEXTS)
@pytest.mark.parametrize("algorithm", HASHES)
def test_digests_of_ldns_are_verified(origin: str, algorithm: str, tmp_path: Path) -> None:
    text = with_digests_of_ldns(tmp_path, origin, f"simple:{algorithm}")
    assert Zone.parse(origin, text.encode()).verify_zonemd() == "verified"
    assert Zone.parse(origin, changed(text).encode()).verify_zonemd() == "mismatch"


def test_one_right_digest_of_several_is_enough_for_both(tmp_path: Path) -> None:
    text = with_digests_of_ldns(tmp_path, "example.com.", "simple:sha384", "simple:sha512")
    for others in ("", f"example.com. 300 ZONEMD 7 241 1 {NOTHING}\n", f"example.com. 300 ZONEMD 7 1 241 {NOTHING}\n"):
        assert Zone.parse("example.com.", (text + others).encode()).verify_zonemd() == "verified"
        assert is_verified_by_ldns(tmp_path, text + others)
        assert Zone.parse("example.com.", (changed(text) + others).encode()).verify_zonemd() == "mismatch"
        assert not is_verified_by_ldns(tmp_path, changed(text) + others)


def test_the_digest_of_another_serial_is_nobody_s(tmp_path: Path) -> None:
    text = with_digests_of_ldns(tmp_path, "example.com.", "simple:sha384").replace("\t7 1 1 ", "\t6 1 1 ")
    assert Zone.parse("example.com.", text.encode()).verify_zonemd() == "other_serial"
    assert not is_verified_by_ldns(tmp_path, text)
