"""Two configurations share what is equal in them."""

from __future__ import annotations

from pathlib import Path

from understudy.config.load import examine_text
from understudy.config.sharing import share
from understudy.model.configuration import Configuration
from understudy.model.name import Name

TEXT = """\
listen: 127.0.0.1:5300
zones: {example.com: {file: a.zone}, example.net: {file: b.zone}}
checks: {web: {tcp: 80}}
pools: {near: [192.0.2.1], far: [192.0.2.2]}
records:
  www.example.com: {check: web, tiers: [near, far]}
  api.example.com: {check: web, tiers: [far]}
"""
WWW, API = Name.parse("www.example.com"), Name.parse("api.example.com")


def read(text: str) -> Configuration:
    found = examine_text(text, Path("a.yaml")).configuration
    assert found is not None
    return found


def test_what_is_equal_is_the_same_and_what_is_not_is_new() -> None:
    old = read(TEXT)
    after = read(TEXT.replace("far: [192.0.2.2]", "far: [192.0.2.3]"))
    new = share(old, after)
    assert new == after
    assert new.pools["near"] is old.pools["near"]
    assert new.pools["far"] is after.pools["far"]
    assert all(new.records[name] is old.records[name] for name in (WWW, API))
    assert all(each is old.zones[name] for name, each in new.zones.items())
    assert new.checks["web"] is old.checks["web"]
    assert list(new.records_in(Name.parse("example.com"))) == [old.records[WWW], old.records[API]]


def test_what_is_only_in_the_old_one_is_in_the_new_one_no_more() -> None:
    old = read(TEXT)
    after = read(TEXT.replace("  api.example.com: {check: web, tiers: [far]}\n", ""))
    assert list(share(old, after).records) == [WWW]


def test_a_first_configuration_is_what_it_is() -> None:
    after = read(TEXT)
    assert share(None, after) is after
