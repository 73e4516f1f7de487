"""Reading a configuration with its zones while somebody waits."""

from __future__ import annotations

import sys
from pathlib import Path

from understudy.model.instant import Instant
from understudy.service.candidate import Candidate, read_candidate


def read_with_progress(config: Path, now: Instant) -> Candidate:
    """Read a configuration and its zones; a terminal is shown that a large one is read, and large zones how far."""
    return _read_and_show(config, now) if sys.stderr.isatty() else read_candidate(config, now)


def _read_and_show(config: Path, now: Instant) -> Candidate:
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn  # nobody else looks

    from understudy.cli.screen import errors  # as above

    columns = (TextColumn("loading {task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        progress.add_task(str(config), total=None)
        tasks: dict[str, TaskID] = {}

        def show(zone: str, read: int, size: int) -> None:
            if zone not in tasks:
                tasks[zone] = progress.add_task(zone, total=size)
            progress.update(tasks[zone], completed=read)

        return read_candidate(config, now, show)
