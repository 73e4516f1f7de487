"""How long a thread may keep the interpreter from the event loop."""

import sys

from understudy.service.turns import TURN_S, shorten_turns

PYTHONS_OWN_S = 0.005


def test_turns_are_shorter_than_the_interpreters_own() -> None:
    before = sys.getswitchinterval()
    try:
        sys.setswitchinterval(PYTHONS_OWN_S)
        shorten_turns()
        assert 0 < sys.getswitchinterval() <= TURN_S < PYTHONS_OWN_S
    finally:
        sys.setswitchinterval(before)
