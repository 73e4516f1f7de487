"""Lines that are too long for a terminal."""

import pytest
from rich.console import Console
from rich.text import Text

from understudy.cli.hanging import Hanging

TITLE = "www.example.com  tiers, checked by http://www.example.com/healthz\n  A     → 192.0.2.10, 192.0.2.11  ttl 30"


def lines(width: int) -> list[str]:
    """What a terminal of that many columns shows."""
    console = Console(width=width, color_system=None)
    with console.capture() as captured:
        console.print(Hanging(Text(TITLE)))
    return captured.get().splitlines()


@pytest.mark.parametrize("width", [34, 40, 50, 60])
def test_what_is_left_of_a_line_stands_further_in(width: int) -> None:
    shown = lines(width)
    assert max(map(len, shown)) <= width
    assert " ".join(" ".join(shown).split()) == " ".join(TITLE.split())
    begins = [line for line in shown if line.startswith(("www.", "  A "))]
    assert len(begins) == 2
    first, second = (shown.index(line) for line in begins)
    assert all(line.startswith("  ") and line[2] != " " for line in shown[first + 1 : second])
    assert all(line.startswith("    ") and line[4] != " " for line in shown[second + 1 :])
    assert len(shown) > 2


def test_what_fits_and_what_is_too_narrow_stay_as_they_are() -> None:
    assert lines(100) == TITLE.splitlines()
    assert "\n".join(lines(21)).startswith("www.example.com")
