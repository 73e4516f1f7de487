from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from understudy.model.endpoint import Endpoint
from understudy.testing.builders import endpoint
from understudy.testing.fake_network import Behaviour, Conduct
from understudy.testing.story import (
    Alarmed,
    Ask,
    Behave,
    Command,
    Expected,
    Reload,
    Restart,
    Story,
    StorySyntaxError,
    parse_story,
)
from understudy.testing.story_run import Answer, StoryFailedError, run_story


def story(*events: str, rest: str = "") -> Story:
    text = "\n".join(events)
    return parse_story(f"A description.\n\n== understudy.yaml\nzones: {{}}\n{rest}\n== story\n{text}\n")


def action(words: str) -> object:
    (event,) = story(f"at 1s {words}").events
    return event.action


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("192.0.2.10 refuses", Behave(endpoint("192.0.2.10"), Behaviour(Conduct.REFUSING))),
        ("2001:db8::1 slow 2s by web", Behave(endpoint("2001:db8::1"), Behaviour(Conduct.SLOW, 2.0), "web")),
        ("host.example.com up", Behave(endpoint("host.example.com"), Behaviour(Conduct.UP))),
        ("ask a.b A -> 192.0.2.1", Ask("a.b", "A", "127.0.0.1", Expected(rdatas=("192.0.2.1",)))),
        (
            "ask a.b A from 192.0.2.9 -> one of 192.0.2.1, 192.0.2.2 ttl 5 because 4.7 or so",
            Ask("a.b", "A", "192.0.2.9", Expected("NOERROR", ("192.0.2.1", "192.0.2.2"), True, 5, "4.7 or so")),
        ),
        ("ask a.b A -> NODATA because 4.5", Ask("a.b", "A", "127.0.0.1", Expected(because="4.5"))),
        ("ask a.b A -> NXDOMAIN", Ask("a.b", "A", "127.0.0.1", Expected("NXDOMAIN"))),
        ("drain 192.0.2.10", Command("drain", "192.0.2.10")),
        (
            "drain near in a.b for 1h even so reason new disks -> refused override.refused",
            Command("drain", "near", "a.b", 3600.0, "new disks", True, "override.refused"),
        ),
        ("force up 192.0.2.10 for forever", Command("force_up", "192.0.2.10", duration_s=float("inf"))),
        ("force down near reason it is ill", Command("force_down", "near", reason="it is ill")),
        ("freeze", Command("freeze")),
        ("freeze for 5m", Command("freeze", duration_s=300.0)),
        ("release reason over", Command("release", reason="over")),
        ("reload other.yaml -> refused config", Reload("other.yaml", "config")),
        ("restart", Restart()),
        ("kill and wait 2m", Restart(120.0, True)),
        ("alarm record/", Alarmed("record/")),
        ("no alarm record/", Alarmed("record/", False)),
    ],
)
def test_an_event_is_read(words: str, expected: object) -> None:
    assert action(words) == expected


def test_times_lines_and_files_are_kept() -> None:
    told = story("", "at 1s restart  # comment", "# nothing", "at 1m30s restart", rest="== b.yaml\nx: 1\n")
    assert [(event.at_s, event.line) for event in told.events] == [(1.0, 10), (90.0, 12)]
    assert told.description == "A description."
    assert told.files["b.yaml"] == "x: 1\n\n"
    assert "SOA" in told.files["example.com.zone"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("restart", "an event is"),
        ("at soon restart", "no duration"),
        ("at 1s dance wildly", "no behaviour"),
        ("at 1s 192.0.2.10 slow quickly", "no duration"),
        ("at 1s restart\nat 0s restart", "backwards"),
        ("at 1s dance", "no event"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(line: str, message: str) -> None:
    with pytest.raises(StorySyntaxError, match=rf"line \d+: .*{message}"):
        story(line)


def test_a_story_without_its_sections_is_refused() -> None:
    with pytest.raises(StorySyntaxError):
        parse_story("== story\nat 1s restart")
    with pytest.raises(StorySyntaxError):
        parse_story("== understudy.yaml\n")
    with pytest.raises(StorySyntaxError, match="second section"):
        parse_story("== understudy.yaml\n== story\n== story\n")


class FakeWorld:
    """Answers 192.0.2.1 with ttl 30, refuses every command as `no`, and has one alarm."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def start(self, files: Mapping[str, str]) -> None:
        self.seen.append(f"start with {', '.join(sorted(files))}")

    async def advance(self, to_s: float) -> None:
        self.seen.append(f"{to_s:g} s")

    def behave(self, endpoint: Endpoint, behaviour: Behaviour, check: str) -> None:
        self.seen.append(f"{endpoint} {behaviour.conduct} by {check or 'all'}")

    async def command(self, command: Command) -> str:
        self.seen.append(command.kind)
        return "no"

    async def reload(self, text: str) -> str:
        self.seen.append(f"reload {text.strip()}")
        return ""

    async def restart(self, restart: Restart) -> None:
        self.seen.append("restart")

    async def ask(self, ask: Ask) -> Answer:
        return Answer("NOERROR", ("192.0.2.1", "192.0.2.2"), 30, "4.2 tier 1")

    async def alarms(self) -> list[str]:
        return ["record/a.b/A"]


def test_events_happen_in_order_at_their_times() -> None:
    told = story(
        "at 1s 192.0.2.1 refuses by web",
        "at 2s drain 192.0.2.1 -> refused no",
        "at 2s reload b.yaml",
        "at 3s restart",
        "at 4s alarm a.b",
        rest="== b.yaml\nx: 1",
    )
    world = FakeWorld()
    asyncio.run(run_story(told, world))
    assert world.seen == [
        "start with b.yaml, example.com.zone, understudy.yaml",
        *("1 s", "192.0.2.1 refuses by web", "2 s", "drain", "2 s", "reload x: 1", "3 s", "restart", "4 s"),
    ]


@pytest.mark.parametrize(
    "words",
    [
        "ask a.b A -> 192.0.2.2, 192.0.2.1",
        "ask a.b A -> 192.0.2.2, 192.0.2.1 ttl 30 because tier 1",
        "alarm record/a.b",
        "no alarm record/a.c",
        "drain x -> refused no",
    ],
)
def test_what_comes_out_as_told_passes(words: str) -> None:
    asyncio.run(run_story(story(f"at 1s {words}"), FakeWorld()))


@pytest.mark.parametrize(
    ("words", "difference"),
    [
        ("ask a.b A -> 192.0.2.1", "answered 192.0.2.1, 192.0.2.2 ttl 30, because 4.2 tier 1"),
        ("ask a.b A -> one of 192.0.2.1, 192.0.2.2", "answered"),
        ("ask a.b A -> 192.0.2.1, 192.0.2.2 ttl 29", "answered"),
        ("ask a.b A -> 192.0.2.1, 192.0.2.2 because 4.4", "answered"),
        ("ask a.b A -> NODATA", "answered"),
        ("ask a.b A -> SERVFAIL", "answered"),
        ("drain x", "refused as no"),
        ("drain x -> refused yes", "refused as no"),
        ("reload example.com.zone -> refused config", "not refused, config was expected"),
        ("no alarm a.b", "an alarm about a.b; in force: record/a.b/A"),
        ("alarm a.c", "no alarm about a.c"),
    ],
)
def test_what_comes_out_otherwise_fails_with_its_line(words: str, difference: str) -> None:
    with pytest.raises(StoryFailedError, match=rf"line \d+, at 1 s: {difference}"):
        asyncio.run(run_story(story(f"at 1s {words}"), FakeWorld()))


def test_every_difference_of_a_story_is_told() -> None:
    with pytest.raises(StoryFailedError) as failed:
        asyncio.run(run_story(story("at 1s drain x", "at 2s alarm y", "at 3s alarm a.b"), FakeWorld()))
    assert len(str(failed.value).splitlines()) == 2
