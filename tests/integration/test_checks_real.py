"""Checks against the real thing: Knot, OpenSSL, aiosmtpd, programs."""

import asyncio
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from understudy.model.observation import Observation, Outcome
from understudy.testing import other_servers
from understudy.testing.check_contract import make_check, observe
from understudy.testing.ports import free_port
from understudy.testing.running_server import wait_until

ZONE = "$TTL 60\n@ IN SOA ns1 hostmaster {serial} 1h 15m 1w 60\n  IN NS ns1\nns1 IN A 192.0.2.53\nwww IN A 192.0.2.1\n"
NAME = "www.example.com"


def look(kind: str, written: object, *, host: str = "127.0.0.1", timeout_s: float = 3.0) -> Observation:
    return asyncio.run(observe(make_check(kind, written, timeout_s=timeout_s), host))


def outcome(seen: Observation) -> tuple[Outcome, str]:
    return seen.outcome, seen.reason


PASSED = (Outcome.PASS, "")


@pytest.fixture(scope="module")
def knots(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of three: 127.0.0.1 has serial 7, 127.0.0.2 serial 8, 127.0.0.3 another zone."""
    port = free_port()
    zones = {"127.0.0.1": ("example.com", 7), "127.0.0.2": ("example.com", 8), "127.0.0.3": ("other.example", 1)}
    with ExitStack() as running:
        for address, (zone, serial) in zones.items():
            folder = tmp_path_factory.mktemp("knot")
            file = folder / "zone"
            file.write_text(ZONE.format(serial=serial))
            running.enter_context(other_servers.knot(other_servers.Place(folder, port, zone, address), file))
        yield port


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"name": "example.com"}, PASSED),
        ({"name": NAME, "type": "A", "contains": "192.0.2.1", "authoritative": True}, PASSED),
        ({"name": NAME, "type": "A", "contains": "192.0.2.2"}, (Outcome.FAIL, "dns.answer")),
        ({"name": "nothing.example.com", "type": "A"}, (Outcome.FAIL, "dns.rcode")),
        ({"name": "nothing.example.com", "type": "A", "rcode": "NXDOMAIN"}, PASSED),
        ({"name": "elsewhere.example"}, (Outcome.FAIL, "dns.rcode")),
        ({"name": "elsewhere.example", "rcode": "REFUSED"}, PASSED),
        ({"name": "example.com", "serial_not_older_than": "127.0.0.2"}, (Outcome.FAIL, "dns.serial")),
        ({"name": "example.com", "serial_not_older_than": "127.0.0.1"}, PASSED),
        ({"name": "example.com", "serial_not_older_than": "127.0.0.3"}, (Outcome.INCONCLUSIVE, "dns.peer")),
    ],
)
def test_a_name_server_is_judged(
    knots: int, written: Mapping[str, object], expected: tuple[Outcome, str], transport: str
) -> None:
    assert outcome(look("dns", {**written, "port": knots, "transport": transport})) == expected


def test_a_serial_that_is_newer_than_the_peer_s_passes(knots: int) -> None:
    written = {"name": "example.com", "port": knots, "serial_not_older_than": "127.0.0.1"}
    seen = look("dns", written, host="127.0.0.2")
    assert outcome(seen) == PASSED
    assert "serial 8" in seen.text


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_dead_name_server_fails(tmp_path: Path, transport: str) -> None:
    file = tmp_path / "zone"
    file.write_text(ZONE.format(serial=1))
    with other_servers.knot(other_servers.Place(tmp_path, free_port(), "example.com"), file) as server:
        written = {"name": "example.com", "port": server.port, "transport": transport}
        assert outcome(look("dns", written)) == PASSED
        server.stop()
        assert outcome(look("dns", written)) == (Outcome.FAIL, "connect.refused")


@contextmanager
def process(command: Sequence[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A server that runs once its port answers."""
    running = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: is_open(port), f"{command[0]} listens")
        yield running
    finally:
        running.kill()
        running.communicate()


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path]:
    made = trustme.CA()
    file = tmp_path_factory.mktemp("authority") / "ca.pem"
    made.cert_pem.write_to_path(str(file))
    return made, file


CERTIFICATES = ("right", "other name", "expired", "unknown authority", "ends soon")


@pytest.fixture(scope="module")
def openssl(tmp_path_factory: pytest.TempPathFactory, authority: tuple[trustme.CA, Path]) -> Iterator[dict[str, int]]:
    """Ports of OpenSSL's own server, by what its certificate is like."""
    folder = tmp_path_factory.mktemp("openssl")
    now = datetime.now(UTC)
    issued = {
        "right": authority[0].issue_cert(NAME),
        "other name": authority[0].issue_cert("other.example"),
        "expired": authority[0].issue_cert(NAME, not_after=now - timedelta(days=1)),
        "unknown authority": trustme.CA().issue_cert(NAME),
        "ends soon": authority[0].issue_cert(NAME, not_after=now + timedelta(days=5)),
    }
    with ExitStack() as running:
        ports = {}
        for what, certificate in issued.items():
            port, file = free_port(), folder / f"{what.replace(' ', '-')}.pem"
            certificate.private_key_and_cert_chain_pem.write_to_path(str(file))
            command = [other_servers.find_program("openssl"), "s_server", "-quiet", "-www"]
            running.enter_context(process([*command, "-accept", f"127.0.0.1:{port}", "-cert", str(file)], port))
            ports[what] = port
        yield ports


EXPECTED = {
    "right": (PASSED, "more days"),
    "other name": ((Outcome.FAIL, "tls.certificate"), "www.example.com"),
    "expired": ((Outcome.FAIL, "tls.certificate"), "expired"),
    "unknown authority": ((Outcome.FAIL, "tls.certificate"), "issuer"),
    "ends soon": (PASSED, "more days"),
}


@pytest.mark.parametrize("what", CERTIFICATES)
def test_a_certificate_is_judged(openssl: Mapping[str, int], authority: tuple[trustme.CA, Path], what: str) -> None:
    expected, words = EXPECTED[what]
    options = {"ca_file": str(authority[1])}
    seen = look("tls", {"port": openssl[what], "name": NAME, **options})
    assert outcome(seen) == expected, seen.text
    assert words in seen.text
    seen = look("http", {"url": f"https://{NAME}:{openssl[what]}/", **options})
    assert outcome(seen) == expected, seen.text


@pytest.mark.parametrize("what", CERTIFICATES)
def test_a_certificate_that_is_not_verified_is_not_judged(openssl: Mapping[str, int], what: str) -> None:
    assert outcome(look("tls", {"port": openssl[what], "name": NAME, "verify": False})) == PASSED
    url = f"https://{NAME}:{openssl[what]}/"
    assert outcome(look("http", {"url": url, "verify": False, "expect": {"body": "Ciphers supported"}})) == PASSED


def test_the_system_trusts_no_authority_of_a_test(openssl: Mapping[str, int]) -> None:
    assert outcome(look("tls", {"port": openssl["right"], "name": NAME})) == (Outcome.FAIL, "tls.certificate")


def test_a_certificate_must_last_long_enough(openssl: Mapping[str, int], authority: tuple[trustme.CA, Path]) -> None:
    options = {"port": openssl["ends soon"], "name": NAME, "ca_file": str(authority[1])}
    assert outcome(look("tls", {**options, "days_left": 14})) == (Outcome.FAIL, "tls.expires")
    assert outcome(look("tls", {**options, "days_left": 3})) == PASSED


def test_what_speaks_no_tls_fails_as_such(knots: int) -> None:
    seen = look("tls", {"port": knots, "name": NAME}, timeout_s=2.0)
    assert seen.outcome is Outcome.FAIL
    assert seen.reason.startswith(("tls.", "timeout.tls"))


@pytest.mark.parametrize(("tls", "options"), [("none", []), ("starttls", ["tls"]), ("implicit", ["smtps"])])
def test_a_mail_server_is_judged(
    tmp_path: Path, authority: tuple[trustme.CA, Path], tls: str, options: Sequence[str]
) -> None:
    file, port = tmp_path / "mail.pem", free_port()
    authority[0].issue_cert(NAME).private_key_and_cert_chain_pem.write_to_path(str(file))
    words = [f"--{each}{part}" for each in options for part in (f"cert={file}", f"key={file}")]
    command = [other_servers.find_program("aiosmtpd"), "-n", "-l", f"127.0.0.1:{port}", "--no-requiretls", *words]
    with process(command, port):
        written = {"port": port, "tls": tls, "name": NAME, "ca_file": str(authority[1])}
        seen = look("smtp", written)
        assert outcome(seen) == PASSED, seen.text
        if tls == "none":
            seen = look("smtp", {**written, "tls": "starttls"})
            assert outcome(seen) == (Outcome.FAIL, "smtp.starttls")


TIMED_OUT = (Outcome.FAIL, "timeout.run")
SCRIPTS = {
    "exit 0": ('echo "fine | time=1"; exit 0', PASSED, "fine"),
    "exit 1": ("echo slow; exit 1", PASSED, "warning: slow"),
    "exit 2": ("echo broken; exit 2", (Outcome.FAIL, "script.failed"), "broken"),
    "exit 3": ("echo what; exit 3", (Outcome.INCONCLUSIVE, "script.unknown"), "what"),
    "exit 127": ("no-such-program-at-all", (Outcome.INCONCLUSIVE, "script.unknown"), "127"),
    "killed": ("kill -9 $$", (Outcome.INCONCLUSIVE, "script.signal"), "9"),
    "silent": ("exit 0", PASSED, ""),
    "endless output": ("yes", TIMED_OUT, ""),
    "hanging": ("sleep 1000", TIMED_OUT, ""),
    "a child that hangs in the background": ("sleep 1000 & echo fine", PASSED, "fine"),
    "arguments": ('test "$1" = 127.0.0.1 && test "$UNDERSTUDY_ADDRESS" = 127.0.0.1 || exit 2', PASSED, ""),
    "no secrets of ours": ('test -z "$UNDERSTUDY_TEST_SECRET" || exit 2', PASSED, ""),
}


@pytest.mark.parametrize("what", SCRIPTS)
def test_a_script_is_judged_and_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    monkeypatch.setenv("UNDERSTUDY_TEST_SECRET", "secret")
    text, expected, words = SCRIPTS[what]
    path = tmp_path / "plugin"
    path.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/group\n{text}\n")
    path.chmod(0o755)
    begun = time.monotonic()
    timeout_s = 1.0 if expected == TIMED_OUT else 9.0  # a busy machine may take a second to start a program
    seen = look("script", {"path": str(path), "args": ["{address}"]}, timeout_s=timeout_s)
    assert time.monotonic() - begun < 10
    assert outcome(seen) == expected, seen.text
    assert words in seen.text
    group = int((tmp_path / "group").read_text())
    wait_until(lambda: not is_group_alive(group), "everything that the script started is gone")


def is_group_alive(group: int) -> bool:
    """Zombies, which wait for their parent, are not alive."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            return True
    return False


@pytest.mark.parametrize("mode", [None, 0o644])
def test_a_script_that_cannot_run_says_nothing_about_the_endpoint(tmp_path: Path, mode: int | None) -> None:
    path = tmp_path / "plugin"
    if mode is not None:
        path.write_text("#!/bin/sh\n")
        path.chmod(mode)
    seen = look("script", str(path))
    assert outcome(seen) == (Outcome.INCONCLUSIVE, "local.script"), seen.text
