"""The memory of a long-lived process, kept out of the garbage collector's way."""

from __future__ import annotations

import gc

THRESHOLDS = (5_000, 4, 2_500)  # chosen: a young collection takes a millisecond, a middle one ten (ADR 0039)


def freeze() -> None:
    """Let the collector pass over everything that is here now.

    What was loaded stays until the next reload. With 10,000 endpoints a full collection every few seconds looked at all
    of it for half a second, found nothing and held up the probes meanwhile. Nothing is collected first either: some
    hundred objects of imports would be found, however large the configuration is.
    """
    gc.set_threshold(*THRESHOLDS)
    gc.freeze()
    gc.enable()  # a start switches it off


def keep() -> None:
    """Pass over what came since as well, unseen: what was imported late, and stays."""
    gc.freeze()
