"""Runs stories against a World and says what came out otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from understudy.model.endpoint import Endpoint
from understudy.model.frozen import frozen
from understudy.testing.fake_network import Behaviour
from understudy.testing.story import Alarmed, Ask, Behave, Command, Event, Expected, Reload, Restart, Story


@frozen
class Answer:
    """What a query got. `rdatas` in presentation format, names without final dot; `why`: every reason, in words.

    `ttl_s`: how long a resolver may keep it; without records, the TTL of the SOA beside it (RFC 2308 section 5).
    """

    rcode: str
    rdatas: tuple[str, ...] = ()
    ttl_s: int = 0
    why: str = ""

    def __str__(self) -> str:
        if self.rcode != "NOERROR":
            return self.rcode
        return f"{', '.join(self.rdatas) or 'NODATA'} ttl {self.ttl_s}"


class World(Protocol):
    """What a story happens to. Times are in seconds since its beginning."""

    async def start(self, files: Mapping[str, str]) -> None:
        """Start the server with these files."""
        ...

    async def advance(self, to_s: float) -> None:
        """Let time pass."""
        ...

    def behave(self, endpoint: Endpoint, behaviour: Behaviour, check: str) -> None:
        """An endpoint does something else."""
        ...

    async def command(self, command: Command) -> str:
        """An operator's word; the code of its refusal, or nothing."""
        ...

    async def reload(self, text: str) -> str:
        """Another configuration; the code of its refusal, or nothing."""
        ...

    async def restart(self, restart: Restart) -> None:
        """End the server and start it again."""
        ...

    async def ask(self, ask: Ask) -> Answer:
        """What the server answers once all that is due has happened."""
        ...

    async def alarms(self) -> list[str]:
        """The keys of the alarms in force."""
        ...


class StoryFailedError(AssertionError):
    """The story came out otherwise; the message has every difference with its line."""


async def run_story(story: Story, world: World) -> None:
    """Let it happen to its end. Raises StoryFailedError with everything that came out otherwise."""
    await world.start(story.files)
    wrong = []
    for event in story.events:
        await world.advance(event.at_s)
        difference = await _happen(event, story, world)
        if difference:
            wrong.append(f"line {event.line}, at {event.at_s:g} s: {difference}")
    if wrong:
        raise StoryFailedError("\n".join(wrong))


async def _happen(event: Event, story: Story, world: World) -> str:
    """Do it; how the outcome differs from what is expected, or nothing."""
    action = event.action
    if isinstance(action, Behave):
        world.behave(action.endpoint, action.behaviour, action.check)
    elif isinstance(action, Restart):
        await world.restart(action)
    elif isinstance(action, Command):
        return _differ_in_refusal(action.refusal, await world.command(action))
    elif isinstance(action, Reload):
        return _differ_in_refusal(action.refusal, await world.reload(story.files[action.file]))
    elif isinstance(action, Alarmed):
        return _differ_in_alarm(action, await world.alarms())
    else:
        return _differ_in_answer(action.expected, await world.ask(action))
    return ""


def _differ_in_refusal(expected: str, refusal: str) -> str:
    if expected == refusal:
        return ""
    return f"refused as {refusal}" if refusal else f"not refused, {expected} was expected"


def _differ_in_alarm(expected: Alarmed, alarms: list[str]) -> str:
    if any(expected.key in key for key in alarms) == expected.is_raised:
        return ""
    return f"{'no' if expected.is_raised else 'an'} alarm about {expected.key}; in force: {', '.join(alarms) or 'none'}"


def _differ_in_answer(expected: Expected, answer: Answer) -> str:
    if expected.is_one_of:
        is_same = len(answer.rdatas) == 1 and answer.rdatas[0] in expected.rdatas
    else:
        is_same = sorted(answer.rdatas) == sorted(expected.rdatas)
    is_same = is_same and answer.rcode == expected.rcode and expected.ttl_s in {None, answer.ttl_s}
    if is_same and expected.because in answer.why:
        return ""
    return f"answered {answer}, because {answer.why or 'of nothing'}"
