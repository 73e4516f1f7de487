"""`understudy drain`, `force`, `freeze` and `release`."""

from collections.abc import Callable

import pytest

from understudy.cli.author import author
from understudy.testing.builders import endpoint
from understudy.testing.terminal import Terminal

SitDown = Callable[..., None]

MANUAL = """\
listen: 127.0.0.1:0
zones: {example.com: {file: example.com.zone}}
records:
  www.example.com: {check: "tcp:80", tiers: [[192.0.2.10], [192.0.2.11]], failback: {mode: manual}}
"""


async def answer(terminal: Terminal, name: str = "www.example.com") -> list[str]:
    view = (await terminal.run("explain", name, "--json")).json
    return [line.split()[-1] for line in view["answer"]]


def test_a_drained_endpoint_leaves_and_returns_with_its_release(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        said = await terminal.run("drain", "192.0.2.10", "--reason", "new kernel", "--for", "30m")
        assert said.exit_code == 0
        assert "undo: understudy release 192.0.2.10" in said.out
        assert await answer(terminal) == ["198.51.100.10"]
        released = await terminal.run("release", "192.0.2.10")
        assert released.out == "released drain 192.0.2.10\n"
        assert await answer(terminal) == ["192.0.2.10"]

    sit_down(sitting)


def test_an_override_ends_by_itself(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        view = (await terminal.run("drain", "192.0.2.10", "--for", "30s", "--json")).json
        assert view["expires_at"] - view["created_at"] == 30
        await terminal.world.advance(89)
        assert await answer(terminal) == ["198.51.100.10"]
        await terminal.world.advance(91)
        assert await answer(terminal) == ["192.0.2.10"]
        assert (await terminal.run("status", "--json")).json["overrides"] == []

    sit_down(sitting)


def test_a_pool_is_drained_whole_and_only_where_asked(sit_down: SitDown) -> None:
    shared = MANUAL.replace("failback: {mode: manual}", "min_healthy: 1").replace(
        "records:", "pools: {near: [192.0.2.20], far: [192.0.2.21]}\nrecords:"
    )
    shared += "  a.example.com: {check: 'tcp:80', tiers: [near, far]}\n"
    shared += "  b.example.com: {check: 'tcp:80', tiers: [near, far]}\n"

    async def sitting(terminal: Terminal) -> None:
        assert (await terminal.run("drain", "near", "--in", "a.example.com")).exit_code == 0
        assert await answer(terminal, "a.example.com") == ["192.0.2.21"]
        assert await answer(terminal, "b.example.com") == ["192.0.2.20"]
        elsewhere = await terminal.run("drain", "near", "--in", "www.example.com")
        assert elsewhere.exit_code == 1
        assert "near is nowhere in www.example.com" in elsewhere.err

    sit_down(sitting, shared)


def test_a_forced_endpoint_is_what_the_operator_says(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        assert (await terminal.run("force", "down", "192.0.2.20")).exit_code == 0
        assert await answer(terminal, "db.example.com") == ["198.51.100.20"]
        assert (await terminal.run("force", "up", "192.0.2.20")).exit_code == 0
        terminal.world.network.set(endpoint("192.0.2.20"), "refuses")
        await terminal.world.advance(200)
        assert await answer(terminal, "db.example.com") == ["192.0.2.20"]

    sit_down(sitting)


def test_frozen_records_stay_where_they_are_and_everything_is_released_by_no_name(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        assert (await terminal.run("freeze")).exit_code == 0
        assert (await terminal.run("freeze", "db.example.com", "--for", "forever")).exit_code == 0
        terminal.world.network.set(endpoint("192.0.2.20"), "refuses")
        await terminal.world.advance(200)
        assert await answer(terminal, "db.example.com") == ["192.0.2.20"]
        assert (await terminal.run("release")).out == "released freeze everything\n"
        assert await answer(terminal, "db.example.com") == ["192.0.2.20"]
        assert (await terminal.run("release", "DB.example.com.")).exit_code == 0
        assert await answer(terminal, "db.example.com") == ["198.51.100.20"]

    sit_down(sitting)


def test_an_override_is_released_by_its_number(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        first = (await terminal.run("drain", "192.0.2.10", "--json")).json
        await terminal.run("drain", "192.0.2.20")
        released = (await terminal.run("release", str(first["id"]), "--json")).json
        assert [each["subject"] for each in released["overrides"]] == ["192.0.2.10"]
        assert [each["subject"] for each in (await terminal.run("status", "--json")).json["overrides"]] == [
            "192.0.2.20"
        ]

    sit_down(sitting)


def test_an_endpoint_that_waits_for_an_operator_returns_with_a_release(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        terminal.world.network.set(endpoint("192.0.2.10"), "refuses")
        await terminal.world.advance(120)
        terminal.world.network.set(endpoint("192.0.2.10"), "up")
        await terminal.world.advance(600)
        assert await answer(terminal) == ["192.0.2.11"]
        assert (await terminal.run("release", "192.0.2.10")).out == "may return 192.0.2.10 in www.example.com\n"
        assert await answer(terminal) == ["192.0.2.10"]

    sit_down(sitting, MANUAL)


def test_nothing_is_left_without_an_answer_unless_it_is_meant(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        assert (await terminal.run("drain", "192.0.2.20")).exit_code == 0
        refused = await terminal.run("drain", "198.51.100.20")
        assert refused.exit_code == 1
        assert "--even-so" in refused.err
        assert await answer(terminal, "db.example.com") == ["198.51.100.20"]
        assert (await terminal.run("drain", "198.51.100.20", "--even-so")).exit_code == 0
        assert await answer(terminal, "db.example.com") == []

    sit_down(sitting)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("drain", "frankfrut"), "did you mean 'frankfurt'?"),
        (("drain", "192.0.2.11"), "did you mean '192.0.2.10'?"),
        (("drain", "192.0.2.10", "--in", "wwww.example.com"), "did you mean 'www.example.com'?"),
        (("freeze", "192.0.2.10"), "no record is called '192.0.2.10'"),
        (("freeze", "a..b"), "write a DNS name"),
        (("release", "192.0.2.10"), "there is nothing to release on 192.0.2.10"),
        (("drain", "192.0.2.10", "--for", "0s"), "lasts longer than no time"),
        (("drain", "192.0.2.10", "--for", "99999999h"), "ten years at most"),
    ],
)
def test_a_refusal_says_what_to_write_instead(sit_down: SitDown, words: tuple[str, ...], expected: str) -> None:
    async def sitting(terminal: Terminal) -> None:
        said = await terminal.run(*words)
        assert said.exit_code == 1
        assert expected in said.err

    sit_down(sitting)


def test_a_typo_in_a_release_gets_the_nearest_subject(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        assert (await terminal.run("drain", "frankfurt", "--even-so")).exit_code == 0
        assert "did you mean 'frankfurt'?" in (await terminal.run("release", "frankfrut")).err
        assert (await terminal.run("release", "frankfurt")).exit_code == 0

    sit_down(sitting)


def test_an_address_may_be_written_in_any_way(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        refused = await terminal.run("drain", "2001:DB8:0:0::10")
        assert "all 1 endpoints would be taken out" in refused.err
        assert (await terminal.run("drain", "2001:DB8:0:0::10", "--even-so")).exit_code == 0
        assert (await terminal.run("release", "2001:0db8::0010")).exit_code == 0

    sit_down(sitting)


@pytest.mark.parametrize("words", [("drain", "192.0.2.10", "--for", "soon"), ("force", "sideways", "x"), ("drain",)])
def test_wrong_usage_is_exit_code_2(sit_down: SitDown, words: tuple[str, ...]) -> None:
    async def sitting(terminal: Terminal) -> None:
        assert (await terminal.run(*words)).exit_code == 2

    sit_down(sitting)


def test_a_disk_that_refuses_makes_a_warning_and_an_alarm_and_no_refusal(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        disk = terminal.world.disk
        disk.is_full = True
        said = await terminal.run("drain", "192.0.2.10")
        assert said.exit_code == 0
        assert "warning: generation 2 is in force but not on disk: the disk is full" in said.err
        assert await answer(terminal) == ["198.51.100.10"]
        assert "kept in memory only" in (await terminal.run("status")).out
        assert "warning:" in (await terminal.run("release", "192.0.2.10")).err
        assert await answer(terminal) == ["192.0.2.10"]
        disk.is_full = False
        await terminal.world.advance(65)
        assert (await terminal.run("status")).exit_code == 0

    sit_down(sitting)


def test_a_person_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise KeyError("no such user")

    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setattr("understudy.cli.author.getpass.getuser", fail)
    assert author().partition("@")[0].isdigit()
    monkeypatch.setenv("SUDO_USER", "ada")
    assert author().startswith("ada@")


def test_a_drain_while_frozen_says_that_it_waits(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        assert (await terminal.run("freeze", "--for", "forever")).exit_code == 0
        said = await terminal.run("drain", "192.0.2.10")
        assert "frozen: takes effect in www.example.com when the freeze ends" in said.out
        assert await answer(terminal) == ["192.0.2.10"]

    sit_down(sitting)
