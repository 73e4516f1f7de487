"""Message digests of zones (RFC 8976): the same as dnspython's, and carried by the copies that are handed on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import dns.message
import dns.rdatatype
import dns.zone
import pytest
from dns.rdtypes.ANY.ZONEMD import ZONEMD
from dns.zonetypes import DigestHashAlgorithm

from understudy.engine import Engine, Zone

ORIGIN = "example.com."
TEXT = f"""
@ 300 SOA NS Hostmaster 7 2 3 4 5
@ 300 NS NS
@ 300 NS b.Example.net.
@ 600 MX 20 Mail
@ 600 MX 10 mail2
@ 600 NSEC a.Example.com. NS SOA MX NSEC
NS A 192.0.2.9
*.W TXT "a" "B" ""
w.x.Y.z 1 SRV 1 2 3 Target.Example.ORG.
alias CNAME Www
deep DNAME Other.example.
old RP Mbox.x. Txt.y.
p NAPTR 1 2 "u" "E2U+sip" "!^.*$!SIP:x@y!" Z.
svc HTTPS 1 Svc.example. alpn=h2 ipv4hint=192.0.2.1
svc HTTPS 2 a.example. port=8443
mixed SVCB 1 a. alpn=h2
mixed SVCB 1 B. alpn=h2
caa CAA 0 issue "CA.example"
loc LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m
u TYPE65400 \\# 3 414243
\\000 AAAA 2001:db8::1
\\001a AAAA 2001:db8::2
sub NS ns.sub
ns.sub A 192.0.2.53
occluded.sub TXT "below a cut"
x ZONEMD 1 1 1 {"00" * 48}
"""


def digest_of_dnspython(text: str, algorithm: str) -> bytes:
    zone = dns.zone.from_text(text, origin=ORIGIN, relativize=False)
    return bytes(zone.compute_digest(DigestHashAlgorithm[algorithm.upper()]).digest)


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine([])
    engine.publish_zone(parsed(TEXT), [])
    yield engine
    engine.stop()


def parsed(text: str) -> Zone:
    return Zone.parse(ORIGIN, f"$TTL 3600\n{text}".encode())


def view(last: int) -> tuple[str, int, int, list[bytes]]:
    return ("www.example.com.", 1, 30, [bytes([192, 0, 2, last])])


def digests(engine: Engine) -> list[ZONEMD]:
    """What the zone answers."""
    reply = engine.answer(dns.message.make_query(ORIGIN, "ZONEMD").to_wire(), transport="tcp")
    assert reply is not None
    answer = dns.message.from_wire(reply).answer
    return list(answer[0]) if answer else []


def transferred(engine: Engine) -> Zone:
    """The copy as a secondary has it."""
    query = dns.message.make_query(ORIGIN, dns.rdatatype.AXFR)
    reply = engine.answer(query.to_wire(), transport="tcp")
    assert reply is not None
    lines = [rrset.to_text() for rrset in dns.message.from_wire(reply).answer]
    return Zone.parse(ORIGIN, "\n".join(dict.fromkeys("\n".join(lines).split("\n"))).encode())


@pytest.mark.parametrize("algorithm", ["sha384", "sha512"])
def test_the_digest_is_that_of_dnspython(algorithm: Literal["sha384", "sha512"]) -> None:
    zone = parsed(TEXT)
    assert zone.zonemd(algorithm) == digest_of_dnspython(f"$TTL 3600\n{TEXT}", algorithm)


def test_a_digest_is_verified(engine: Engine) -> None:
    made = parsed(TEXT).zonemd("sha384").hex()
    assert parsed(TEXT).verify_zonemd() == "absent"
    assert parsed(f"{TEXT}@ ZONEMD 7 1 1 {made}\n").verify_zonemd() == "verified"
    assert parsed(f"{TEXT}@ ZONEMD 8 1 1 {made}\n").verify_zonemd() == "other_serial"
    assert parsed(f"{TEXT}@ ZONEMD 7 1 2 {made}\n").verify_zonemd() == "mismatch"
    assert parsed(f"{TEXT}@ ZONEMD 7 2 1 {made}\n").verify_zonemd() == "unknown"
    with pytest.raises(ValueError, match="sha384 or sha512"):
        parsed(TEXT).zonemd("md5")  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(ValueError, match="sha384 or sha512"):
        engine.prepare(ORIGIN, 8, [], parsed(TEXT), zonemd="md5")  # type: ignore[arg-type]  # wrong on purpose


def test_each_version_has_its_digest(engine: Engine) -> None:
    engine.set_access(ORIGIN, ["127.0.0.1/32"], [])
    engine.commit(engine.prepare(ORIGIN, 7, [view(1)], parsed(TEXT), zonemd="sha512"))
    first = transferred(engine)
    assert (first.serial, first.verify_zonemd()) == (7, "verified")
    engine.commit(engine.prepare(ORIGIN, 8, [view(2)], zonemd="sha512"))
    second = transferred(engine)
    assert (second.serial, second.verify_zonemd()) == (8, "verified")
    assert [(each.serial, each.hash_algorithm) for each in digests(engine)] == [(8, 2)]
    assert second.zonemd("sha512") != first.zonemd("sha512")


def test_the_digest_is_answered_also_after_a_reload(engine: Engine) -> None:
    engine.commit(engine.prepare(ORIGIN, 8, [view(1)], parsed(TEXT), zonemd="sha384"))
    before = digests(engine)
    engine.publish_zone(parsed(TEXT), [])
    assert digests(engine) == before != []


def test_nothing_new_is_no_version_although_its_digest_would_be_another(engine: Engine) -> None:
    engine.commit(engine.prepare(ORIGIN, 7, [view(1)], parsed(TEXT), zonemd="sha384"))
    assert engine.prepare(ORIGIN, 8, [view(1)], zonemd="sha384").is_same
    assert engine.prepare(ORIGIN, 8, [view(1)], parsed(TEXT), zonemd="sha384").is_same
    assert not engine.prepare(ORIGIN, 8, [view(2)], zonemd="sha384").is_same
    assert not engine.prepare(ORIGIN, 8, [view(1)], zonemd="sha512").is_same
    assert not engine.prepare(ORIGIN, 8, [view(1)]).is_same


def test_a_digest_of_another_version_is_not_handed_on(engine: Engine) -> None:
    made = parsed(TEXT).zonemd("sha384").hex()
    base = parsed(f"{TEXT}@ ZONEMD 7 1 1 {made}\n")
    engine.publish_zone(base, [])
    engine.commit(engine.prepare(ORIGIN, 7, [], base))
    assert len(digests(engine)) == 1
    engine.commit(engine.prepare(ORIGIN, 8, [view(1)]))
    assert digests(engine) == []


def test_a_digest_that_came_with_the_zone_is_not_given_up_for_a_version_without_anything_new(engine: Engine) -> None:
    made = parsed(TEXT).zonemd("sha384").hex()
    base = parsed(f"{TEXT}@ ZONEMD 7 1 1 {made}\n")
    engine.publish_zone(base, [])
    engine.commit(engine.prepare(ORIGIN, 7, [], base))
    assert engine.prepare(ORIGIN, 8, [], base).is_same
    assert not engine.prepare(ORIGIN, 8, [view(1)], base).is_same
    for other in ("", f"@ ZONEMD 7 1 1 {'00' * 48}\n", f"@ 5 ZONEMD 7 1 1 {made}\n"):
        assert not engine.prepare(ORIGIN, 8, [], parsed(TEXT + other)).is_same, "its digests are others, or gone"
