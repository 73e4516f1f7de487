"""Name servers for which their zone has no address are told of versions where the watch finds them."""

from __future__ import annotations

from pathlib import Path

from understudy.testing.watching import CONFIGURATION, ORIGIN, OUTSIDE, SECOND, ZONE, Scene, play
from understudy.zones.notices import Notice


def told_servers(scene: Scene) -> set[str]:
    return {str(target) for target, _, _ in scene.world.server.notifier.notices.standing(ORIGIN)}


def test_a_name_server_outside_of_the_zone_is_told_of_versions_where_the_resolver_finds_it(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        assert told_servers(scene) == {str(SECOND), str(OUTSIDE)}
        scene.servers.is_resolver_dead = True
        await scene.acknowledge(8)
        await scene.pass_s(1)
        assert told_servers(scene) == {str(SECOND), str(OUTSIDE)}

    play(tmp_path, story, zone="transfer: {to: [192.0.2.54]}")


def test_servers_are_told_once_more_when_others_may_fetch_the_zone(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        notices = scene.world.server.notifier.notices

        def waiting() -> list[bool]:
            return [is_pending for _, _, is_pending in notices.standing(ORIGIN)]

        def acknowledge() -> None:
            for target, _, _ in list(notices.standing(ORIGIN)):
                notices.acknowledge(Notice(ORIGIN, target, scene.serial()), scene.world.clock.now())

        acknowledge()
        for others, is_told in (("192.0.2.54", False), ("192.0.2.0/24", True), ("192.0.2.0/24", False)):
            watch = "transfer: {to: [OTHERS], merge: 200ms}".replace("OTHERS", others)
            assert await scene.world.reload(CONFIGURATION.replace("WATCH", watch)) == ""
            await scene.pass_s(2)
            assert waiting() == [is_told, is_told], others
            acknowledge()

    play(tmp_path, story, zone="transfer: {to: [192.0.2.54]}")


def test_a_resolver_that_begins_to_speak_is_heard_soon(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.servers.is_resolver_dead = True
        other = ZONE.replace("SERIAL", "7").replace("elsewhere", "late")
        (tmp_path / "example.com.zone").write_text(other)
        await scene.world.reload(CONFIGURATION.replace("WATCH", "transfer: {to: [192.0.2.54]}"))
        await scene.pass_s(10)
        assert told_servers(scene) == {str(SECOND)}
        scene.servers.is_resolver_dead, scene.servers.host = False, "ns.late.example."
        await scene.pass_s(30)
        assert told_servers(scene) == {str(SECOND), str(OUTSIDE)}

    play(tmp_path, story, zone="transfer: {to: [192.0.2.54]}")


def test_a_name_server_whose_address_is_in_another_zone_here_needs_no_resolver(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.servers.is_resolver_dead = True
        other = ZONE.replace("SERIAL", "7").replace("ns.elsewhere.example.", "ns3.other.example.")
        (tmp_path / "example.com.zone").write_text(other)
        (tmp_path / "other.zone").write_text("@ 60 SOA ns3 h 1 1 1 1 1\n@ 60 NS ns3\nns3 60 A 203.0.113.3\n")
        zones = "zones:\n  other.example: {file: other.zone}\n"
        text = CONFIGURATION.replace("WATCH", "transfer: {to: [192.0.2.54]}").replace("zones:\n", zones)
        await scene.world.reload(text)
        await scene.pass_s(1)
        assert told_servers(scene) == {str(SECOND), "203.0.113.3:53"}

    play(tmp_path, story, zone="transfer: {to: [192.0.2.54]}")
