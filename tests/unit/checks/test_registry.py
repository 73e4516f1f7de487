from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import jsonschema
import pytest

from understudy.checks.registry import KINDS, CheckSyntaxError, known_keys, parse, parse_text

SHORT_FORMS: list[tuple[str, str, dict[str, Any], str]] = [
    ("https://www.example.com/healthz", "http", {"url": "https://www.example.com/healthz"}, "the same"),
    ("http://192.0.2.1:8080", "http", {"url": "http://192.0.2.1:8080"}, "the same"),
    ("tcp:5432", "tcp", {"port": 5432}, "the same"),
    ("tls:853", "tls", {"port": 853, "name": ""}, "the same"),
    ("tls:DNS.example.com:853", "tls", {"port": 853, "name": "dns.example.com"}, "tls:dns.example.com:853"),
    ("tls:www.example.com", "tls", {"port": 443, "name": "www.example.com"}, "tls:www.example.com:443"),
    ("icmp", "icmp", {"size": 56}, "the same"),
    ("icmp:", "icmp", {"size": 56}, "icmp"),
    ("dns:Example.com", "dns", {"name": "example.com", "type": "SOA"}, "dns:example.com SOA"),
    ("udp:514", "udp", {"port": 514}, "the same"),
    ("grpc:50051", "grpc", {"port": 50051, "service": ""}, "the same"),
    ("grpc:50051/shop.Cart", "grpc", {"service": "shop.Cart"}, "the same"),
    ("smtp:25", "smtp", {"port": 25}, "the same"),
    ("smtp:", "smtp", {"port": 25}, "smtp:25"),
    ("script:/bin/check -H {address} 'a b'", "script", {"path": "/bin/check", "args": ("-H", "{address}", "a b")}, ""),
]


@pytest.mark.parametrize(("text", "kind", "settings", "summary"), SHORT_FORMS, ids=[row[0] for row in SHORT_FORMS])
def test_a_short_form_becomes_settings(text: str, kind: str, settings: dict[str, Any], summary: str) -> None:
    seen_kind, seen = parse_text(text)
    assert seen_kind == kind
    assert {key: getattr(seen, key) for key in settings} == settings
    if summary:
        assert seen.summary() == (text if summary == "the same" else summary)


MAPPINGS: list[tuple[str, object, Mapping[str, object], dict[str, Any]]] = [
    ("http", "https://a.example/", {"expect": {"status": "200-299", "body": "ready"}}, {"url": "https://a.example/"}),
    ("http", {"url": "http://a.example/"}, {"method": "POST"}, {"method": "POST"}),
    ("tcp", 5432, {}, {"port": 5432}),
    ("tcp", "tcp:5432", {}, {"port": 5432}),
    ("tcp", {"port": 5432}, {"send": "hello"}, {"port": 5432, "send": "hello"}),
    ("icmp", None, {}, {}),
    ("icmp", {}, {"size": 100}, {"size": 100}),
    ("dns", {"name": "example.com", "type": "SOA"}, {}, {"name": "example.com", "type": "SOA"}),
    ("dns", "example.com", {"contains": "192.0.2.1", "rcode": 3}, {"contains": ("192.0.2.1",), "rcode": "NXDOMAIN"}),
    ("script", {"path": "/bin/true", "args": ["a"]}, {}, {"args": ("a",)}),
]


@pytest.mark.parametrize(("kind", "value", "siblings", "settings"), MAPPINGS)
def test_keys_within_a_kind_and_beside_it_are_its_settings(
    kind: str, value: object, siblings: Mapping[str, object], settings: dict[str, Any]
) -> None:
    seen = parse(kind, value, siblings)
    assert {key: getattr(seen, key) for key in settings} == settings


@pytest.mark.parametrize(
    ("written", "ranges"),
    [
        (200, ((200, 200),)),
        ("200", ((200, 200),)),
        ("200-299", ((200, 299),)),
        (" 200 - 299 , 301 ", ((200, 299), (301, 301))),
        ([200, "301-302"], ((200, 200), (301, 302))),
    ],
)
def test_statuses_are_read_in_every_form(written: object, ranges: tuple[tuple[int, int], ...]) -> None:
    settings: Any = parse("http", "http://a.example/", {"expect": {"status": written}})
    assert settings.expect.status == ranges


FAULTS: list[tuple[str, object, Mapping[str, object], list[tuple[tuple[str | int, ...], str]]]] = [
    ("tpc", 5432, {}, [(("tpc",), "check.kind")]),
    ("tcp", "postgres", {}, [(("tcp",), "check.value")]),
    ("tcp", 0, {}, [(("tcp",), "check.value")]),
    ("tcp", 65536, {}, [(("tcp",), "check.value")]),
    ("tcp", True, {}, [(("tcp",), "check.value")]),
    ("tcp", None, {}, [(("tcp",), "check.value")]),
    ("tcp", [5432], {}, [(("tcp",), "check.value")]),
    ("tcp", {}, {}, [(("tcp",), "key.missing")]),
    ("tcp", {"port": 99999}, {}, [(("tcp", "port"), "check.value")]),
    ("tcp", {"port": 1, "sned": "x"}, {}, [(("tcp", "sned"), "key.unknown")]),
    ("tcp", 1, {"sned": "x"}, [(("sned",), "key.unknown")]),
    ("tcp", {"port": 1, "send": "a"}, {"send": "b"}, [(("send",), "key.twice")]),
    ("tcp", 1, {"send": "a", "send_hex": "00"}, [(("tcp",), "check.value")]),
    ("tcp", 1, {"send_hex": "xyz"}, [(("send_hex",), "check.value")]),
    ("tcp", 1, {"source": "here"}, [(("source",), "check.value")]),
    ("http", "ftp://a.example/", {}, [(("http",), "check.value")]),
    ("http", "http:///path", {}, [(("http",), "check.value")]),
    ("http", "http://user:word@a.example/", {}, [(("http",), "check.value")]),
    ("http", "http://a.example/#part", {}, [(("http",), "check.value")]),
    ("http", "http://a.example:99999/", {}, [(("http",), "check.value")]),
    ("http", "http://a.example:0/", {}, [(("http",), "check.value")]),
    ("http", "http://a.example/ä", {}, [(("http",), "check.value")]),
    ("http", "http://a..example/", {}, [(("http",), "check.value")]),
    ("http", "http://[::1/", {}, [(("http",), "check.value")]),
    (
        "http",
        {"url": "http://a.example/", "expect": {"status": "2xx"}},
        {},
        [(("http", "expect", "status"), "check.value")],
    ),
    ("http", "http://a.example/", {"expect": {"status": "299-200"}}, [(("expect", "status"), "check.value")]),
    ("http", "http://a.example/", {"expect": {"status": []}}, [(("expect", "status"), "check.value")]),
    ("http", "http://a.example/", {"expect": {"bdoy": "x"}}, [(("expect", "bdoy"), "key.unknown")]),
    ("http", "http://a.example/", {"expect": {"body_regex": "(a"}}, [(("expect", "body_regex"), "check.value")]),
    ("http", "http://a.example/", {"expect": {"body_regex": "(?=a)b"}}, [(("expect", "body_regex"), "check.value")]),
    ("http", "http://a.example/", {"expect": "ready"}, [(("expect",), "check.value")]),
    ("http", "http://a.example/", {"headers": {"Host": "b.example"}}, [(("http",), "check.value")]),
    ("http", "http://a.example/", {"headers": {"X": "a\r\nY: b"}}, [(("http",), "check.value")]),
    ("http", "http://a.example/", {"headers": ["X: y"]}, [(("headers",), "check.value")]),
    ("http", "http://a.example/", {"method": "get"}, [(("method",), "check.value")]),
    ("http", "http://a.example/", {"method": "HEAD", "expect": {"body": "x"}}, [(("http",), "check.value")]),
    ("http", "http://a.example/", {"verify": False, "days_left": 7}, [(("http",), "check.value")]),
    ("http", "http://a.example/", {"client_key_file": "/key"}, [(("http",), "check.value")]),
    ("http", {}, {"foo": 1}, [(("http",), "key.missing"), (("foo",), "key.unknown")]),
    ("tls", "dns.example.com:x", {}, [(("tls",), "check.value")]),
    ("tls", "a..b:853", {}, [(("tls",), "check.value")]),
    ("icmp", "www.example.com", {}, [(("icmp",), "check.value")]),
    ("icmp", None, {"size": 1}, [(("size",), "check.value")]),
    ("dns", "", {}, [(("dns",), "check.value")]),
    ("dns", "a..b", {}, [(("dns",), "check.value")]),
    ("dns", "example.com", {"type": "NOPE"}, [(("type",), "check.value")]),
    ("dns", "example.com", {"rcode": "NOPE"}, [(("rcode",), "check.value")]),
    ("dns", "example.com", {"transport": "tls"}, [(("transport",), "check.value")]),
    ("grpc", "shop.Cart", {}, [(("grpc",), "check.value")]),
    ("smtp", "mail", {}, [(("smtp",), "check.value")]),
    ("smtp", None, {"hello": "a\r\nb"}, [(("hello",), "check.value")]),
    ("script", "check", {}, [(("script",), "check.value")]),
    ("script", "", {}, [(("script",), "check.value")]),
    ("script", "/bin/check 'a", {}, [(("script",), "check.value")]),
    ("script", {"path": "/bin/check", "args": ["a\0b"]}, {}, [(("script",), "check.value")]),
]


@pytest.mark.parametrize(("kind", "value", "siblings", "expected"), FAULTS)
def test_every_fault_is_named_with_its_path(
    kind: str,
    value: object,
    siblings: Mapping[str, object],
    expected: list[tuple[tuple[str | int, ...], str]],
) -> None:
    """Among them headers that no request can carry (RFC 9110 5.1, 5.5)."""
    with pytest.raises(CheckSyntaxError) as caught:
        parse(kind, value, siblings)
    assert sorted((fault.path, fault.code) for fault in caught.value.faults) == sorted(expected)
    assert all(fault.message.isprintable() and fault.message for fault in caught.value.faults)


def test_all_faults_of_a_check_are_told_at_once() -> None:
    with pytest.raises(CheckSyntaxError) as caught:
        parse("http", {"url": "nowhere", "verify": "perhaps"}, {"methd": "GET", "expect": {"status": 1}})
    assert {fault.path for fault in caught.value.faults} == {
        ("http", "url"),
        ("http", "verify"),
        ("methd",),
        ("expect", "status"),
    }


@pytest.mark.parametrize(
    ("kind", "siblings", "hint"),
    [("tcp", {"sned": "x"}, "did you mean 'send'?"), ("tcp", {"expct": "x"}, "did you mean 'expect'?")],
)
def test_an_unknown_key_is_answered_with_the_nearest_known_one(
    kind: str, siblings: Mapping[str, object], hint: str
) -> None:
    with pytest.raises(CheckSyntaxError) as caught:
        parse(kind, 1, siblings)
    assert caught.value.faults[0].hint == hint


@pytest.mark.parametrize("text", ["", "tcpp:1", "www.example.com", "//x", "tcp", "tcp:", "http:/x", "\x1b[31m:1"])
def test_a_text_that_is_no_check_is_one_fault_without_a_path(text: str) -> None:
    with pytest.raises(CheckSyntaxError) as caught:
        parse_text(text)
    assert [fault.path for fault in caught.value.faults] == [()]
    assert caught.value.faults[0].hint or caught.value.faults[0].message
    assert caught.value.faults[0].message.isprintable()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_an_example_that_it_reads(kind: str) -> None:
    seen_kind, settings = parse_text(KINDS[kind].example)
    assert seen_kind == kind
    assert settings.summary()


COMPLAINTS: list[tuple[str, object, Mapping[str, object], str, str]] = [
    ("tcp", "x", {}, "'x' is no port", "write a number from 1 to 65535"),
    ("tcp", {"port": "80"}, {}, "port: '80' is no whole number", "write digits without quotes"),
    ("tcp", {"port": True}, {}, "port: true is no whole number", "write digits without quotes"),
    ("tcp", {"port": 70000}, {}, "port: 70000 is too much", "at most 65535"),
    ("tcp", {"port": 0}, {}, "port: 0 is too little", "at least 1"),
    ("tcp", 80, {"send": 5}, "send: 5 is no text", "put it in quotes"),
    ("tcp", 80, {"send": None}, "send: nothing is no text", "put it in quotes"),
    ("tcp", 80, {"port": 81}, "'port' stands both within 'tcp' and beside it", "leave one out"),
    ("udp", 80, {"send_hex": "zz"}, "'zz' is not hexadecimal", "write two digits an octet, such as 0d0a"),
    ("udp", [], {}, "'udp' is followed by a text, or by a mapping of settings", "such as udp:514"),
    ("tls", 443, {"days_left": -4}, "days_left: -4 is too little", "at least 0"),
    ("tls", 443, {"verify": "perhaps"}, "verify: 'perhaps' is neither true nor false", "write true or false"),
    ("tls", 443, {"ca_file": 5}, "ca_file: 5 is no path", "write it as text"),
    ("tls", 443, {"source": []}, "source: a list is no address", "such as 192.0.2.1 or 2001:db8::1"),
    ("tls", "a..b", {}, "'a..b' has an empty label (two dots in a row, or a leading dot)", KINDS["tls"].example),
    ("smtp", 25, {"tls": "always"}, "tls: 'always' is none of the choices", "one of 'none', 'starttls' or 'implicit'"),
    ("smtp", 25, {"hello": "a b"}, "hello: 'a b' is not allowed here", "such as monitor.example.com"),
    ("dns", "a.example", {"type": "NOPE"}, "'NOPE' is no record type", "write one such as SOA or TYPE65280"),
    ("dns", "a.example", {"contains": 5}, "5 is neither a text nor a list of texts", "write them in quotes"),
    (
        "http",
        "http://a.example:x/",
        {},
        "the host or port of 'http://a.example:x/' is none",
        "write https://host:port/",
    ),
    ("http", "http://a.example/", {"expect": "ready"}, "expect: 'ready' is no mapping", "a mapping of status, body,"),
    ("http", "http://a.example/", {"expect": {"status": None}}, "nothing is no status", "write 200, 200-299 or"),
    ("http", "http://a.example/", {"expect": {"body_regex": "("}}, "'(' is no regular expression: unclosed group", ""),
    ("http", "http://a.example/", {"method": "get"}, "method: 'get' is not allowed here", "such as GET, HEAD, POST"),
    ("http", "http://a.example/", {"headers": "x"}, "'x' is no mapping of texts", "write {NAME: VALUE}"),
    ("http", "http://a.example/", {"headers": {"X": None}}, "'X' is nothing and no text", "write it in quotes"),
    ("http", {}, {}, "'url' is missing", KINDS["http"].example),
    ("script", "/x '", {}, "a quote or a backslash at the end is not closed", KINDS["script"].example),
    ("script", "x", {}, "'x' is no absolute path", "write it from the root on, such as /usr/local/bin/check"),
    ("script", "/x", {"args": "a"}, "args: 'a' is no list", "write [A, B]"),
]


@pytest.mark.parametrize(("kind", "value", "siblings", "message", "hint"), COMPLAINTS)
def test_a_fault_is_told_in_plain_words_with_a_hint(
    kind: str, value: object, siblings: Mapping[str, object], message: str, *, hint: str
) -> None:
    with pytest.raises(CheckSyntaxError) as caught:
        parse(kind, value, siblings)
    assert caught.value.faults[0].message == message
    assert hint in caught.value.faults[0].hint


ODD_VALUES: list[object] = [None, True, 5, -1, 5.5, 10**30, "", "x\0", "x" * 9999, [], ["x"], [None], {}, {"x": None}]
OTHER_WORDS = ("input", "tuple", "dict", "class", "instance", "unable", "value error", "boolean", "integer")


@pytest.mark.parametrize("kind", KINDS)
def test_no_fault_has_words_of_a_library_or_a_programming_language(kind: str) -> None:
    _, good = parse_text(KINDS[kind].example)
    for key, value in ((key, value) for key in known_keys(kind) for value in ODD_VALUES):
        try:
            parse(kind, {**good.model_dump(exclude_unset=True), key: value}, {})
        except CheckSyntaxError as error:
            for fault in error.faults:
                assert not [word for word in OTHER_WORDS if word in fault.message.lower()], fault


@pytest.mark.parametrize(
    ("kind", "value", "siblings", "expected"),
    [
        ("grpc", 50051, {"service": "shop.Cart"}, {"service": "shop.Cart"}),
        ("script", "/bin/check", {"args": ["-H", "{address}"]}, {"args": ("-H", "{address}")}),
        ("tls", 853, {"name": "dns.example.com"}, {"name": "dns.example.com"}),
    ],
)
def test_a_setting_beside_a_short_form_counts(
    kind: str, value: object, siblings: Mapping[str, object], expected: dict[str, object]
) -> None:
    settings = parse(kind, value, siblings)
    assert {key: getattr(settings, key) for key in expected} == expected


@pytest.mark.parametrize("kind", KINDS)
def test_equal_settings_are_equal_and_hash_alike(kind: str) -> None:
    _, one = parse_text(KINDS[kind].example)
    _, other = parse_text(KINDS[kind].example)
    assert one == other
    assert hash(one) == hash(other)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_json_schema_that_names_its_keys(kind: str) -> None:
    schema = KINDS[kind].settings.model_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert set(schema["properties"]) == set(known_keys(kind))
    assert schema["additionalProperties"] is False
    assert json.loads(json.dumps(schema)) == schema


def test_the_schema_accepts_what_the_parser_accepts() -> None:
    schema = KINDS["http"].settings.model_json_schema()
    written = {
        "url": "https://a.example/",
        "headers": {"X": "y"},
        "expect": {"status": "200-299,301", "header": {"A": ""}},
    }
    jsonschema.validate(written, schema)
    parse("http", written, {})
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**written, "expect": {"status": True}}, schema)
