"""What a restarted server answers first: what it answered last, unless anything is different that it knows of."""

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import dns.message
import pytest

from understudy.engine import Engine
from understudy.model.endpoint import Endpoint
from understudy.service.pipeline import Pipeline
from understudy.testing.fake_network import Behaviour
from understudy.testing.server_world import ServerWorld
from understudy.testing.story import Command, Restart

Live = Callable[..., None]

NEAR, FAR = ["192.0.2.10", "192.0.2.11"], ["198.51.100.10"]


class Steps(list[str]):
    """What a start did, in order: what was answered when the engine began, and `decided` for each settling."""


class NotedEngine:
    """The real engine, which notes what it begins to answer with."""

    def __init__(self, steps: Steps, *addresses: Any, **settings: Any) -> None:
        steps.clear()  # of the server before
        self._steps = steps
        self._engine = Engine(*addresses, **settings)

    def start(self) -> None:
        self._engine.start()
        query = dns.message.make_query("www.example.com.", "A").to_wire()
        wire = self._engine.answer(query, "203.0.113.1", transport="tcp")
        assert wire is not None
        answer = dns.message.from_wire(wire).answer
        self._steps.append(" ".join(sorted(rdata.to_text() for rrset in answer for rdata in rrset)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    noted = Steps()
    settle = Pipeline.settle

    def note(self: Pipeline, now: float, most: int) -> Any:
        noted.append("decided")
        return settle(self, now, most)

    monkeypatch.setattr(Pipeline, "settle", note)
    monkeypatch.setattr(
        "understudy.testing.server_world.Engine", lambda *args, **named: NotedEngine(noted, *args, **named)
    )
    return noted


def fail(world: ServerWorld, *addresses: str) -> None:
    for address in addresses:
        world.behave(Endpoint(ip_address(address)), Behaviour.parse("refuses"), "web")


def test_what_was_answered_last_is_answered_before_anything_is_decided(live: Live, steps: Steps) -> None:
    async def life(world: ServerWorld) -> None:
        assert steps[:2] == ["decided", " ".join(NEAR)], "a first start has to decide first"
        fail(world, *NEAR)
        await world.advance(120)
        await world.restart(Restart())
        assert steps[:2] == [" ".join(FAR), "decided"]

    live(life)


def test_a_killed_server_answers_first_what_it_had_saved(live: Live, steps: Steps) -> None:
    async def life(world: ServerWorld) -> None:
        fail(world, *NEAR)
        await world.advance(120)
        await world.restart(Restart(is_kill=True))
        assert steps[:2] == [" ".join(FAR), "decided"]

    live(life)


def test_an_override_that_was_acknowledged_and_not_saved_counts_in_the_first_answer(
    live: Live, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def life(world: ServerWorld) -> None:
        await world.advance(61)  # between two savings
        monkeypatch.setattr("understudy.service.decree.put_in_force", lambda _server: None)  # killed before
        assert await world.command(Command("drain", "near")) == ""
        await world.restart(Restart(is_kill=True))
        assert steps[:2] == ["decided", " ".join(FAR)]

    live(life)


def test_another_configuration_is_decided_before_it_is_answered(live: Live, steps: Steps) -> None:
    async def life(world: ServerWorld) -> None:
        file = world.folder / "understudy.yaml"
        file.write_text(file.read_text().replace("near: [192.0.2.10, 192.0.2.11]", "near: [192.0.2.10]"))
        await world.restart(Restart())
        assert steps[:2] == ["decided", "192.0.2.10"]

    live(life)


def test_a_record_of_which_nothing_was_saved_is_decided_before_it_is_answered(live: Live, steps: Steps) -> None:
    async def life(world: ServerWorld) -> None:
        await world.end()
        observed = world.disk.content.observed
        assert observed is not None
        kept = {key: each for key, each in observed.decisions.items() if str(key[0]) != "api.example.com"}
        world.disk.content.observed = type(observed)(
            observed.generation, observed.verdicts, observed.healths, decisions=kept
        )
        await world.start({})
        assert steps[:2] == ["decided", " ".join(NEAR)]

    live(life)
