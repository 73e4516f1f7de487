"""Zones that are handed on, the servers that are told, and the keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.config.load import examine_text, load_text
from understudy.config.plan import plan
from understudy.config.secret_files import SecretFileError, read_key_secret
from understudy.config.zones import copy_file
from understudy.engine import Engine
from understudy.model.key import Key
from understudy.model.name import Name
from understudy.model.transfer import KeyedNetwork, NotifyTarget, SerialStyle, TransferOut

SECRET = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
KEY = Name.parse("corp-key")
HEAD = "listen: 127.0.0.1\nkeys: {Corp-Key: {secret_file: corp.key}}\nzones:\n  example.com:\n    file: z\n"


def prepare(folder: Path) -> Path:
    (folder / "corp.key").write_text(f"# the one of corp\n{SECRET}\n")
    (folder / "corp.key").chmod(0o640)
    (folder / "z").write_text("")
    return folder / "u.yaml"


def transfer_of(folder: Path, written: str) -> TransferOut:
    configuration = load_text(f"{HEAD}    transfer: {written}\n", prepare(folder)).configuration
    found = configuration.zones[Name.parse("example.com")].transfer
    assert found is not None
    return found


def test_a_zone_is_handed_on_to_nobody_unless_it_is_written(tmp_path: Path) -> None:
    configuration = load_text(HEAD, prepare(tmp_path)).configuration
    assert configuration.zones[Name.parse("example.com")].transfer is None
    assert configuration.keys == {KEY: Key(KEY, "hmac-sha256", tmp_path / "corp.key")}


def test_a_transfer_has_its_settings(tmp_path: Path) -> None:
    found = transfer_of(
        tmp_path,
        "{to: [192.0.2.53, '2001:DB8::/32', {key: corp-key}, {network: 198.51.100.0/24}], "
        "notify: [192.0.2.53, {address: '[2001:db8::53]:5353', key: CORP-KEY.}], serial: date, merge: 1s}",
    )
    assert found == TransferOut(
        networks=("192.0.2.53/32", "2001:db8::/32", "198.51.100.0/24"),
        keys=(KEY,),
        notify=(NotifyTarget("192.0.2.53", 53), NotifyTarget("2001:db8::53", 5353, KEY)),
        serial=SerialStyle.DATE,
        merge_s=1.0,
    )
    assert [str(target) for target in found.notify or ()] == ["192.0.2.53:53", "[2001:db8::53]:5353"]


def test_versions_may_get_a_message_digest_and_have_to_have_a_right_one(tmp_path: Path) -> None:
    assert transfer_of(tmp_path, "{to: [192.0.2.53]}").zonemd is None
    assert transfer_of(tmp_path, "{to: [192.0.2.53], zonemd: sha512}").zonemd == "sha512"
    zones = "listen: 127.0.0.1\nzones:\n  a: {file: z}\n  b: {file: z, zonemd: verify}\n"
    zones += "  c: {source: transfer, primaries: [192.0.2.53], zonemd: require}\n"
    found = load_text(zones, prepare(tmp_path)).configuration.zones
    assert [each.zonemd.value for each in found.values()] == ["ignore", "verify", "require"]


def test_a_network_and_a_key_may_be_asked_for_at_once(tmp_path: Path) -> None:
    found = transfer_of(tmp_path, "{to: [192.0.2.53, {network: 198.51.100.0/24, key: Corp-Key}]}")
    assert (found.networks, found.keys) == (("192.0.2.53/32",), ())
    assert found.keyed_networks == (KeyedNetwork("198.51.100.0/24", KEY),)
    assert str(found.keyed_networks[0]) == "198.51.100.0/24 with corp-key"


@pytest.mark.parametrize("algorithm", ["hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512"])
def test_a_key_has_an_algorithm_that_the_engine_knows(tmp_path: Path, algorithm: str) -> None:
    text = f"listen: 127.0.0.1\nkeys: {{corp-key: {{secret_file: corp.key, algorithm: {algorithm}}}}}\n"
    key = load_text(text, prepare(tmp_path)).configuration.keys[KEY]
    Engine([]).set_keys([(key.name.absolute, key.algorithm, read_key_secret(key.secret_file))])
    assert key.algorithm == algorithm


def test_the_name_servers_are_told_unless_others_are_named(tmp_path: Path) -> None:
    assert transfer_of(tmp_path, "{to: [192.0.2.53]}") == TransferOut(("192.0.2.53/32",), ())
    assert transfer_of(tmp_path, "{to: [192.0.2.53], notify: []}").notify == ()


@pytest.mark.parametrize(
    ("written", "column", "code"),
    [
        ("{}", 15, "key.missing"),
        ("{to: []}", 20, "value.empty"),
        ("{to: 192.0.2.53}", 20, "value.type"),
        ("{to: [corp]}", 21, "network.bad"),
        ("{to: [{}]}", 21, "transfer.who"),
        ("{to: [{key: a, network: 192.0.2.1}]}", 27, "reference.unknown"),
        ("{to: [{key: corp-key, network: corp}]}", 46, "network.bad"),
        ("{to: [{key: other}]}", 27, "reference.unknown"),
        ("{to: [{key: corp-key}], notify: [ns.example.net]}", 48, "server.bad"),
        ("{to: [{key: corp-key}], notify: ['192.0.2.1:0']}", 48, "server.bad"),
        ("{to: [{key: corp-key}], notify: [0.0.0.0]}", 48, "server.bad"),
        ("{to: [192.0.2.1], notify: [{address: 192.0.2.1, key: x}]}", 68, "reference.unknown"),
        ("{to: [{key: corp-key}], serial: random}", 47, "value.choice"),
        ("{to: [{key: corp-key}], merge: 1ms}", 46, "duration.range"),
    ],
)
def test_what_is_wrong_has_its_place(tmp_path: Path, written: str, column: int, code: str) -> None:
    found = examine_text(f"{HEAD}    transfer: {written}\n", prepare(tmp_path)).errors
    assert [(each.line, each.column, each.code) for each in found] == [(6, column, code)]


@pytest.mark.parametrize(("mode", "verb"), [(0o604, "read"), (0o606, "change"), (0o602, "change")])
def test_a_secret_that_every_user_of_the_host_can_have_is_a_warning(tmp_path: Path, mode: int, verb: str) -> None:
    text = f"{HEAD}    transfer: {{to: [{{key: corp-key}}]}}\n"
    file = prepare(tmp_path)
    assert examine_text(text, file).warnings == ()
    (tmp_path / "corp.key").chmod(mode)
    (warning,) = examine_text(text, file).warnings
    assert (warning.line, warning.column, warning.code) == (2, 32, "secret.exposed")
    assert warning.message == f"every user of this host may {verb} {tmp_path / 'corp.key'}"


@pytest.mark.parametrize("everybody", ["0.0.0.0/0", "::/0", "{network: ::/0}"])
def test_a_zone_that_everybody_may_fetch_is_a_warning_unless_a_key_is_asked_for(tmp_path: Path, everybody: str) -> None:
    text = f"{HEAD}    transfer: {{to: [{{key: corp-key}}, '192.0.2.0/24', {everybody}]}}\n".replace("::/0}", "'::/0'}")
    (warning,) = examine_text(text, prepare(tmp_path)).warnings
    assert (warning.line, warning.code) == (6, "transfer.open")
    assert warning.column == text.splitlines()[5].index(everybody[:4], 40) + 1
    keyed = f"{HEAD}    transfer: {{to: [{{network: 0.0.0.0/0, key: corp-key}}]}}\n"
    assert examine_text(keyed, prepare(tmp_path)).warnings == ()


def test_a_key_that_nothing_uses_is_a_warning(tmp_path: Path) -> None:
    warnings = examine_text(HEAD, prepare(tmp_path)).warnings
    assert [(each.line, each.code) for each in warnings] == [(2, "key.unused")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "does not exist"),
        ("", "has 0 secrets, not one"),
        (f"{SECRET}\n{SECRET}", "has 2 secrets, not one"),
        ("not base64!", "line 1 of"),
        ("c2hvcnQ=", "has 5 octets, at least 16 are needed"),
        ("A" * 5000, "is too long"),
    ],
)
def test_a_secret_that_cannot_be_used_is_named_and_not_shown(tmp_path: Path, content: str | None, said: str) -> None:
    file = prepare(tmp_path)
    if content is None:
        (tmp_path / "corp.key").unlink()
    else:
        (tmp_path / "corp.key").write_text(content)
    with pytest.raises(SecretFileError, match=said):
        read_key_secret(tmp_path / "corp.key")
    (missing,) = examine_text(HEAD, file).missing
    assert (missing.line, missing.code) == (2, "key.secret")
    assert not content or content not in missing.message


def test_a_secret_is_its_octets(tmp_path: Path) -> None:
    prepare(tmp_path)
    assert read_key_secret(tmp_path / "corp.key") == bytes(range(32))


def test_a_plan_says_what_becomes_of_a_transfer(tmp_path: Path) -> None:
    file = prepare(tmp_path)
    before = load_text(HEAD, file).configuration
    after = load_text(f"{HEAD}    transfer: {{to: [192.0.2.53]}}\n", file).configuration
    other = load_text(f"{HEAD}    transfer: {{to: [192.0.2.54], merge: 1s}}\n", file).configuration
    assert "transfer" in plan(before, after).lines()[0]
    (line,) = plan(after, other).lines()
    assert "transfer.to [192.0.2.53/32] -> [192.0.2.54/32]" in line
    assert "transfer.merge 100ms -> 1s" in line
    without = load_text("listen: 127.0.0.1\nzones: {example.com: {file: z}}\n", file).configuration
    assert plan(without, before).lines() == (f"+ key corp-key: hmac-sha256, {tmp_path / 'corp.key'}",)


FAULTY = """\
listen: 127.0.0.1
zones:
  a.test: {source: transfer, primaries: [{address: 192.0.2.1, key: nobody, bogus: 1}, {address: 192.0.2.2, key: k}]}
  b.test:
    file: z
    transfer:
      to: [nonsense, {key: nowhere}]
      catalogs: [a.test, cat.test, "..", nil.test]
  cat.test: {source: catalog, transfer: {to: [192.0.2.1], notify: [], bogus: 1}}
  d.test: {source: transfer, primaries: [192.0.2.1], catalog: {groups: {key: {key: none, bogus: 1}, b: []}}}
  e.test: {source: dynamic, key: nothing}
  f.test: [192.0.2.1]
keys: {k: {secret_file: corp.key}}
"""


def test_an_unknown_key_or_catalog_is_told_beside_whatever_else_is_wrong_with_the_zone(tmp_path: Path) -> None:
    examined = examine_text(FAULTY, prepare(tmp_path))
    lines = FAULTY.splitlines()
    found = [(each.line, each.message) for each in examined.errors if each.code == "reference.unknown"]
    assert found == [
        (3, "no key is called 'nobody'"),
        (7, "no key is called 'nowhere'"),
        (8, "no catalog is called 'a.test'"),
        (8, "no catalog is called 'nil.test'"),
        (10, "no key is called 'none'"),
        (11, "no key is called 'nothing'"),
    ]
    for each in examined.errors:
        if each.code == "reference.unknown":
            assert lines[each.line - 1][each.column - 1 :].startswith(each.message.split("'")[1])
    others = [(each.line, each.code) for each in examined.errors if each.code != "reference.unknown"]
    assert others == [
        (3, "key.unknown"),
        (7, "network.bad"),
        (8, "name.bad"),
        (9, "key.unknown"),
        (10, "key.unknown"),
        (10, "value.type"),
        (11, "feature.later"),
        (12, "value.type"),
    ]
    assert examined.warnings == (), "a key that something faulty uses is used"


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("example.com", "example.com.zone"),
        (".", "%.zone"),
        ("0-27.2.0.192.in-addr.arpa", "0-27.2.0.192.in-addr.arpa.zone"),
        ("0/27.2.0.192.in-addr.arpa", "0%2F27.2.0.192.in-addr.arpa.zone"),
        ("*.example.com", "%2A.example.com.zone"),
        ("a\\.b.example", "a%5C.b.example.zone"),
        ("_tcp.example", "_tcp.example.zone"),
        ("~.example", "%5C~.example.zone"),
    ],
)
def test_the_copy_of_a_zone_has_a_file_of_its_own(name: str, file: str) -> None:
    assert copy_file(Path("/state"), Name.parse(name)) == Path("/state/zones") / file
