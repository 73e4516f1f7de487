from __future__ import annotations

from pathlib import Path

import pytest

from understudy.testing.server_world import tell_story

STORIES = sorted(Path(__file__).parent.glob("*.story"))


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_the_story_comes_out_as_told(path: Path, tmp_path: Path) -> None:
    tell_story(path, tmp_path)


def test_there_are_stories() -> None:
    assert len(STORIES) >= 10
