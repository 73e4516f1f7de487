"""Name servers of catalogs (RFC 9432), which many servers tell nothing about."""

from __future__ import annotations

from pathlib import Path

from understudy.model.name import Name
from understudy.model.transfer import NotifyTarget
from understudy.model.watch import ServerState
from understudy.testing.watching import CONFIGURATION, SECOND, Scene, play
from understudy.zones.notices import Notice
from understudy.zones.sighting import Lack, Reply, Sighting


def test_a_server_that_refuses_to_speak_of_a_catalog_is_no_fault_and_counts_as_heard_for_its_zones(
    tmp_path: Path,
) -> None:
    """Knot answers about catalogs over TCP alone, and only who may fetch them: an alarm for ever would be false."""
    catalog, origin = "  catalog.example: {source: catalog, WATCH, transfer: TO}\n", Name.parse("catalog.example")
    text = CONFIGURATION.replace("records:", f"{catalog}records:")
    refusal = Reply(is_heard=True, problem="it answers REFUSED", lack=Lack.REFUSED)

    async def story(scene: Scene) -> None:
        scene.servers.shows[SECOND] = Sighting(refusal, refusal)
        notices, target = scene.world.server.notifier.notices, NotifyTarget(SECOND.address, SECOND.port)
        notices.announce(origin, 9, [target], now=scene.world.clock.now())
        notices.acknowledge(Notice(origin, target, 9), scene.world.clock.now())
        scene.hear(9, origin=origin)
        await scene.pass_s(200)
        assert (scene.state(origin=origin), scene.state()) == (ServerState.OK, ServerState.LAME)
        assert set(scene.alarms) == {"server/example.com/192.0.2.54:53"}
        assert [told.reminded_of for _, told, _ in notices.standing(origin)] == [None]

    to = "{to: [192.0.2.54], notify: [192.0.2.54]}"
    play(tmp_path, story, configuration=text.replace("TO}", f"{to}}}"))
