"""The section `server`, and the file with the secrets of cookies."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.config.cookie_secrets import CookieSecretError, read_cookie_secrets
from understudy.config.load import examine_text, load_text
from understudy.config.plan import plan
from understudy.model.configuration import NodeSettings, RateLimit

SECRET = "000102030405060708090a0b0c0d0e0f"


def node_of(folder: Path, server: str) -> NodeSettings:
    return load_text(f"listen: 127.0.0.1\nserver: {server}\n", folder / "u.yaml").configuration.node


def test_the_server_has_its_settings(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    node = node_of(
        tmp_path,
        "{udp_size: 1400, udp_size_without_cookie: 512, cookie_secret_file: secret, minimal_responses: true, "
        "rotate: true, tcp: {clients: 10, clients_per_prefix: 2, idle: 30s}, transfers: 5, busy_poll: 100us}",
    )
    assert (node.udp_size, node.udp_size_without_cookie, node.has_cookies) == (1400, 512, True)
    assert node.cookie_secret_file == tmp_path / "secret"
    assert (node.is_minimal, node.is_rotated) == (True, True)
    assert (node.tcp_clients, node.tcp_clients_per_prefix, node.tcp_idle_s) == (10, 2, 30.0)
    assert node.transfers == 5
    assert node.busy_poll_s == pytest.approx(0.0001)


def test_cookies_are_on_and_nothing_is_bounded_for_their_sake(tmp_path: Path) -> None:
    node = node_of(tmp_path, "{udp_size: 1400}")
    assert (node.has_cookies, node.cookie_secret_file, node.udp_size_without_cookie) == (True, None, 1400)
    assert not node_of(tmp_path, "{cookies: false}").has_cookies


def test_a_rate_limit_is_off_unless_it_is_written(tmp_path: Path) -> None:
    assert node_of(tmp_path, "{}").rate_limit is None
    written = "{per_second: 20, slip: 0, ipv6_prefix: 48, exempt: [192.0.2.0/24, '2001:DB8::/32', 127.0.0.1]}"
    exempt = ("192.0.2.0/24", "2001:db8::/32", "127.0.0.1/32")
    limit = node_of(tmp_path, f"{{rate_limit: {written}}}").rate_limit
    assert limit == RateLimit(20, 0, 24, 48, exempt, 131_072)
    assert str(limit) == f"20/s of /24 and /48, slip 0, 131072 subjects, without {', '.join(exempt)}"


@pytest.mark.parametrize(
    ("server", "column", "code"),
    [
        ("{version: " + "x" * 256 + "}", 19, "value.text"),
        ("{hostname: " + "\N{SNOWMAN}" * 86 + "}", 20, "value.text"),
        ("{udp_size: 511}", 20, "value.range"),
        ("{udp_size: 5000}", 20, "value.range"),
        ("{udp_size_without_cookie: 1400}", 35, "server.udp-size"),
        ("{udp_size: 600, udp_size_without_cookie: 601}", 50, "server.udp-size"),
        ("{tcp: {idle: 1d}}", 22, "duration.range"),
        ("{busy_poll: 2ms}", 21, "duration.range"),
        ("{tcp: {clients: 0}}", 25, "value.range"),
        ("{transfers: 0}", 21, "value.range"),
        ("{tcp: {clients_per_addres: 1}}", 16, "key.unknown"),
        ("{rotate: 1}", 18, "value.type"),
        ("{rate_limit: {slip: 2}}", 22, "key.missing"),
        ("{rate_limit: {per_second: 0}}", 35, "value.range"),
        ("{rate_limit: {per_second: 9, exempt: [192.0.2.1/24]}}", 47, "network.bad"),
        ("{rate_limit: {per_second: 9, exempt: [us]}}", 47, "network.bad"),
    ],
)
def test_what_is_wrong_has_its_place(tmp_path: Path, server: str, column: int, code: str) -> None:
    found = examine_text(f"listen: 127.0.0.1\nserver: {server}\n", tmp_path / "u.yaml").errors
    assert [(each.line, each.column, each.code) for each in found] == [(2, column, code)]


def test_a_network_with_the_bits_of_a_host_is_told_once_and_with_what_was_meant(tmp_path: Path) -> None:
    text = "listen: 127.0.0.1\nserver: {rate_limit: {per_second: 9, exempt: [192.0.2.1/24]}}\n"
    (problem,) = examine_text(text, tmp_path / "u.yaml").errors
    assert problem.message == "'192.0.2.1/24' has bits of a host beside those of its network"
    assert problem.hint == "write 192.0.2.0/24 for the network, 192.0.2.1 for the host"
    (problem,) = examine_text(text.replace("192.0.2.1/24", "us"), tmp_path / "u.yaml").errors
    assert problem.message == "'us' is no network"


def test_an_unused_secret_is_a_warning(tmp_path: Path) -> None:
    text = "listen: 127.0.0.1\nserver: {cookies: false, cookie_secret_file: gone}\n"
    examined = examine_text(text, tmp_path / "u.yaml")
    assert [each.code for each in examined.warnings] == ["server.cookie-unused"]
    assert not examined.errors
    assert not examined.missing


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "does not exist"),
        ("", "has 0 secrets"),
        ("# none\n", "has 0 secrets"),
        (f"{SECRET}\n" * 3, "has 3 secrets"),
        ("hello\n", "line 1 of .* is no hexadecimal number"),
        (f"{SECRET}\n{SECRET}00\n", "line 2 of .* has 17 octets"),
        ("00" * 5000, "too long"),
    ],
)
def test_a_file_without_usable_secrets_is_told_where_it_is_named(
    tmp_path: Path, content: str | None, said: str
) -> None:
    if content is not None:
        (tmp_path / "secret").write_text(content)
    with pytest.raises(CookieSecretError, match=said) as raised:
        read_cookie_secrets(tmp_path / "secret")
    assert SECRET not in str(raised.value)
    text = "listen: 127.0.0.1\nserver: {cookie_secret_file: secret}\n"
    examined = examine_text(text, tmp_path / "u.yaml")
    assert not examined.errors
    assert [(each.line, each.column, each.code) for each in examined.missing] == [(2, 30, "server.cookie-secret")]


@pytest.mark.parametrize(("mode", "codes"), [(0o640, []), (0o644, ["secret.exposed"])])
def test_a_secret_of_cookies_that_every_user_can_read_is_a_warning(tmp_path: Path, mode: int, codes: list[str]) -> None:
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "secret").chmod(mode)
    text = "listen: 127.0.0.1\nserver: {cookie_secret_file: secret}\n"
    assert [each.code for each in examine_text(text, tmp_path / "u.yaml").warnings] == codes


def test_secrets_are_read_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"# from now on\n{SECRET.upper()} # made in May\n\n{'ff' * 16}\n")
    assert read_cookie_secrets(tmp_path / "secret") == (bytes(range(16)), b"\xff" * 16)


@pytest.mark.parametrize(
    ("written", "told"),
    [("0.1ms", "100us"), ("1us", "1us"), ("0.5us", "0.5us"), ("0.0009996", "999.6us"), ("0.001", "1ms")],
)
def test_a_time_below_a_millisecond_is_told_in_microseconds(tmp_path: Path, written: str, told: str) -> None:
    settings = ("{}", f"{{busy_poll: {written}}}")
    before, after = (
        load_text(f"listen: 127.0.0.1\nserver: {it}\n", tmp_path / "u.yaml").configuration for it in settings
    )
    changes = plan(before, after)
    assert changes.restart == ("server.busy_poll",)
    assert str(changes.changes[0]).endswith(f"busy_poll 0s -> {told}")


def test_what_holds_only_after_a_restart_is_named_as_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    before, after = (
        load_text(f"listen: 127.0.0.1\nserver: {server}\n", tmp_path / "u.yaml").configuration
        for server in (
            "{}",
            "{cookie_secret_file: secret, rotate: true, tcp: {idle: 1m}, udp_size: 1300, rate_limit: {per_second: 9}}",
        )
    )
    changes = plan(before, after)
    written = str(changes.changes[0])
    assert changes.restart == (
        "server.udp_size",
        "server.udp_size_without_cookie",
        "server.rotate",
        "server.rate_limit",
        "server.tcp.idle",
    )
    assert "rotate false -> true" in written
    assert "tcp.idle 10s -> 1m" in written
    assert "rate_limit none -> 9/s of /24 and /56, slip 2, 131072 subjects" in written
    assert f"cookie_secret_file none -> {tmp_path / 'secret'}" in written
