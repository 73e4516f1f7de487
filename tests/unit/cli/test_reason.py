"""`understudy explain`, `whatif` and `probe`."""

from collections.abc import Callable

import pytest

from understudy.testing.builders import endpoint
from understudy.testing.terminal import Terminal

SitDown = Callable[..., None]


def test_a_steered_answer_is_explained_step_by_step(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        said = await terminal.run("explain", "www.example.com")
        assert said.exit_code == 0
        assert "www.example.com. 30 IN A 192.0.2.10" in said.out
        assert "understudy.yaml:11" in said.out
        assert "4.2  tier 1 'frankfurt'  chosen: 1 of 1 eligible, 1 needed" in said.out
        assert "'up' by majority" in said.out

    sit_down(sitting)


@pytest.mark.parametrize(
    ("words", "rcode", "expected"),
    [
        (("plain.example.com",), "NOERROR", "from the data of zone example.com"),
        (("plain.example.com", "MX"), "NOERROR", "which has no such type there"),
        (("nope.example.com",), "NXDOMAIN", "which has no such name"),
        (("example.org",), "REFUSED", "example.org is below none of example.com"),
        (("www.example.com", "TYPE65"), "NOERROR", "the steered record www.example.com"),
        (("www.example.com", "aaaa"), "NOERROR", "2001:db8::10"),
        (("www.example.com", "ANY"), "NOERROR", "the steered record www.example.com"),
        (("WWW.Example.COM.",), "NOERROR", "www.example.com. 30 IN A 192.0.2.10"),
    ],
)
def test_where_an_answer_comes_from(sit_down: SitDown, words: tuple[str, ...], rcode: str, expected: str) -> None:
    async def sitting(terminal: Terminal) -> None:
        said = await terminal.run("explain", *words)
        assert said.exit_code == 0
        assert rcode in said.out.splitlines()[0]
        assert expected in said.out

    sit_down(sitting)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("www.example.com", "FOO"), "explain.type"),
        (("www..example.com",), "explain.name"),
        (("www.example.com", "--client", "localhost"), "explain.client"),
        (("www.example.com", "--at", "2023-11-14T22:13:19+00:00"), "explain.no-history"),
        (("www.example.com", "--at", "2033-01-01"), "explain.future"),
        (("www.example.com", "MX", "--at", "2023-11-14T22:14:00Z"), "explain.not-steered"),
        (("plain.example.com", "--at", "2023-11-14T22:14:00Z"), "explain.not-steered"),
    ],
)
def test_what_cannot_be_explained_is_refused_with_a_code(sit_down: SitDown, words: tuple[str, ...], code: str) -> None:
    async def sitting(terminal: Terminal) -> None:
        said = await terminal.run("explain", *words, "--json")
        assert said.exit_code == 1
        assert said.json["code"] == code

    sit_down(sitting)


def test_a_moment_in_the_past_is_replayed(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        terminal.world.network.set(endpoint("192.0.2.20"), "refuses")
        await terminal.world.advance(120)
        now = (await terminal.run("explain", "db.example.com", "--json")).json
        assert now["answer"] == ["db.example.com. 30 IN A 198.51.100.20"]
        then = (await terminal.run("explain", "db.example.com", "--at", "2023-11-14T22:14:00Z", "--json")).json
        assert then["is_replay"]
        assert then["at"] == 1_700_000_040
        assert [line.split()[-1] for line in then["answer"]] == ["192.0.2.20"]
        shown = await terminal.run("explain", "db.example.com", "--at", "2023-11-14T22:14:00Z")
        assert "the history of the steered record db.example.com" in shown.out

    sit_down(sitting)


def test_a_time_that_is_none_is_wrong_usage(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        said = await terminal.run("explain", "www.example.com", "--at", "yesterday")
        assert said.exit_code == 2
        assert "yesterday" in said.err

    sit_down(sitting)


def test_whatif_shows_now_and_then_and_changes_nothing(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        said = await terminal.run("whatif", "--down", "192.0.2.20")
        assert said.exit_code == 0
        assert [line.split() for line in said.out.splitlines()][-1] == [
            "db.example.com", "A", "192.0.2.20", "198.51.100.20", "normal",
        ]  # fmt: skip
        everything = await terminal.run("whatif", "--down", "192.0.2.20", "--down", "198.51.100.20", "--json")
        assert everything.exit_code == 1
        assert [row["after_mode"] for row in everything.json["rows"]] == ["fail_open"]
        assert "A 192.0.2.20" in " ".join((await terminal.run("explain", "db.example.com")).out.split())

    sit_down(sitting)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("--down", "dublim"), "did you mean 'dublin'?"),
        (("--down", "192.0.2.1"), "did you mean '192.0.2.10'?"),
        (("wwww.example.com",), "did you mean 'www.example.com'?"),
    ],
)
def test_whatif_names_the_nearest_thing(sit_down: SitDown, words: tuple[str, ...], hint: str) -> None:
    async def sitting(terminal: Terminal) -> None:
        said = await terminal.run("whatif", *words)
        assert said.exit_code == 1
        assert hint in said.err

    sit_down(sitting)


def test_a_probe_shows_its_phases_and_its_outcome_is_the_exit_code(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        passed = await terminal.run("probe", "db", "192.0.2.20")
        assert passed.exit_code == 0
        assert "connect         10.00 ms" in passed.out
        terminal.world.network.set(endpoint("192.0.2.20"), "refuses")
        failed = await terminal.run("probe", "tcp:5433", "192.0.2.20", "--json")
        assert failed.exit_code == 1
        assert [(each["check"], each["outcome"]) for each in failed.json] == [("tcp:5433", "fail")]

    sit_down(sitting)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("webb", "192.0.2.20"), "did you mean 'web'?"),
        (("db", "192.0.2.256"), "four numbers from 0 to 255"),
        (("db", "192.0.2.1:80"), "the port stands in the check"),
        (("tcp:99999", "192.0.2.1"), "no check is called 'tcp:99999'"),
    ],
)
def test_a_probe_of_nothing_says_what_to_write(sit_down: SitDown, words: tuple[str, ...], expected: str) -> None:
    async def sitting(terminal: Terminal) -> None:
        said = await terminal.run("probe", *words)
        assert said.exit_code == 1
        assert expected in said.err

    sit_down(sitting)


def test_the_checks_of_a_record_are_probed_one_by_one(sit_down: SitDown) -> None:
    both = (
        "listen: 127.0.0.1:0\nzones: {example.com: {file: example.com.zone}}\n"
        "checks: {web: {tcp: 80}, db: {tcp: 5432}}\n"
        "records:\n  www.example.com: {check: {all_of: [web, db]}, tiers: [[192.0.2.10]]}\n"
    )

    async def sitting(terminal: Terminal) -> None:
        terminal.world.network.set(endpoint("192.0.2.10"), "silent", check="db")
        said = await terminal.run("probe", "www.example.com", "192.0.2.10", "--json")
        assert said.exit_code == 1
        assert [(each["check"], each["outcome"]) for each in said.json] == [("web", "pass"), ("db", "fail")]
        shown = await terminal.run("probe", "www.example.com", "192.0.2.10")
        assert "db → 192.0.2.10  fail  connect.timeout" in shown.out

    sit_down(sitting, both)
