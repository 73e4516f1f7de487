"""Our resolver says nothing of name servers outside of our zones: they are shown as unknown, and none is blamed."""

from __future__ import annotations

from pathlib import Path

from understudy.model.event import EventKind, Severity
from understudy.model.name import Name
from understudy.model.watch import ServerState
from understudy.service.reports.measure import measure
from understudy.service.watching.server_report import report_name_servers
from understudy.store.store import EventFilter
from understudy.testing.watching import CONFIGURATION, MANY, MANY_ZONES, ORIGIN, OUTSIDE, ZONE, Scene, play

LATE, LATER = "ns.late.example", "ns.later.example"


async def _name(scene: Scene, *hosts: str) -> None:
    """The zone names these outside of it instead of the one that it did."""
    servers = "".join(f"        IN NS   {host}.\n" for host in hosts)
    text = ZONE.replace("SERIAL", "7").replace("        IN NS   ns.elsewhere.example.\n", servers)
    (scene.world.folder / "example.com.zone").write_text(text)
    await scene.world.reload(CONFIGURATION.replace("WATCH", "watch: true"))


async def _told(scene: Scene) -> list[tuple[Severity, str]]:
    events = await scene.world.server.store.events(EventFilter(kinds=frozenset({EventKind.ALARM})))
    return [(each.severity, each.text) for each in events if each.subject == "resolver"]


def test_a_server_that_our_resolver_says_nothing_about_is_shown_as_unknown_and_asked_when_it_is_known(
    tmp_path: Path,
) -> None:
    async def story(scene: Scene) -> None:
        scene.servers.is_resolver_dead = True
        since = scene.world.clock.now()
        await _name(scene, LATE)
        await scene.pass_s(100)
        (view,) = [each for each in report_name_servers(scene.world.server, ORIGIN, 7) if each.name == LATE]
        assert (view.server, view.state, view.serial, view.looked_at) == ("", "unknown", None, None)
        assert view.text == (
            f"our resolver could not answer for {LATE}; its addresses are not known, so it is not asked"
        )
        assert view.since is not None
        assert since <= view.since < since + 2, "not when it was asked last"
        readings = measure(scene.world.server)
        assert readings.name_servers[ServerState.UNKNOWN] == 1
        assert {server for _, server in readings.name_server_lags_s} == {"192.0.2.54:53"}
        assert scene.alarms == {}
        scene.servers.is_resolver_dead, scene.servers.host = False, f"{LATE}."
        await scene.pass_s(60)
        assert scene.state(OUTSIDE) == ServerState.OK
        assert [each.name for each in scene.world.server.watched[ORIGIN]].count(LATE) == 1

    play(tmp_path, story)


def test_a_resolver_that_is_silent_for_long_is_one_alarm_and_two_events(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.servers.is_resolver_dead = True
        await _name(scene, LATE, LATER)
        await scene.pass_s(295)
        assert scene.alarms == {}
        await scene.pass_s(40)
        assert set(scene.alarms) == {"resolver"}
        text = scene.alarms["resolver"]
        assert text.startswith("our resolver could not answer for ns.late")
        assert text.endswith(" (likewise for 1 other name server); addresses that were known before stay in use")
        await scene.pass_s(1000)
        assert set(scene.alarms) == {"resolver"}
        scene.servers.is_resolver_dead, scene.servers.host = False, f"{LATE}."
        await scene.pass_s(32)
        assert "resolver" not in scene.alarms
        (begun, over) = await _told(scene)
        assert begun == (Severity.ALARM, text)
        assert over[0] is Severity.INFO

    play(tmp_path, story)


def test_a_silence_that_was_short_is_not_told(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.servers.is_resolver_dead = True
        await _name(scene, LATE)
        await scene.pass_s(290)
        scene.servers.is_resolver_dead = False
        await scene.pass_s(600)
        assert "resolver" not in scene.alarms
        assert await _told(scene) == []

    play(tmp_path, story)


def test_what_nobody_names_any_more_keeps_no_alarm(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.servers.is_resolver_dead = True
        await _name(scene, LATE)
        await scene.pass_s(400)
        assert set(scene.alarms) == {"resolver"}
        await _name(scene)
        await scene.pass_s(3)
        assert scene.alarms == {}
        await _name(scene, LATE)
        await scene.pass_s(400)
        await scene.world.reload(CONFIGURATION.replace("WATCH", "watch: false"))
        await scene.pass_s(3)
        assert scene.alarms == {}

    play(tmp_path, story)


def test_known_addresses_are_used_on_while_the_resolver_is_silent(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.servers.is_resolver_dead = True
        assert scene.servers.resolved == 1
        await scene.pass_s(2000)
        assert scene.servers.resolved > 1
        assert scene.state(OUTSIDE) == ServerState.OK
        asked = scene.servers.asked[OUTSIDE]
        await scene.pass_s(70)
        assert scene.servers.asked[OUTSIDE] > asked
        assert set(scene.alarms) == {"resolver"}
        assert {each.name for each in scene.world.server.watched[ORIGIN]} == {
            "ns1.example.com",
            "ns2.example.com",
            "ns.elsewhere.example",
        }

    play(tmp_path, story)


def test_a_silent_resolver_is_not_asked_by_every_zone_and_keeps_no_zone_waiting(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.servers.is_resolver_dead = True
        before = scene.servers.resolved
        await scene.pass_s(1210)
        assert scene.servers.resolved - before <= 1210 / 15
        others = [Name.parse(f"z{number}.example") for number in range(MANY)]
        assert all(OUTSIDE in {named.place for named in scene.world.server.watched[each]} for each in others)

    play(tmp_path, story, configuration=MANY_ZONES)


def test_what_one_zone_hears_of_a_server_while_another_still_waits_harms_neither(tmp_path: Path) -> None:
    both = "listen: 127.0.0.1:0\nzones:\n" + "".join(
        f"  {name}.example: {{file: {name}.zone, watch: true}}\n" for name in ("one", "two")
    )

    async def story(scene: Scene) -> None:
        scene.servers.is_resolver_dead, scene.servers.resolving_s = True, {f"{LATER}.": 60.0}
        for name, hosts in (("one", (LATE, LATER)), ("two", (LATE,))):
            servers = "".join(f" IN NS {host}.\n" for host in hosts)
            (scene.world.folder / f"{name}.zone").write_text(f"@ 60 IN SOA ns a 7 1h 15m 1w 60\n{servers}")
        await scene.world.reload(both)
        await scene.pass_s(20)
        scene.servers.is_resolver_dead, scene.servers.host = False, f"{LATE}."
        await scene.pass_s(200)
        for name in ("one", "two"):
            assert scene.state(OUTSIDE, Name.parse(f"{name}.example")) == ServerState.OK

    play(tmp_path, story)
