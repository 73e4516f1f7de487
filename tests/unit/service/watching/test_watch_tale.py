"""What is told of a name server that is at fault for many zones."""

from pathlib import Path

from understudy.testing.watching import MANY, MANY_ZONES, OUTSIDE, SILENT, Scene, play
from understudy.zones.sighting import Reply, Sighting


def test_a_server_that_is_lame_for_many_zones_is_one_alarm(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        scene.servers.shows[OUTSIDE] = Sighting(Reply(is_heard=True, problem="it answers REFUSED"), SILENT)
        await scene.pass_s(300)
        (text,) = scene.alarms.values()
        assert set(scene.alarms) == {"servers/198.51.100.53:53"}
        assert text.startswith(f"{MANY} zones lame at ns.elsewhere.example (198.51.100.53:53): ")
        assert "REFUSED" in text
        del scene.servers.shows[OUTSIDE]
        await scene.pass_s(200)
        assert scene.alarms == {}

    play(tmp_path, story, configuration=MANY_ZONES)
