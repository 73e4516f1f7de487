"""How long a thread may keep the interpreter from the event loop."""

import sys

from understudy.service.turns import TURN_S, shorten_turns


def test_turns_are_shorter_than_the_interpreters_own() -> None:
    before = sys.getswitchinterval()
    try:
        shorten_turns()
        assert 0 < sys.getswitchinterval() <= TURN_S < before
    finally:
        sys.setswitchinterval(before)
