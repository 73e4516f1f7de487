"""Cookies, extended errors, options and the rate limit as kdig and dig see them."""

import re
import subprocess

import pytest

from understudy.testing.running_server import RunningServer, wait_until

SERVER = """
server:
  hostname: ns1.example.net
  cookie_secret_file: cookie.secret
  udp_size_without_cookie: 512
  tcp: {idle: 20s}
"""
LONG = "".join(f'long IN TXT "{"x" * 200}{number}"\n' for number in range(4))


@pytest.fixture
def serving(server: RunningServer) -> RunningServer:
    """Running, with the section `server` as above."""
    file = server.folder / "understudy.yaml"
    file.write_text(file.read_text().replace("zones:", SERVER + "zones:", 1))
    zone = server.folder / "example.com.zone"
    zone.write_text(zone.read_text() + LONG)
    server.write("cookie.secret", "00112233445566778899aabbccddeeff\n")
    server.start()
    return server


def said(program: str, server: RunningServer, *words: str) -> str:
    """What it prints."""
    command = [program, "@127.0.0.1", "-p", str(server.port), *words]
    found = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    return found.stdout + found.stderr


def test_dig_calls_our_cookie_good_and_gets_more_with_it(serving: RunningServer) -> None:
    first = said("dig", serving, "+cookie", "long.example.com", "TXT", "+notcp", "+ignore")
    (cookie,) = re.findall(r"; COOKIE: ([0-9a-f]{48}) \(good\)", first)
    assert re.search(r"flags: qr aa tc", first)
    again = said("dig", serving, f"+cookie={cookie}", "long.example.com", "TXT", "+ignore")
    assert "flags: qr aa rd;" in again
    assert again.count('"xxx') == 4
    assert f"; COOKIE: {cookie} (good)" in again


def test_kdig_takes_our_cookie_too(serving: RunningServer) -> None:
    text = said("kdig", serving, "+cookie", "plain.example.com", "A")
    assert re.search(r"COOKIE:[0-9A-F]{48}", text.replace(" ", ""), re.IGNORECASE)
    assert "status: NOERROR" in text


def test_a_new_secret_makes_other_cookies_and_takes_those_that_are_out(serving: RunningServer) -> None:
    def cookie(*words: str) -> str:
        found: list[str] = re.findall(
            r"; COOKIE: ([0-9a-f]+) \(good\)", said("dig", serving, *words, "plain.example.com")
        )
        return found[0]

    old = cookie("+cookie=0102030405060708")
    assert cookie(f"+cookie={old}") == old
    serving.write("cookie.secret", "ffeeddccbbaa99887766554433221100\n00112233445566778899aabbccddeeff\n")
    wait_until(lambda: cookie(f"+cookie={old}") != old, "the new secret is used")
    whole = said("dig", serving, f"+cookie={old}", "long.example.com", "TXT", "+ignore")
    assert "flags: qr aa rd;" in whole


def test_extended_errors_are_shown_with_their_names(serving: RunningServer) -> None:
    assert "EDE: 20 (Not Authoritative)" in said("dig", serving, "www.example.org", "A")
    assert "EDE: 21 (Not Supported)" in said("dig", serving, "example.com", "MAILB")


def test_options_and_flags_that_are_not_known_are_as_if_they_were_not_there(serving: RunningServer) -> None:
    """The questions of RFC 8906 section 8."""
    plain = said("dig", serving, "+noedns", "+noad", "+norec", "example.com", "SOA")
    assert re.search(r"status: NOERROR.*\n.*flags: qr aa; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 0", plain)
    zflag = said("dig", serving, "+noedns", "+noad", "+norec", "+zflag", "example.com", "SOA")
    assert "flags: qr aa; QUERY: 1, ANSWER: 1" in zflag
    assert "MBZ" not in zflag
    opcode = said("dig", serving, "+noedns", "+noad", "+opcode=15", "+norec", "+header-only", "example.com")
    assert "status: NOTIMP" in opcode
    version = said("dig", serving, "+nocookie", "+edns=100", "+noednsnegotiation", "+noad", "+norec", "example.com")
    assert "status: BADVERS" in version
    assert "EDNS: version: 0" in version
    option = said("dig", serving, "+nocookie", "+edns=0", "+noad", "+norec", "+ednsopt=100", "example.com", "SOA")
    assert "status: NOERROR" in option
    assert "OPT=100" not in option
    flags = said("dig", serving, "+nocookie", "+edns=0", "+noad", "+norec", "+ednsflags=0x40", "example.com", "SOA")
    assert "flags:; udp: 1232" in flags
    assert "MBZ" not in flags
    both = ("+edns=100", "+noednsnegotiation", "+ednsopt=100")
    assert "status: BADVERS" in said("dig", serving, "+nocookie", "+noad", "+norec", *both, "example.com", "SOA")


def test_the_name_and_the_patience_of_the_server_are_told_to_whoever_asks(serving: RunningServer) -> None:
    text = said("dig", serving, "+nsid", "+keepalive", "+tcp", "plain.example.com")
    assert '("ns1.example.net")' in text
    assert "TCP-KEEPALIVE: 20.0 secs" in text or "TCP KEEPALIVE: 20.0 secs" in text
    assert "KEEPALIVE" not in said("dig", serving, "+keepalive", "plain.example.com")


def test_a_flood_is_cut_and_a_cookie_opens_the_way(server: RunningServer) -> None:
    file = server.folder / "understudy.yaml"
    limit = "server: {rate_limit: {per_second: 5, slip: 1}}\nzones:"
    file.write_text(file.read_text().replace("zones:", limit, 1))
    server.start()
    words = ["+nocookie", "+ignore", *(["plain.example.com"] * 60)]
    flooded = said("dig", server, *words)
    assert 5 <= flooded.count("ANSWER: 1") <= 30
    assert flooded.count("flags: qr tc rd; QUERY: 1, ANSWER: 0") == 60 - flooded.count("ANSWER: 1")
    (cookie,) = re.findall(r"; COOKIE: ([0-9a-f]{48})", said("dig", server, "+ignore", "plain.example.com"))
    known = said("dig", server, f"+cookie={cookie}", "+ignore", *(["plain.example.com"] * 30))
    assert known.count("ANSWER: 1") == 30
