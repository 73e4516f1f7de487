"""Signed questions and transfers as dig and kdig ask and verify them."""

import base64
import subprocess
from collections.abc import Iterator

import pytest

from understudy.engine import Engine, Zone

SECRET = b"a secret that both sides have"
NAMES = 6000
ZONE = b"@ 60 SOA ns root 1 7200 3600 1209600 60\n@ 60 NS ns\nns 60 A 192.0.2.1\n" + b"".join(
    b"host%d 60 A 192.0.2.9\n" % number for number in range(NAMES)
)
RECORDS = NAMES + 4  # the SOA twice


@pytest.fixture(params=["hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512"])
def algorithm(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def engine(algorithm: str) -> Iterator[Engine]:
    """Gives a zone to those who have the key."""
    engine = Engine(["127.0.0.1:0"])
    zone = Zone.parse("example.com.", ZONE)
    engine.publish_zone(zone, [])
    engine.set_keys([("corp-key.", algorithm, SECRET)])
    engine.commit(engine.prepare("example.com.", 7, [], zone))
    engine.set_access("example.com.", [], ["corp-key."])
    engine.start()
    yield engine
    engine.stop()


def said(engine: Engine, program: str, key: str, *words: str) -> str:
    """What it prints when it asks with this key."""
    port = engine.addresses[0].rpartition(":")[2]
    command = [program, "@127.0.0.1", "-p", port, "-y", key, *words]
    found = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    return found.stdout + found.stderr


def key(algorithm: str, secret: bytes = SECRET, name: str = "corp-key") -> str:
    return f"{algorithm}:{name}:{base64.b64encode(secret).decode()}"


def records_in(text: str) -> int:
    lines = text.splitlines()
    return sum("\t" in line and " TSIG" not in line.replace("\t", " ") for line in lines if not line.startswith(";"))


@pytest.mark.parametrize("program", ["dig", "kdig"])
def test_an_answer_and_a_transfer_are_verified(engine: Engine, algorithm: str, program: str) -> None:
    text = said(engine, program, key(algorithm), "host1.example.com", "A")
    assert "status: NOERROR" in text
    assert "192.0.2.9" in text
    text += said(engine, program, key(algorithm), "example.com", "AXFR")
    assert records_in(text) >= RECORDS
    for wrong in ("verify", "BADSIG", "BADKEY", "failed", "ERROR:"):
        assert wrong not in text.replace("NOERROR", "")


@pytest.mark.parametrize("program", ["dig", "kdig"])
def test_what_is_wrong_is_understood(engine: Engine, algorithm: str, program: str) -> None:
    asked = ("host1.example.com", "A")
    assert "BADSIG" in said(engine, program, key(algorithm, b"another secret"), *asked)
    assert "BADKEY" in said(engine, program, key(algorithm, name="stranger"), *asked)
    text = said(engine, program, key(algorithm, name="stranger"), "example.com", "AXFR")
    assert "192.0.2.9" not in text
