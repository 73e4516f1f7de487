"""How the terminal says what it shows."""

import pytest

from understudy.cli.screen import rounded


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.35, "350ms"),
        (9.96, "10s"),
        (90.4, "1m30s"),
        (3 * 3600 + 61, "3h1m"),
        (90 * 86400 + 3700, "90d1h"),
        (2147483646, "68 years"),  # the expiry of a catalog
    ],
)
def test_a_duration_is_said_as_precisely_as_it_matters(seconds: float, said: str) -> None:
    assert rounded(seconds) == said
