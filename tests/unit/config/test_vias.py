"""The addresses of this host that other servers see."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.config.load import examine_text, load_text
from understudy.config.plan import plan
from understudy.model.configuration import Configuration
from understudy.model.name import Name
from understudy.model.zone import ZoneDefinition

HEAD = "listen: 127.0.0.1\nserver: {via: ['127.0.0.1', '::1']}\nzones:\n"
FETCHED = "  a: {source: transfer, primaries: [192.0.2.53, '2001:db8::53', {address: 192.0.2.54, via: 127.0.0.2}]}\n"


def loaded(folder: Path, text: str) -> Configuration:
    (folder / "z").write_text("")
    return load_text(text, folder / "u.yaml").configuration


def zone(folder: Path, written: str, name: str = "a") -> ZoneDefinition:
    return loaded(folder, HEAD + written).zones[Name.parse(name)]


def test_a_primary_sees_what_is_written_beside_it_or_the_address_of_its_family(tmp_path: Path) -> None:
    assert [each.via for each in zone(tmp_path, FETCHED).primaries] == ["127.0.0.1", "::1", "127.0.0.2"]


def test_whoever_is_told_sees_it_too(tmp_path: Path) -> None:
    notify = "['2001:db8::53', {address: 192.0.2.54, via: 127.0.0.2}, 192.0.2.53]"
    found = zone(tmp_path, f"  a: {{file: z, transfer: {{to: [192.0.2.0/24], notify: {notify}}}}}\n").transfer
    assert found is not None
    assert [each.via for each in found.notify or ()] == ["::1", "127.0.0.2", "127.0.0.1"]


def test_the_zones_of_a_catalog_come_the_same_way_unless_it_is_written(tmp_path: Path) -> None:
    groups = "groups: {g: {primaries: [{address: 192.0.2.55, via: 127.0.0.3}]}}"
    written = f"catalog: {{{groups}}}, primaries: [{{address: 192.0.2.54, via: 127.0.0.2}}]"
    members = zone(tmp_path, f"  a: {{source: transfer, {written}}}\n").members
    assert members is not None
    assert [each.via for each in members.primaries] == ["127.0.0.2"]
    assert [each.via for each in members.of(["g"]).primaries] == ["127.0.0.3"]


def test_unless_it_is_written_the_system_chooses(tmp_path: Path) -> None:
    text = f"listen: 127.0.0.1\nzones:\n{FETCHED}"
    primaries = loaded(tmp_path, text).zones[Name.parse("a")].primaries
    assert [each.via for each in primaries] == ["", "", "127.0.0.2"]


@pytest.mark.parametrize(
    ("server", "primary", "place", "code"),
    [
        ("127.0.0.1", "127.0.0.2:5300", (4, 64), "via.bad"),
        ("127.0.0.1", "0.0.0.0", (4, 64), "via.bad"),
        ("127.0.0.1", "fe80::1", (4, 64), "via.bad"),
        ("127.0.0.1", "::1", (4, 64), "via.family"),
        ("127.0.0.1, 127.0.0.2", "127.0.0.2", (2, 15), "via.family"),
        ("eth0", "127.0.0.2", (2, 16), "via.bad"),
    ],
)
def test_what_is_wrong_has_its_place(
    tmp_path: Path, server: str, primary: str, *, place: tuple[int, int], code: str
) -> None:
    text = f"listen: 127.0.0.1\nserver: {{via: [{server}]}}\nzones:\n"
    text += f"  a: {{source: transfer, primaries: [{{address: 192.0.2.53, via: '{primary}'}}]}}\n"
    found = examine_text(text, tmp_path / "u.yaml").errors
    assert [((each.line, each.column), each.code) for each in found] == [(place, code)]


def test_that_a_port_cannot_be_chosen_is_said(tmp_path: Path) -> None:
    text = "listen: 127.0.0.1\nserver: {via: ['127.0.0.1:5300']}\n"
    (error,) = examine_text(text, tmp_path / "u.yaml").errors
    assert error.hint == "write 192.0.2.1 or 2001:db8::1; the port is chosen by the system"


def test_an_address_that_this_host_has_not_is_a_warning_wherever_it_stands(tmp_path: Path) -> None:
    notify = "transfer: {to: [192.0.2.9], notify: [{address: 192.0.2.9, via: 203.0.113.3}]}"
    text = "listen: 127.0.0.1\nserver: {via: [203.0.113.1]}\nzones:\n"
    text += "  a: {source: transfer, primaries: [192.0.2.8, {address: 192.0.2.9, via: 203.0.113.2}]}\n"
    text += f"  b: {{source: transfer, primaries: [{{address: 192.0.2.9, via: 127.0.0.2}}], {notify}}}\n"
    examined = examine_text(text, tmp_path / "u.yaml")
    assert examined.errors == ()
    assert [(each.line, each.code, each.message) for each in examined.warnings] == [
        (2, "via.absent", "this host has no address 203.0.113.1"),
        (4, "via.absent", "this host has no address 203.0.113.2"),
        (5, "via.absent", "this host has no address 203.0.113.3"),
    ]


def test_another_address_or_another_key_is_a_change_that_can_be_read(tmp_path: Path) -> None:
    text = "listen: 127.0.0.1\nzones:\n  a: {source: transfer, primaries: [192.0.2.53]}\n"
    via = text.replace("192.0.2.53", "{address: 192.0.2.53, via: 127.0.0.2}")
    (change,) = plan(loaded(tmp_path, text), loaded(tmp_path, via)).changes
    assert str(change) == "~ zone a: primaries [192.0.2.53:53] -> [192.0.2.53:53 via 127.0.0.2]"
    both = plan(loaded(tmp_path, via), loaded(tmp_path, text.replace("zones", "server: {via: [127.0.0.2]}\nzones")))
    assert [str(each) for each in both.changes] == ["~ node this server: server.via none -> [127.0.0.2]"]
