"""What becomes of an operator's word."""

from collections.abc import Callable

import pytest

from understudy.model.override import SubjectKind
from understudy.service.decree import decree, release
from understudy.service.reports.views import OverrideRequest, OverrideView, ReleaseRequest
from understudy.testing.server_world import ServerWorld
from understudy.testing.story import Ask, Expected

Live = Callable[..., None]


async def drain(
    world: ServerWorld, subject: str = "192.0.2.10", duration_s: float | None = 3600.0, **fields: str
) -> OverrideView:
    request = OverrideRequest(kind="drain", subject=subject, author="ops", duration_s=duration_s)
    return await decree(world.server, request.model_copy(update=fields))


async def ttl_s(world: ServerWorld) -> int:
    return (await world.ask(Ask("www.example.com", "A", "192.0.2.200", Expected()))).ttl_s


def in_force(world: ServerWorld) -> list[tuple[str, str]]:
    active = world.server.store.desired.active_overrides(world.clock.now())
    return [(str(each.subject), each.reason) for each in active]


def told(world: ServerWorld) -> list[str]:
    return [event.text for event in world.disk.content.events if event.kind == "override"]


@pytest.mark.parametrize(("first_s", "then_s"), [(14_400.0, 5.0), (5.0, 14_400.0), (None, 5.0)])
def test_the_same_word_on_the_same_subject_replaces_the_one_before(
    live: Live, first_s: float | None, then_s: float
) -> None:
    async def life(world: ServerWorld) -> None:
        await drain(world, duration_s=first_s, reason="kernel")
        await drain(world, duration_s=then_s, reason="kernel and disk")
        assert in_force(world) == [("192.0.2.10", "kernel and disk")]
        assert len(told(world)) == 2
        assert "kernel and disk, instead of the one by ops (kernel)" in told(world)[-1]
        await world.advance(60 + min(then_s, 10.0))
        assert bool(in_force(world)) is (then_s > 10.0)

    live(life)


def test_another_kind_subject_or_record_is_another_override(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        await drain(world)
        await drain(world, subject="192.0.2.11", record="www.example.com")
        await drain(world, record="www.example.com")
        await drain(world, kind="force_up")
        assert len(in_force(world)) == 4

    live(life)


def test_a_drain_that_is_made_longer_leaves_no_trace_of_its_first_end_in_the_ttl(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        await drain(world, duration_s=5.0)
        assert await ttl_s(world) == 5
        await drain(world, duration_s=3600.0)
        assert await ttl_s(world) == 30

    live(life)


def test_a_replaced_drain_is_released_once(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        await drain(world)
        await drain(world)
        ended = await release(world.server, ReleaseRequest(subject="192.0.2.10", author="ops"))
        assert len(ended.overrides) == 1
        assert in_force(world) == []

    live(life)


def test_who_gives_no_reason_is_never_quoted_with_empty_brackets(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        await drain(world)
        await drain(world)
        await decree(world.server, OverrideRequest(kind="freeze", subject="api.example.com", author="ops"))
        decisions = [each for past in world.server.pipeline.past.values() for each in past.decisions.values()]
        texts = [*told(world), *(step.text for decision in decisions for step in decision.steps)]
        assert not [text for text in texts if "()" in text]
        assert [text for text in texts if "drained by ops (no reason given)" in text]
        assert [text for text in texts if "frozen by ops (no reason given)" in text]
        assert [text for text in texts if "instead of the one by ops (no reason given)" in text]

    live(life)


def test_an_override_while_frozen_says_that_it_waits(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        assert not (await drain(world, subject="198.51.100.10")).note
        freeze = OverrideRequest(kind="freeze", subject="api.example.com", author="ops", duration_s=None)
        assert not (await decree(world.server, freeze)).note
        view = await drain(world)
        assert view.note == "frozen: takes effect in api.example.com when the freeze ends, when it is released"
        assert told(world)[-1].endswith(view.note)
        assert not (await drain(world, record="www.example.com")).note
        await decree(world.server, OverrideRequest(kind="freeze", subject="", author="ops", duration_s=60.0))
        note = (await drain(world, record="www.example.com")).note
        assert note.startswith("frozen: takes effect in www.example.com when the freeze ends, at 2")

    live(life)


def test_many_frozen_records_are_counted(live: Live) -> None:
    names = [f"n{number}.example.com" for number in range(5)]
    records = "".join(f"  {name}: {{check: web, tiers: [near, far]}}\n" for name in names)
    pools = "pools: {near: [192.0.2.10, 192.0.2.11], far: [198.51.100.10]}\n"
    files = f"zones: {{example.com: {{file: example.com.zone}}}}\nchecks: {{web: {{tcp: 80}}}}\n{pools}"

    async def life(world: ServerWorld) -> None:
        await decree(world.server, OverrideRequest(kind="freeze", subject="", author="ops", duration_s=None))
        note = (await drain(world)).note
        assert "n0.example.com, n1.example.com, n2.example.com and 2 other records" in note
        assert world.server.store.desired.active_overrides(world.clock.now())[0].subject.kind is SubjectKind.EVERYTHING

    live(life, f"listen: 127.0.0.1:0\n{files}records:\n{records}")
