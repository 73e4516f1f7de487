"""Guard 5.7 at a reload."""

from collections.abc import Callable

import pytest

from understudy.model.errors import ConfigError
from understudy.service.reload import reload
from understudy.testing.server_world import ServerWorld


def test_a_configuration_that_leaves_a_record_with_nothing_to_answer_is_refused_unless_it_is_forced(
    live: Callable[..., None],
) -> None:
    async def life(world: ServerWorld) -> None:
        text = (world.folder / "understudy.yaml").read_text()
        silent = text.replace("[192.0.2.10, 192.0.2.11]", "[{address: 192.0.2.10, disabled: true}]")
        silent = silent.replace("[198.51.100.10]", "[{address: 198.51.100.10, disabled: true}]")
        (world.folder / "understudy.yaml").write_text(silent)
        with pytest.raises(ConfigError) as refused:
            await reload(world.server, "ada")
        assert {problem.code for problem in refused.value.problems} == {"record.nothing-to-answer"}
        assert [problem.line for problem in refused.value.problems] == [10, 11]
        assert world.server.candidate.text == text
        await reload(world.server, "ada", is_forced=True)
        assert world.server.candidate.text == silent
        assert "configuration/empty" in {alarm.key for alarm in world.server.alarms.active}

    live(life)
