"""Short turns of the threads that share the interpreter."""

from __future__ import annotations

import sys

TURN_S = 0.0005  # chosen: a tenth of Python's own, which costs a busy thread nothing that was measured (ADR 0039)


def shorten_turns() -> None:
    """Have a thread that reads a configuration give way soon.

    The event loop gives the interpreter away at each call of the system, of which a probe makes several, and waits for
    such a thread to end its turn each time. Threads that answer queries never take part in this.
    """
    sys.setswitchinterval(TURN_S)
