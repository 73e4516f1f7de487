"""Name servers watched in virtual time: they fall silent, lag, lie and recover; events and alarms say so."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from understudy.model.event import Severity
from understudy.model.name import Name
from understudy.model.transfer import NotifyTarget
from understudy.model.watch import ServerState
from understudy.service.primary.refused import Refusal
from understudy.service.watching.server_report import report_name_servers
from understudy.service.zone_table import LoadedZone
from understudy.testing.watching import (
    CONFIGURATION,
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
from understudy.zones.notices import Notice
from understudy.zones.sighting import Reply, Sample, Sighting


def test_every_name_server_is_looked_at_but_this_one(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        assert scene.servers.asked == {SECOND: 1, OUTSIDE: 1}
        views = report_name_servers(scene.world.server, ORIGIN, 7)
        assert {(view.name, view.server, view.state, view.serial) for view in views} == {
            ("ns1.example.com", "127.0.0.1:53", "self", 7),
            ("ns2.example.com", "192.0.2.54:53", "ok", 7),
            ("ns.elsewhere.example", "198.51.100.53:53", "ok", 7),
        }
        assert scene.alarms == {}
        await scene.pass_s(600)
        assert 10 <= scene.servers.asked[SECOND] <= 12

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("sighting", "state", "key"),
    [
        (Sighting(SILENT, SILENT), ServerState.UNREACHABLE, "server/192.0.2.54:53"),
        (Sighting(has(7).udp, SILENT), ServerState.NO_TCP, "server/192.0.2.54:53"),
        (Sighting(SILENT, has(7).tcp), ServerState.NO_UDP, "server/192.0.2.54:53"),
        (has(8), ServerState.AHEAD, "server/example.com/192.0.2.54:53"),
        (
            Sighting(Reply(is_heard=True, problem="it answers REFUSED"), SILENT),
            ServerState.LAME,
            "server/example.com/192.0.2.54:53",
        ),
        (replace(has(7), differences=("www A",)), ServerState.DIFFERS, "server/example.com/192.0.2.54:53"),
    ],
)
def test_a_fault_and_its_end_are_events_and_an_alarm(
    tmp_path: Path, sighting: Sighting, state: ServerState, key: str
) -> None:
    async def story(scene: Scene) -> None:
        scene.servers.shows[SECOND] = sighting
        await scene.pass_s(90)
        assert scene.state() == state
        assert set(scene.alarms) == {key}
        assert "ns2.example.com (192.0.2.54:53)" in scene.alarms[key]
        del scene.servers.shows[SECOND]
        await scene.pass_s(70)
        assert scene.state() == ServerState.OK
        assert scene.alarms == {}
        (fault, recovered) = await scene.told()
        assert fault[0] is Severity.WARNING
        assert recovered == (Severity.INFO, "ns2.example.com (192.0.2.54:53) is well again: serial 7")

    play(tmp_path, story)


def test_a_secondary_that_refused_to_hear_of_the_zone_is_told_again_when_it_has_it(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        notices, target = scene.world.server.notifier.notices, NotifyTarget(SECOND.address, SECOND.port)
        now = scene.world.clock.now()
        notices.announce(ORIGIN, 7, [target], now=now)
        notices.refuse(Notice(ORIGIN, target, 7), "answers NOTAUTH to NOTIFY")
        await scene.pass_s(70)
        assert [(told.problem, is_pending) for _, told, is_pending in notices.standing(ORIGIN)] == [("", True)]

    play(tmp_path, story)


def test_a_secondary_that_nobody_watches_is_told_again_when_it_has_fetched_the_zone(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        notices, target = scene.world.server.notifier.notices, NotifyTarget(SECOND.address, SECOND.port)
        notices.announce(ORIGIN, 7, [target], now=scene.world.clock.now())
        notices.refuse(Notice(ORIGIN, target, 7), "answers NOTAUTH to NOTIFY")
        scene.fetch()
        assert [(told.problem, is_pending) for _, told, is_pending in notices.standing(ORIGIN)] == [("", True)]

    play(tmp_path, story, zone="transfer: {to: [192.0.2.54]}, watch: false")


def test_servers_are_looked_at_from_the_address_that_they_are_to_see(tmp_path: Path) -> None:
    second, outside = replace(SECOND, via="127.0.0.4"), replace(OUTSIDE, via="127.0.0.3")
    told = "transfer: {to: [192.0.2.54], notify: [{address: 192.0.2.54, via: 127.0.0.4}]}"
    configuration = CONFIGURATION.replace("zones:", "server: {via: [127.0.0.3]}\nzones:")

    async def story(scene: Scene) -> None:
        await scene.pass_s(70)
        assert set(scene.servers.asked) == {second, outside}
        scene.hear(8)
        await scene.pass_s(1)
        assert {place for place, _ in scene.servers.glanced_at} == {second}
        assert {each.via for each, _, _ in scene.world.server.notifier.notices.standing(ORIGIN)} == {"127.0.0.4"}
        assert scene.world.server.notifier.vias == ("127.0.0.3",)
        assert await scene.world.reload(configuration.replace("127.0.0.3", "127.0.0.5").replace("WATCH", told)) == ""
        assert scene.world.server.notifier.vias == ("127.0.0.5",)

    play(tmp_path, story, configuration=configuration, zone=told)


def test_who_is_sent_the_zone_is_refused_it_no_more(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        refused = scene.world.server.refused
        for client in (SECOND.address, "192.0.2.9"):
            refused.note(ORIGIN, Refusal(client, None, "no", 0.0))
        scene.fetch()
        assert [each.client for each in refused.of(ORIGIN)] == ["192.0.2.9"]

    play(tmp_path, story, zone="transfer: {to: [192.0.2.54]}")


def test_a_look_that_fails_once_is_not_told(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.servers.shows[SECOND] = Sighting(SILENT, SILENT)
        await scene.pass_s(45)
        assert scene.servers.asked[SECOND] == 2
        del scene.servers.shows[SECOND]
        await scene.pass_s(60)
        assert await scene.told() == []

    play(tmp_path, story)


def test_a_server_that_stops_following_is_behind_when_its_limit_has_passed(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        (tmp_path / "example.com.zone").write_text(ZONE.replace("SERIAL", "8"))
        await scene.world.reload(CONFIGURATION.replace("WATCH", "watch: {lag: 30s}"))
        scene.servers.shows[OUTSIDE] = has(8)
        await scene.pass_s(29)
        assert scene.alarms == {}
        await scene.pass_s(45)
        assert scene.state() == ServerState.BEHIND
        assert scene.state(OUTSIDE) == ServerState.OK
        (text,) = scene.alarms.values()
        assert "ns2.example.com (192.0.2.54:53) of example.com has not followed for" in text
        assert "it has serial 7, and 8 is the newest" in text
        views = {view.name: view for view in report_name_servers(scene.world.server, ORIGIN, 8)}
        assert (views["ns2.example.com"].lag_s or 0) > 30
        assert views["ns.elsewhere.example"].lag_s == 0
        scene.servers.shows[SECOND] = has(8)
        await scene.pass_s(60)
        assert scene.alarms == {}

    play(tmp_path, story, zone="watch: {lag: 30s}")


def test_a_difference_of_another_version_is_no_difference(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.servers.shows[SECOND] = replace(has(6), differences=("www A",))
        await scene.pass_s(90)
        assert scene.state() == ServerState.OK

    play(tmp_path, story)


def test_a_difference_is_none_where_a_new_version_came_during_the_look(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.servers.shows[SECOND] = replace(has(7), differences=("www A",))
        scene.servers.takes_s, asked = 0.5, scene.servers.asked[SECOND]
        while scene.servers.asked[SECOND] == asked:
            await scene.pass_s(0.1)
        (tmp_path / "example.com.zone").write_text(ZONE.replace("SERIAL", "8"))
        await scene.world.reload(CONFIGURATION.replace("WATCH", "watch: true"))
        await scene.pass_s(1)
        (watched,) = (each for named, each in scene.world.server.watched[ORIGIN].items() if named.place == SECOND)
        assert (watched.serial, watched.is_in_doubt) == (7, False)

    play(tmp_path, story)


def test_steered_records_are_sampled_with_what_they_answer(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        assert list(scene.servers.samples[SECOND]) == [
            Sample("www.example.com.", "A", (frozenset({"192.0.2.10"}),)),
            Sample("www.example.com.", "AAAA", (frozenset(),)),
        ]

    play(tmp_path, story)


def test_all_records_have_their_turn_at_each_server(tmp_path: Path) -> None:
    names = [f"r{number}.example.com" for number in range(7)]
    records = "".join(f"  {name}: {{tiers: [[192.0.2.10]]}}\n" for name in names)

    async def story(scene: Scene) -> None:
        seen = {place: set[str]() for place in (SECOND, OUTSIDE)}
        for _ in range(300):
            await scene.pass_s(1)
            for place, samples in scene.servers.samples.items():
                seen[place] |= {sample.owner for sample in samples}
                assert len(samples) <= 6
        assert seen == {place: {f"{name}." for name in names} for place in (SECOND, OUTSIDE)}

    play(tmp_path, story, configuration=CONFIGURATION.partition("  www")[0] + records)


def test_a_server_that_lacks_the_version_of_a_decision_is_behind_though_no_file_has_changed(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        server = scene.world.server
        scene.servers.shows = dict.fromkeys((SECOND, OUTSIDE), has(scene.serial()))
        task = asyncio.ensure_future(server.versions.run())
        await scene.pass_s(120)
        before = scene.serial()
        assert scene.state() != ServerState.BEHIND
        scene.servers.shows = dict.fromkeys((SECOND, OUTSIDE), has(before))
        www = Name.parse("www.example.com")
        server.pipeline.past[www] = replace(server.pipeline.past[www], decisions={})
        server.versions.note(ORIGIN, (www,))
        await scene.pass_s(240)
        assert scene.serial() == before + 1
        assert scene.state() == ServerState.BEHIND
        task.cancel()

    play(tmp_path, story, zone="transfer: {to: [192.0.2.54], notify: []}")


def test_a_turn_looks_at_what_is_due_and_not_at_every_zone(tmp_path: Path) -> None:
    class Zones(dict[Name, LoadedZone]):
        def __iter__(self) -> Iterator[Name]:
            raise AssertionError("every zone is looked at")

        keys = values = items = __iter__  # type: ignore[assignment]  # they do so as well

    class Listless:
        def __getattr__(self, attribute: str) -> Any:
            assert attribute not in {"zones", "serial"}, "the engine is asked though nothing has changed"
            return getattr(engine, attribute)

    engine: Any = None

    async def story(scene: Scene) -> None:
        nonlocal engine
        server = scene.world.server
        engine, zones = server.engine, server.zones
        server.engine, server.zones = Listless(), Zones(zones)  # type: ignore[assignment]  # it can do all the rest
        before = scene.servers.asked.total()
        await scene.pass_s(120)
        assert scene.servers.asked.total() > before
        server.engine, server.zones = engine, zones

    play(tmp_path, story, configuration=MANY_ZONES)


def test_zones_that_are_handed_on_are_watched_and_others_only_on_request(tmp_path: Path) -> None:
    def servers_of(watch: str) -> set[str]:
        found: set[str] = set()

        async def story(scene: Scene) -> None:
            found.update(str(named) for named in scene.world.server.watched.get(ORIGIN, {}))

        play(tmp_path, story, zone=watch)
        return found

    named = {"ns1.example.com (127.0.0.1:53)", "ns2.example.com (192.0.2.54:53)"}
    outside = "ns.elsewhere.example (198.51.100.53:53)"
    assert servers_of("transfer: {to: [192.0.2.54]}") == {*named, outside}
    assert servers_of("watch: false") == set()
    assert servers_of("transfer: {to: [192.0.2.54]}, watch: false") == set()
    assert servers_of("watch: {ignore: [198.51.100.53]}") == named
    assert servers_of("watch: {servers: ['192.0.2.99:5353', 192.0.2.54]}") == {*named, outside, "192.0.2.99:5353"}
    told = "transfer: {to: [192.0.2.54], notify: ['192.0.2.99:53']}"
    assert servers_of(told) == {*named, outside, "192.0.2.99:53"}


def test_a_server_without_an_address_is_told(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        (tmp_path / "example.com.zone").write_text(ZONE.replace("SERIAL", "7").replace("elsewhere", "nowhere"))
        await scene.world.reload(CONFIGURATION.replace("WATCH", "watch: true"))
        await scene.pass_s(90)
        assert set(scene.alarms) == {"server/ns.nowhere.example"}
        text = "ns.nowhere.example cannot be asked: no address is known for it"
        assert scene.alarms["server/ns.nowhere.example"] == text

    play(tmp_path, story)


def test_the_name_server_of_a_catalog_is_nobody(tmp_path: Path) -> None:
    """RFC 9432 4.1 has it named so."""

    async def story(scene: Scene) -> None:
        (tmp_path / "example.com.zone").write_text(
            ZONE.replace("SERIAL", "7").replace("ns.elsewhere.example.", "invalid.")
        )
        await scene.world.reload(CONFIGURATION.replace("WATCH", "watch: true"))
        await scene.pass_s(90)
        assert scene.alarms == {}
        assert {named.name for named in scene.world.server.watched[ORIGIN]} == {"ns1.example.com", "ns2.example.com"}

    play(tmp_path, story)


def test_a_server_that_is_named_no_more_has_no_alarm(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.servers.shows[SECOND] = Sighting(SILENT, SILENT)
        await scene.pass_s(90)
        assert set(scene.alarms) == {"server/192.0.2.54:53"}
        await scene.world.reload(CONFIGURATION.replace("WATCH", "watch: {ignore: [192.0.2.54]}"))
        await scene.pass_s(5)
        assert scene.alarms == {}
        await scene.world.reload(CONFIGURATION.replace("WATCH", "watch: false"))
        await scene.pass_s(5)
        assert scene.world.server.watched == {}

    play(tmp_path, story)
