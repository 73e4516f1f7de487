from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from understudy.config.schema import schema, schema_text

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    return Draft202012Validator(schema())


def read(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def test_the_committed_schema_is_current() -> None:
    committed = (ROOT / "docs" / "understudy.schema.json").read_text()

    assert committed == schema_text(), "run: python -m understudy.config.schema > docs/understudy.schema.json"


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(json.loads(schema_text()))


@pytest.mark.parametrize("example", sorted(path.name for path in (ROOT / "examples").glob("*.yaml")))
def test_the_examples_satisfy_it(validator: Draft202012Validator, example: str) -> None:
    errors = [error.message for error in validator.iter_errors(read((ROOT / "examples" / example).read_text()))]

    assert errors == []


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "listen: 127.0.0.1\nlissten: 1",
        "listen: 127.0.0.1\nversion: 2",
        "listen: 127.0.0.1\nzones: {a.example: {fiel: x}}",
        "listen: 127.0.0.1\nchecks: {web: {htp: x}}",
        "listen: 127.0.0.1\nchecks: {web: {tcp: 80, intervall: 3s}}",
        "listen: 127.0.0.1\nchecks: {web: {tcp: 80, interval: soon}}",
        "listen: 127.0.0.1\npools: {p: []}",
        "listen: 127.0.0.1\npools: {p.q: [192.0.2.1]}",
        "listen: 127.0.0.1\nrecords: {a.example: {tiers: [p], all: p}}",
        "listen: 127.0.0.1\nrecords: {a.example: {check: tcp:80}}",
        "listen: 127.0.0.1\nrecords: {a.example: {tiers: [p], failback: atuo}}",
        "listen: 127.0.0.1\nrecords: {a.example: {tiers: [p], require: {at_leest: 2}}}",
    ],
)
def test_it_refuses_what_is_wrong(validator: Draft202012Validator, text: str) -> None:
    assert not validator.is_valid(read(text))


def test_every_key_says_what_it_means() -> None:
    parts = {name: part for name, part in schema()["$defs"].items() if not name.endswith((" check", "Settings"))}
    forms = [option for part in parts.values() for option in part.get("anyOf", [part]) if "properties" in option]
    ours = [form for form in forms if form.get("type") == "object" and "all_of" not in form["properties"]]
    silent = [key for form in ours for key, value in form["properties"].items() if "description" not in value]

    assert [key for key in silent if key not in {"any_of", "at_least", "of", "status", "header"}] == []
