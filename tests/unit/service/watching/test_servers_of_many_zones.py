"""What is found out of a server holds for all zones that name it."""

from __future__ import annotations

from pathlib import Path

from understudy.model.event import Severity
from understudy.model.name import Name
from understudy.model.watch import ServerState
from understudy.service.watching.watch import AT_ONCE
from understudy.testing.watching import (
    CONFIGURATION,
    MANY,
    MANY_ZONES,
    ORIGIN,
    OUTSIDE,
    SECOND,
    SILENT,
    ZONE,
    Scene,
    has,
    play,
)
from understudy.zones.sighting import Sighting


def test_what_a_zone_found_out_of_a_server_holds_for_others_for_two_intervals_if_it_goes(tmp_path: Path) -> None:
    both = CONFIGURATION.replace("records:", "  example.net: {file: example.com.zone, WATCH}\nrecords:")

    async def story(scene: Scene) -> None:
        scene.servers.shows[SECOND] = Sighting(SILENT, SILENT)
        await scene.pass_s(90)
        asker = scene.watch._silent[SECOND].asker[0]
        rest = "example.net" if asker == ORIGIN else "example.com"
        records = "" if rest == "example.net" else both[both.index("records:") :]
        only = f"listen: 127.0.0.1:0\nzones:\n  {rest}: {{file: example.com.zone, watch: true}}\n{records}"
        assert await scene.world.reload(only) == ""
        del scene.servers.shows[SECOND]
        await scene.pass_s(60)
        assert scene.state(origin=Name.parse(rest)) == ServerState.UNREACHABLE
        await scene.pass_s(130)
        assert scene.state(origin=Name.parse(rest)) == ServerState.OK

    play(tmp_path, story, configuration=both)


def test_a_server_that_answers_over_tcp_only_is_asked_for_each_of_its_zones(tmp_path: Path) -> None:
    both = CONFIGURATION.replace("records:", "  example.net: {file: example.com.zone, WATCH}\nrecords:")

    async def story(scene: Scene) -> None:
        scene.servers.shows[SECOND] = Sighting(SILENT, has(7).tcp)
        before = scene.servers.asked[SECOND]
        await scene.pass_s(600)
        assert scene.servers.asked[SECOND] - before >= 2 * 10, "it may have one zone and lack the other"
        assert "(2 zones)" in scene.alarms["server/192.0.2.54:53"]

    play(tmp_path, story, configuration=both)


def test_the_first_answer_of_a_dead_server_ends_its_silence_for_all_zones(tmp_path: Path) -> None:
    both = CONFIGURATION.replace("records:", "  example.net: {file: example.com.zone, WATCH}\nrecords:")

    async def story(scene: Scene) -> None:
        scene.servers.shows[SECOND] = Sighting(SILENT, SILENT)
        await scene.pass_s(200)
        asker = scene.watch._silent[SECOND].asker[0]
        (other,) = {ORIGIN, Name.parse("example.net")} - {asker}
        del scene.servers.shows[SECOND]
        while scene.state(origin=asker) != ServerState.OK:
            assert scene.state(origin=other) == ServerState.UNREACHABLE
            await scene.pass_s(1)
        await scene.pass_s(60)
        assert scene.state(origin=other) == ServerState.OK

    play(tmp_path, story, configuration=both)


def test_a_dead_server_of_many_zones_is_asked_for_one_and_is_one_alarm(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        assert scene.servers.asked[OUTSIDE] == MANY
        scene.servers.shows[OUTSIDE] = Sighting(SILENT, SILENT)
        scene.servers.takes_s = 9.0
        await scene.pass_s(300)
        assert scene.servers.most_under_way <= AT_ONCE
        assert set(scene.alarms) == {"server/198.51.100.53:53"}
        assert f"({MANY} zones)" in scene.alarms["server/198.51.100.53:53"]
        before = scene.servers.asked[OUTSIDE]
        await scene.pass_s(300)
        assert scene.servers.asked[OUTSIDE] - before <= 6
        scene.servers.shows.clear()
        scene.servers.takes_s = 0.0
        await scene.pass_s(200)
        assert scene.alarms == {}
        assert [severity for severity, text in await scene.told() if "198.51.100.53" in text] == [
            Severity.WARNING,
            Severity.INFO,
        ]

    zone = "ns.elsewhere.example"
    configuration = MANY_ZONES
    assert zone in ZONE
    play(tmp_path, story, configuration=configuration, zone="watch: {ignore: [192.0.2.54]}")
