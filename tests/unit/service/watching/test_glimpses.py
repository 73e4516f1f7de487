"""A server that has just heard of a version, or fetched one, is asked for its serial until it has it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from understudy.model.name import Name
from understudy.model.transfer import NotifyTarget
from understudy.model.watch import NamedServer, ServerState
from understudy.service.watching.glimpses import AT_ONCE, Glimpses, Key
from understudy.testing.virtual_time import VirtualClock, run_virtual
from understudy.testing.watching import MANY, MANY_ZONES, ORIGIN, OUTSIDE, SECOND, SILENT, Scene, has, play
from understudy.zones.notices import Notice
from understudy.zones.sighting import Reply, Sighting

REFUSED = Reply(is_heard=True, problem="it answers REFUSED")


def test_a_server_that_acknowledges_a_version_is_asked_for_its_serial_until_it_has_it(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        begin = scene.world.clock.now()
        await scene.acknowledge(8)
        await scene.pass_s(0.05)
        assert scene.view().serial == 7
        assert scene.view().lag_s == pytest.approx(0.05, abs=0.01)
        scene.servers.shows[SECOND] = has(8)
        await scene.pass_s(0.1)
        assert (scene.view().serial, scene.view().lag_s) == (8, 0)
        assert scene.servers.asked[SECOND] == 1
        await scene.pass_s(20)
        times = [round(at - begin, 1) for place, at in scene.servers.glanced_at if place == SECOND]
        assert times == [0.0, 0.1]

    play(tmp_path, story)


def test_a_server_that_does_not_follow_is_left_to_the_looks(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        begin = scene.world.clock.now()
        await scene.acknowledge(8)
        await scene.pass_s(25)
        times = [round(at - begin, 1) for _, at in scene.servers.glanced_at]
        assert times == [0.0, 0.1, 0.3, 0.7, 1.5, 3.1, 6.3]
        assert scene.servers.asked[SECOND] == 1

    play(tmp_path, story)


@pytest.mark.parametrize("shown", [has(7), Sighting(REFUSED, REFUSED)], ids=["an older version", "nothing"])
def test_a_server_that_acknowledges_a_version_and_does_not_follow_is_told_of_it_once_more(
    tmp_path: Path, shown: Sighting
) -> None:
    async def story(scene: Scene) -> None:
        notices, target = scene.world.server.notifier.notices, NotifyTarget(SECOND.address, SECOND.port)
        scene.servers.shows[SECOND] = shown
        notices.announce(ORIGIN, 8, [target], now=scene.world.clock.now())
        for is_told_again in (True, False):
            notices.acknowledge(Notice(ORIGIN, target, 8), scene.world.clock.now())
            scene.hear(8)
            await scene.pass_s(2)
            assert [is_pending for _, _, is_pending in notices.standing(ORIGIN)] == [is_told_again]

    play(tmp_path, story)


def test_who_is_heard_of_while_the_last_question_is_under_way_is_asked_on(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.servers.takes_s = 0.5
        await scene.acknowledge(8)
        await scene.pass_s(9.5)
        assert len(scene.servers.glanced_at) == 7
        scene.servers.shows[SECOND] = has(8)
        scene.hear(8)
        await scene.pass_s(1.0)
        assert len(scene.servers.glanced_at) == 8
        assert scene.view().serial == 8

    play(tmp_path, story)


def test_the_next_version_has_its_questions_again_and_never_many_at_once(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.acknowledge(8)
        await scene.pass_s(2.0)
        scene.servers.shows[SECOND] = has(8)
        await scene.acknowledge(9)
        await scene.pass_s(1.0)
        assert scene.view().serial == 8
        before = len(scene.servers.glanced_at)
        for serial in range(10, 1010):
            scene.hear(serial)
        scene.servers.shows[SECOND] = has(1009)
        await scene.pass_s(1.0)
        assert scene.view().serial == 1009
        assert len(scene.servers.glanced_at) <= before + 2

    play(tmp_path, story)


def test_a_server_that_was_behind_is_well_again_as_soon_as_it_is_seen_to_have_followed(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.acknowledge(8)
        scene.servers.shows[OUTSIDE] = has(8)
        await scene.pass_s(31)
        assert scene.state() == ServerState.BEHIND
        scene.servers.shows[SECOND] = has(8)
        scene.hear(8)
        await scene.pass_s(0.1)
        assert scene.state() == ServerState.OK
        assert scene.alarms == {}
        assert (await scene.told())[-1][1] == "ns2.example.com (192.0.2.54:53) is well again: serial 8"

    play(tmp_path, story, zone="watch: {lag: 30s}")


def test_a_dead_server_that_acknowledges_is_looked_at_soon(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.servers.shows[SECOND] = Sighting(SILENT, SILENT)
        await scene.pass_s(95)
        assert scene.state() == ServerState.UNREACHABLE
        del scene.servers.shows[SECOND]
        scene.hear(7)
        await scene.pass_s(12)
        assert scene.state() == ServerState.OK

    play(tmp_path, story)


def test_many_acknowledgements_are_seen_to_at_a_pace(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.servers.most_under_way = 0
        scene.servers.takes_s = 0.1
        for number in range(MANY):
            scene.hear(8, OUTSIDE, Name.parse(f"z{number}.example"))
        await scene.pass_s(1.0)
        assert 40 <= len(scene.servers.glanced_at) <= 51
        await scene.pass_s(20)
        assert len(scene.servers.glanced_at) >= MANY
        assert scene.servers.most_under_way <= 2 * AT_ONCE

    play(tmp_path, story, configuration=MANY_ZONES, zone="watch: {ignore: [192.0.2.54]}")


HANDED_ON = "transfer: {to: [192.0.2.54, 198.51.100.53]}, watch: {interval: 1h}"


def test_a_server_that_was_sent_a_version_is_asked_for_its_serial(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        assert scene.view().serial == 7
        scene.servers.shows[SECOND] = has(scene.serial())
        scene.fetch()
        await scene.pass_s(0.1)
        assert (scene.view().serial, scene.view().lag_s) == (scene.serial(), 0)
        assert [place for place, _ in scene.servers.glanced_at] == [SECOND]

    play(tmp_path, story, zone=HANDED_ON)


def test_whoever_asks_for_a_version_and_may_not_have_it_is_not_asked_back(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.fetch(client="192.0.2.99")
        scene.fetch("SOA")
        await scene.pass_s(0.1)
        assert scene.servers.glanced_at == []

    play(tmp_path, story, zone=HANDED_ON)


def test_who_is_heard_of_again_does_not_wait_longer_for_it() -> None:
    async def main(clock: VirtualClock) -> list[str]:
        asked: list[str] = []

        async def glance(key: Key) -> bool:
            asked.append(key[1].name)
            return True

        keys = [(ORIGIN, NamedServer(f"ns{number}", None)) for number in range(10)]
        glimpses = Glimpses(clock, glance)
        task = asyncio.create_task(glimpses.run())
        await clock.sleep(0.001)
        for key in keys:
            glimpses.wish(key)
        await clock.sleep(0.05)
        assert len(asked) < 5
        glimpses.wish(keys[5])
        await clock.sleep(1.0)
        task.cancel()
        await asyncio.wait([task])
        return asked

    assert run_virtual(main) == [f"ns{number}" for number in range(10)]
