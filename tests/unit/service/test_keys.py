"""Keys of the configuration sign and verify, from the start on and after each change of their files."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import dns.message
import dns.rcode
import dns.tsig

from understudy.model.name import Name
from understudy.testing.server_world import ServerWorld

ZONE = "$TTL 1h\n@ IN SOA ns1 hostmaster 7 1h 15m 1w 60\n  IN NS ns1\nns1 IN A 192.0.2.53\n"
CONFIGURATION = """\
listen: 127.0.0.1:0
keys: {corp-key: {secret_file: corp.key}}
zones:
  example.com: {file: example.com.zone, transfer: {to: [{key: corp-key}]}}
"""
OLD, NEW = bytes(range(32)), bytes(range(32, 64))


def write(folder: Path, secret: bytes) -> None:
    (folder / "corp.key").write_bytes(base64.b64encode(secret))


def rcode(world: ServerWorld, secret: bytes) -> dns.rcode.Rcode:
    """What a query gets that is signed with this secret."""
    query = dns.message.make_query("example.com", "SOA")
    query.use_tsig(dns.tsig.Key("corp-key", secret, dns.tsig.HMAC_SHA256))
    wire = world.server.engine.answer(query.to_wire())
    assert wire is not None
    try:
        answer = dns.message.from_wire(wire, keyring=query.keyring, request_mac=query.mac)
    except dns.tsig.PeerError:
        return dns.rcode.NOTAUTH
    assert answer.had_tsig
    return answer.rcode()


def test_a_key_is_known_from_the_start_and_with_its_new_secret_after_a_change(
    live: Callable[..., None], tmp_path: Path
) -> None:
    write(tmp_path, OLD)

    async def life(world: ServerWorld) -> None:
        assert rcode(world, OLD) == dns.rcode.NOERROR
        assert rcode(world, NEW) == dns.rcode.NOTAUTH
        write(tmp_path, NEW)
        assert world.server.candidate.has_changed_files()
        assert await world.reload(CONFIGURATION) == ""
        assert rcode(world, NEW) == dns.rcode.NOERROR
        assert rcode(world, OLD) == dns.rcode.NOTAUTH
        ((key, secret),) = world.server.notifier.keys.values()
        assert (key.name, secret) == (Name.parse("corp-key"), NEW)

    live(life, CONFIGURATION, ZONE)


def test_a_secret_that_cannot_be_read_any_more_refuses_the_reload_and_shows_nowhere(
    live: Callable[..., None], tmp_path: Path
) -> None:
    write(tmp_path, OLD)

    async def life(world: ServerWorld) -> None:
        write(tmp_path, b"short")
        assert await world.reload(CONFIGURATION) == "config"
        assert rcode(world, OLD) == dns.rcode.NOERROR
        for secret in (OLD, b"short"):
            assert base64.b64encode(secret).decode() not in world.log.getvalue()
            assert repr(secret) not in repr(world.server.candidate)

    live(life, CONFIGURATION, ZONE)
