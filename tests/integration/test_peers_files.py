"""Master files: what BIND, Knot and NSD load we load, what we export they load, what they refuse we refuse."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dns.rdatatype
import dns.zone
import pytest

from understudy.engine import Zone
from understudy.testing.other_servers import find_program
from understudy.testing.ports import free_port
from understudy.testing.running_server import RunningServer

ORIGIN = "rich.example"
RICH = Path(__file__).parent / "zones" / "rich.zone"
HEAD = "$TTL 300\n@ IN SOA ns1 hostmaster 1 7200 900 1209600 300\n@ IN NS ns1\nns1 IN A 192.0.2.53\n"
WARNING = re.compile(r"\(\w+ is (kept|used)\)$")
CHECKERS = ("named-checkzone", "kzonecheck", "nsd-checkzone")

CONFIGURATION = f"""\
listen: 127.0.0.1:{{port}}
zones: {{{ORIGIN}: {{file: {RICH}}}}}
records:
  steered.{ORIGIN}: {{tiers: [[192.0.2.80, "2001:db8::80"], [198.51.100.80]]}}
  "*.steered.{ORIGIN}": {{tiers: [[192.0.2.81]]}}
  moved.{ORIGIN}: {{tiers: [[target.elsewhere.example]]}}
"""

LOADED = {
    "every type, name and shape": RICH.read_text(encoding="utf-8"),
    "relative and repeated owners, classes and TTLs in any order": (
        HEAD + "a IN 60 A 192.0.2.1\n  60 IN TXT a\n  TXT b\n$ORIGIN sub.rich.example.\nb A 192.0.2.2\n@ A 192.0.2.3\n"
    ),
    "parentheses and comments": HEAD + "a ( ; one\n IN ; two\n A 192.0.2.1 ) ; three\n\n;\nb TXT ( a\n\n b )\n",
    "units of TTLs": HEAD.replace("300\n@ IN SOA", "1h30m\n@ IN SOA").replace("7200 900 1209600", "2h 15m 2w"),
    "carriage returns": (HEAD + "a A 192.0.2.1\n").replace("\n", "\r\n"),
    "no newline at the end": HEAD + "a A 192.0.2.1",
    "a generic form of a known type": HEAD + "a TYPE1 \\# 4 c0000201\n",
    "the same record twice": HEAD + "a A 192.0.2.1\na A 192.0.2.1\n",
    "the longest label and the longest string": HEAD + "a" * 63 + ' TXT "' + "b" * 255 + '"\n',
    "a semicolon within a string": HEAD + 'a TXT "a;b" c\\;d\n',
}

# Each is refused by at least two of the three others.
REFUSED = {
    "no SOA": "$TTL 300\n@ IN NS ns1\nns1 IN A 192.0.2.53\n",
    "nothing at all": "",
    "an address with a number too large": HEAD + "a A 192.0.2.256\n",
    "an address with three numbers": HEAD + "a A 192.0.2\n",
    "an IPv6 address with two gaps": HEAD + "a AAAA 2001::db8::1\n",
    "an IPv4 address in AAAA": HEAD + "a AAAA 192.0.2.1\n",
    "an unknown type": HEAD + "a NOSUCHTYPE 1\n",
    "a preference that is no number": HEAD + "a MX ten mail\n",
    "a preference too large": HEAD + "a MX 65536 mail\n",
    "too little data": HEAD + "a MX 10\n",
    "too much data": HEAD + "a A 192.0.2.1 192.0.2.2\n",
    "a label of 64 octets": HEAD + "a" * 64 + " A 192.0.2.1\n",
    "a name of 256 octets": HEAD + ".".join(["a" * 62] * 4) + " A 192.0.2.1\n",
    "an empty label": HEAD + "a..b A 192.0.2.1\n",
    "a string of 256 octets": HEAD + 'a TXT "' + "b" * 256 + '"\n',
    "quotes that never close": HEAD + 'a TXT "abc\n',
    "parentheses that never close": HEAD + "a TXT ( abc\n",
    "parentheses that never open": HEAD + "a TXT abc )\n",
    "a generic form with too few octets": HEAD + "a TYPE65280 \\# 4 0a0000\n",
    "a generic form with half an octet": HEAD + "a TYPE65280 \\# 2 0a0\n",
    "a generic form that is no such type": HEAD + "a TYPE1 \\# 3 c00002\n",
    "digits that are no Base64": HEAD + "a CERT 1 1 8 Zm9v!!\n",
    "digits that are no hexadecimal": HEAD + "a TLSA 3 1 1 xyz\n",
    "another class": HEAD + "a CH TXT b\n",
    "CNAME beside an address": HEAD + "a CNAME b\na A 192.0.2.1\n",
    "two CNAMEs": HEAD + "a CNAME b\na CNAME c\n",
    "a CNAME at the apex": HEAD + "@ CNAME b\n",
    "two DNAMEs": HEAD + "a DNAME b\na DNAME c\n",
    "an unknown directive": HEAD + "$NOSUCH 1\n",
    "a TTL that is no number": HEAD + "$TTL soon\n",
    "an included file that is not there": HEAD + "$INCLUDE nothing.zone\n",
    "a bit map with an unknown type": HEAD + "a CSYNC 1 3 A NOSUCHTYPE\n",
    "a service parameter twice": HEAD + "a SVCB 1 . port=1 port=2\n",
    "a location beyond the pole": HEAD + "a LOC 91 0 0 N 0 0 0 E 0m\n",
    "an algorithm mnemonic that nobody knows": HEAD + "a DS 1 NOSUCH 2 00\n",
}


# What at least one of the three does not read as it stands here.
RARE = (
    "A6 64 ::1:2:3:4 a.",
    "AMTRELAY 10 1 3 a.",
    "ATMA +61200000000",
    'AVC "a"',
    'CLA "a"',
    "DLV 1 8 1 00112233445566778899aabbccddeeff00112233",
    'DOA 0 1 2 "" AQID',
    "DSYNC CDS 1 5300 a.",
    "EID 00AB",
    "GPOS -32.6882 116.8652 10.0",
    "HHIT AQID",
    "HIP 2 200100107B1A74DF365639CC39F1D578 AwEAAbdxyhNuSutc5EMzxTs9LBPCIkOFH8cIvM4p9+LrV4e19WzK00+CI6zBCQTdtWsuxKbW",
    "IPN 18446744073709551615",
    'ISDN "150862028003217" "004"',
    "KEY 49152 3 8",
    "MB a",
    "MG a",
    "MR a",
    "NIMLOC AB",
    'NINFO "a"',
    "NSAP 0x47000580FF",
    "NSAP-PTR a.",
    "NSEC a. A CLA",
    "NULL \\# 3 616263",
    "NXT a. A NXT",
    "PX 10 a. b.",
    'RESINFO "qnamemin"',
    "RKEY 0 1 2 AQID",
    "SIG A 5 3 1 19700101000000 19700101000000 1 a. AQID",
    "SINK 1 2 3 AQID",
    "TA 1 8 1 00112233445566778899aabbccddeeff00112233",
    "TALINK a. b.",
    'WALLET "BTC" "x"',
    "WKS 192.0.2.1 6 25 80",
    'X25 "311061700956"',
)

CASES = {f"z{index}.example": text for index, text in enumerate([*LOADED.values(), *REFUSED.values()])}
ORIGINS = dict(zip([*LOADED, *REFUSED], CASES, strict=True))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With every case as a file that is named like its zone."""
    folder = tmp_path_factory.mktemp("files")
    for origin, text in CASES.items():
        (folder / origin).write_bytes(text.replace(ORIGIN, origin).encode())
    return folder


@pytest.fixture(scope="module")
def said(folder: Path) -> str:
    """What we say to all of them, in one run."""
    running = RunningServer(folder, free_port())
    zones = "".join(f"  {origin}: {{file: {origin}}}\n" for origin in CASES)
    running.write("understudy.yaml", f"listen: 127.0.0.1:{{port}}\nzones:\n{zones}")
    seen = running.run("check")
    assert seen.returncode == 1
    assert "Traceback" not in seen.stdout + seen.stderr
    return seen.stdout + seen.stderr


def objection(checker: str, origin: str, file: Path) -> str:
    """What it says against the file; empty if it loads it."""
    options = {"named-checkzone": ["-i", "none", "-k", "ignore", origin], "kzonecheck": ["-o", f"{origin}."]}
    command = [find_program(checker), *options.get(checker, [origin]), str(file)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, cwd=file.parent)
    return (run.stdout + run.stderr or "refused") if run.returncode else ""


def objections(origin: str, file: Path) -> dict[str, str]:
    return {checker: objection(checker, origin, file) for checker in CHECKERS}


def our_objections(said: str, origin: str) -> list[str]:
    return [line for line in said.splitlines() if re.search(rf"\b{origin}:\d+:\d+: zone\.", line)]


@pytest.mark.parametrize("case", LOADED)
def test_what_others_load_we_load(folder: Path, said: str, case: str) -> None:
    origin = ORIGINS[case]
    refusals = objections(origin, folder / origin)
    assert sum(map(bool, refusals.values())) < 2, f"two of three load it: {refusals}"
    assert [line for line in our_objections(said, origin) if not WARNING.search(line)] == []


@pytest.mark.parametrize("case", REFUSED)
def test_what_others_refuse_we_refuse_with_its_place(folder: Path, said: str, case: str) -> None:
    origin = ORIGINS[case]
    refusals = objections(origin, folder / origin)
    assert sum(map(bool, refusals.values())) > 1, f"two of three refuse it: {refusals}"
    assert our_objections(said, origin), refusals


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    """With the rich zone and three steered records."""
    running = RunningServer(tmp_path, free_port())
    running.write("understudy.yaml", CONFIGURATION)
    running.start()
    yield running
    running.stop()


def test_an_exported_zone_loads_everywhere_and_says_the_same(server: RunningServer) -> None:
    exported = server.folder / "exported"
    command = [sys.executable, "-m", "understudy.cli", "zone", "export", ORIGIN, "--output", str(exported)]
    seen = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, cwd=server.folder)
    assert seen.returncode == 0, seen.stderr
    assert objections(ORIGIN, exported) == dict.fromkeys(CHECKERS, "")
    names = {f"steered.{ORIGIN}.", f"*.steered.{ORIGIN}.", f"moved.{ORIGIN}."}
    before, after = contents(RICH), contents(exported)
    assert {each for each in after if each[0] not in names} == before
    assert {(name, rtype, text) for name, _, rtype, text in after if name in names} == {
        (f"steered.{ORIGIN}.", "A", "192.0.2.80"),
        (f"steered.{ORIGIN}.", "AAAA", "2001:db8::80"),
        (f"*.steered.{ORIGIN}.", "A", "192.0.2.81"),
        (f"moved.{ORIGIN}.", "CNAME", "target.elsewhere.example."),
    }


def test_an_exported_zone_of_rare_types_and_odd_names_loads_everywhere(tmp_path: Path) -> None:
    odd = "".join(f"x\\{octet:03d}y A 192.0.2.1\nt{octet} PTR \\{octet:03d}.a\n" for octet in range(256))
    rare = "".join(f"r{index} {text}\n" for index, text in enumerate(RARE))
    exported = tmp_path / "exported"
    exported.write_text(Zone.parse(f"{ORIGIN}.", (HEAD + odd + rare).encode()).to_master_file(), encoding="ascii")
    assert objections(ORIGIN, exported) == dict.fromkeys(CHECKERS, "")


def contents(file: Path) -> set[tuple[str, int, str, str]]:
    """Every record but the SOA, by a reader that is neither ours nor theirs."""
    zone = dns.zone.from_file(str(file), ORIGIN, relativize=False)
    return {
        (name.to_text().lower(), rdataset.ttl, dns.rdatatype.to_text(rdataset.rdtype), record.to_text().lower())
        for name, rdataset in zone.iterate_rdatasets()
        for record in rdataset
        if rdataset.rdtype != dns.rdatatype.SOA
    }
