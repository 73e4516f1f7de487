"""`understudy events`, without following; that needs a server in another process (tests/integration)."""

import json
from collections.abc import Callable

from understudy.testing.builders import endpoint
from understudy.testing.terminal import Terminal

SitDown = Callable[..., None]


def test_the_newest_events_are_shown_oldest_first(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        for _ in range(5):
            await terminal.run("drain", "192.0.2.10")
            await terminal.run("release", "192.0.2.10")
        everything = (await terminal.run("events", "--json", "-n", "1000")).json
        newest = (await terminal.run("events", "--json", "-n", "3")).json
        assert newest == everything[-3:]
        assert [each["sequence"] for each in everything] == list(range(1, len(everything) + 1))

    sit_down(sitting)


def test_events_are_limited_to_a_kind_and_a_subject(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        terminal.world.network.set(endpoint("192.0.2.20"), "refuses")
        await terminal.world.advance(120)
        said = await terminal.run("events", "--kind", "health", "--subject", "192.0.2.20")
        assert [line.split()[2] for line in said.out.splitlines()] == ["health", "health"]
        assert "up → down: connection refused" in said.out
        moved = await terminal.run("events", "--kind", "decision", "--subject", "DB.example.com.", "--json")
        assert "198.51.100.20" in json.dumps(moved.json[-1])

    sit_down(sitting)


def test_a_kind_that_there_is_not_is_wrong_usage(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        said = await terminal.run("events", "--kind", "helth")
        assert said.exit_code == 2
        assert "'health'" in said.err

    sit_down(sitting)
