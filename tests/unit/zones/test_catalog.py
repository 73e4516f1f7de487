"""Catalog zones (RFC 9432): what is written, and what is read or refused (RFC 9432 5.1)."""

from __future__ import annotations

import pytest

from understudy.engine import Zone
from understudy.model.name import Name
from understudy.zones.catalog import BrokenCatalogError, Member, catalog_text, member_label, read_catalog
from understudy.zones.members import Listed

ORIGIN = Name.parse("catalog.example")
FIRST, SECOND, ROOT = Name.parse("example.com"), Name.parse(r"a\.b.Example.org"), Name.parse(".")
APEX = "$TTL 0\n@ SOA invalid. invalid. 1 1 1 1 0\n@ NS invalid.\n"
HEIR = Name.parse("other.example")
VERSION = 'version TXT "2"\n'


def read(text: str) -> dict[Name, Listed]:
    return read_catalog(ORIGIN, Zone.parse(ORIGIN.absolute, text.encode()).rrsets())


def test_what_is_written_is_read_again() -> None:
    text = catalog_text({FIRST: Member(), SECOND: Member('a "group" \\', HEIR), ROOT: Member("x")})
    members = read(text)
    assert set(members) == {FIRST, SECOND, ROOT}
    assert members[FIRST] == Listed(member_label(FIRST).encode().hex())
    assert members[SECOND].groups == ('a "group" \\',)
    assert [members[zone].heir for zone in (FIRST, SECOND, ROOT)] == [None, HEIR, None]
    zone = Zone.parse(ORIGIN.absolute, text.encode())
    group = zone.rrset(f"group.{member_label(SECOND)}.zones.catalog.example.", 16)
    assert group is not None
    assert group[3] == [b'\x0ba "group" \\']


def test_a_catalog_is_asked_for_every_minute_and_never_expires() -> None:
    """RFC 9432 appendix A has the rest of its times, and names of nobody."""
    zone = Zone.parse(ORIGIN.absolute, catalog_text({}).encode())
    soa = zone.rrset(ORIGIN.absolute, 6)
    assert soa is not None
    names, times = soa[3][0][:-20], [int.from_bytes(soa[3][0][at : at + 4]) for at in range(-16, 0, 4)]
    assert names == 2 * b"\x07invalid\x00"
    assert times == [60, 10, 2_147_483_646, 0]


def test_a_label_is_unique_and_the_same_in_every_run() -> None:
    assert member_label(FIRST) == "902e9c464fa43fcab109d1a6b95ddf83"
    assert len({member_label(Name.parse(f"z{number}.example")) for number in range(1000)}) == 1000


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no versions"),
        ('version TXT "1"\n', "version is '1'"),
        ('version TXT "2" "2"\n', "version is"),
        ('version TXT "2"\nversion TXT "1"\n', "2 versions"),
        (f"{VERSION}a.zones PTR example.com.\nb.zones PTR Example.COM.\n", r"example\.com is a member twice"),
        (f"{VERSION}a.zones PTR example.com.\na.zones PTR example.net.\n", "a member has 2 names"),
        (f"{VERSION}a.zones PTR a\\ b.example.\n", r"a member has a name that cannot be used: 'a\\032b\.example'"),
        (
            f"{VERSION}a.zones PTR example.com.\ncoo.a.zones PTR x.\ncoo.a.zones PTR y.\n",
            r"the coo property of example\.com has 2 names",
        ),
    ],
)
def test_a_catalog_that_breaks_a_rule_is_refused_whole(text: str, complaint: str) -> None:
    """RFC 9432 4.2.1 on the version, among others."""
    with pytest.raises(BrokenCatalogError, match=complaint):
        read(APEX + text)


def test_what_is_not_known_is_left_out() -> None:
    """RFC 9432 4.4 and 5.1."""
    members = read(
        f"{APEX}{VERSION}a.zones PTR example.com.\ncoo.a.zones TXT x\ngroup.a.zones PTR other.example.\n"
        "b.c.zones PTR deeper.example.\nzones PTR apex.example.\nb.ext PTR extension.example.\nc.zones TXT x\n"
        "serial.ext TXT 2\n"
    )
    assert list(members) == [FIRST]


def test_what_a_terminal_would_obey_in_a_group_is_written_out() -> None:
    members = read(f'{APEX}{VERSION}a.zones PTR example.com.\ngroup.a.zones TXT "\\027[2Jgo\\007\\255"\n')
    assert members[FIRST].groups == (r"\x1b[2Jgo\x07\xff",)


def test_groups_and_change_of_ownership_are_read() -> None:
    members = read(
        f'{APEX}{VERSION}A.Zones PTR Example.COM.\nGROUP.a.zones TXT x\ngroup.a.zones TXT "y z"\n'
        "group.a.zones TXT two strings\ncoo.a.zones PTR Other.example.\ncoo.gone.zones PTR other.example.\n"
        r"\010\.b.zones PTR example.net."
    )
    assert members == {
        FIRST: Listed(b"a".hex(), ("x", "y z"), Name.parse("other.example")),
        Name.parse("example.net"): Listed(b"\n.b".hex()),
    }
