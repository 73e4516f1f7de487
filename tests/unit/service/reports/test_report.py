"""The state of a server as documents."""

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest

from understudy.model.decision import Mode
from understudy.model.errors import NotFoundError
from understudy.service.desk import Desk
from understudy.service.operations import ExplainQuestion, StatusQuestion
from understudy.service.reload import reload
from understudy.service.reports.record_report import count_answered
from understudy.service.reports.report import SLICE
from understudy.testing.builders import endpoint
from understudy.testing.server_world import ServerWorld
from understudy.testing.story import Command

Live = Callable[..., None]

MANY = (
    "listen: 127.0.0.1:0\nzones: {example.com: {file: example.com.zone}}\nchecks: {db: {tcp: 5432}}\nrecords:\n"
    + "".join(f"  r{i}.example.com: {{check: db, tiers: [[10.0.{i}.1], [10.0.{i}.2]]}}\n" for i in range(3 * SLICE))
)
WILD = """\
listen: 127.0.0.1:0
zones: {example.com: {file: example.com.zone}}
records:
  "*.example.com": {check: "tcp:80", tiers: [[192.0.2.10], [192.0.2.11]]}
  example.com: {check: "tcp:80", tiers: [[192.0.2.20], ["2001:db8::20"]]}
  shop.example.com: {check: "tcp:80", tiers: [[shop.example.net], [192.0.2.11]]}
"""


@pytest.mark.parametrize("name", ["near", "192.0.2.10", "WWW.example.com.", "example.com"])
def test_a_name_of_anything_finds_what_it_concerns(live: Live, name: str) -> None:
    async def life(world: ServerWorld) -> None:
        view = await Desk(world.server).status(StatusQuestion(name))
        assert "www.example.com" in [record.name for record in view.records]
        assert [zone.name for zone in view.zones] == ["example.com"]

    live(life)


def test_overrides_stand_at_every_record_that_they_speak_of(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        for command in (
            Command("drain", "192.0.2.10"),
            Command("drain", "near", "api.example.com"),
            Command("freeze", "www.example.com"),
            Command("freeze"),
        ):
            assert await world.command(command) == ""
        view = await Desk(world.server).status(StatusQuestion())
        found = {
            record.name: sorted(f"{each.kind} {each.subject}" for each in record.overrides) for record in view.records
        }
        assert found == {
            "www.example.com": ["drain 192.0.2.10", "freeze everything", "freeze www.example.com"],
            "api.example.com": ["drain 192.0.2.10", "drain near in api.example.com", "freeze everything"],
        }

    live(life)


def test_a_report_of_many_lets_others_take_their_turn(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        counting = asyncio.ensure_future(count())
        view = await Desk(world.server).status(StatusQuestion())
        counting.cancel()
        assert len(view.records) == 3 * SLICE
        assert turns >= 9

    live(life, MANY)


def test_a_reload_in_the_middle_of_a_report_begins_it_anew(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        reporting = asyncio.ensure_future(Desk(world.server).status(StatusQuestion()))
        await asyncio.sleep(0)
        file = world.folder / "understudy.yaml"
        file.write_text("".join(file.read_text().splitlines(keepends=True)[:-SLICE]))
        reloading = asyncio.ensure_future(reload(world.server, "test"))
        view = await reporting
        await reloading
        assert len(view.records) in {2 * SLICE, 3 * SLICE}
        assert view.totals.records == len(view.records)
        assert len((await Desk(world.server).status(StatusQuestion())).records) == 2 * SLICE

    live(life, MANY)


async def explained(world: ServerWorld, name: str, rtype: str = "A", at: float | None = None) -> tuple[list[str], str]:
    view = await Desk(world.server).explain(ExplainQuestion(name, rtype, at=at))
    return [line.split(maxsplit=3)[-1] for line in view.answer], view.source.split(" (")[0]


@pytest.mark.parametrize(
    ("name", "rtype", "answer", "source"),
    [
        ("anything.example.com", "A", ["A 192.0.2.10"], "the steered wildcard record *.example.com"),
        ("deep.down.example.com", "A", ["A 192.0.2.10"], "the steered wildcard record *.example.com"),
        ("plain.example.com", "A", ["A 192.0.2.1"], "the data of zone example.com"),
        ("x.plain.example.com", "A", [], "the data of zone example.com, which has no such name"),
        ("example.com", "A", ["A 192.0.2.20"], "the steered record example.com"),
        ("example.com", "AAAA", ["AAAA 2001:db8::20"], "the steered record example.com"),
        ("example.com", "NS", ["NS ns1.example.com."], "the steered record example.com"),
        ("shop.example.com", "A", ["CNAME shop.example.net."], "the steered record shop.example.com"),
        ("shop.example.com", "MX", ["CNAME shop.example.net."], "the steered record shop.example.com"),
    ],
)
def test_where_an_answer_comes_from(live: Live, name: str, rtype: str, *, answer: list[str], source: str) -> None:
    async def life(world: ServerWorld) -> None:
        assert await explained(world, name, rtype) == (answer, source)

    live(life, WILD)


def test_a_record_that_changes_between_a_name_and_an_address_is_replayed_right(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        world.network.set(endpoint("shop.example.net"), "refuses")
        await world.advance(200)
        start = world.clock.start
        assert (await explained(world, "shop.example.com"))[0] == ["A 192.0.2.11"]
        for rtype in ("A", "CNAME", "MX", "ANY"):
            assert (await explained(world, "shop.example.com", rtype, start + 50))[0] == ["CNAME shop.example.net."]
        assert (await explained(world, "shop.example.com", "A", start + 190))[0] == ["A 192.0.2.11"]
        assert (await explained(world, "any.example.com", "A", start + 190))[0] == ["A 192.0.2.10"]
        with pytest.raises(NotFoundError):
            await explained(world, "shop.example.com", "A", start - 1)

    live(life, WILD)


def test_metrics_and_status_agree(live: Live) -> None:
    async def life(world: ServerWorld) -> None:
        world.network.set(endpoint("192.0.2.10"), "refuses")
        await world.advance(120)
        text = Desk(world.server).metrics().decode()
        view = await Desk(world.server).status(StatusQuestion())
        assert view.totals.endpoints == {"up": 2, "down": 1}
        assert 'understudy_endpoints{state="down"} 1' in text
        shown = Counter(decision.mode for record in view.records for decision in record.decisions)
        assert shown["nodata"] == 0, "no record here has an address of IPv6, and none is to have one"
        for mode in Mode:
            assert f'understudy_records{{mode="{mode}"}} {shown[mode]}.0' in text

    live(life)


def test_the_answers_of_each_record_are_counted_by_type(live: Live) -> None:
    """Queries through `Engine.answer` are not counted, so there are none; what is asked through sockets is."""

    async def life(world: ServerWorld) -> None:
        view = await Desk(world.server).status(StatusQuestion())
        assert {record.name: record.answered for record in view.records} == {
            "*.example.com": {"A": 0, "AAAA": 0},
            "example.com": {"A": 0, "AAAA": 0},
            "shop.example.com": {"CNAME": 0},
        }
        counts = {("*.example.com.", 1): 7, ("*.example.com.", 28): 2, ("gone.example.com.", 1): 3}
        record = next(each for each in world.server.pipeline.configuration.records.values() if each.name.is_wildcard)
        assert count_answered(record, counts) == {"A": 7, "AAAA": 2}

    live(life, WILD)
