"""Tasks and threads have owners: who may start one is listed here, with the reason."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

SOURCE = Path("src/understudy")

OWNERS = {
    "service/serving.py": "opens the one task group for the supervisor",
    "service/supervise.py": "owns every stage and side task, in one task group",
    "service/secondary/secondaries.py": "owns a task for each zone that is asked for or saved, in one task group",
    "service/secondary/offers.py": "owns a task for each primary that is asked, until it was heard or the asking ends",
    "service/secondary/lingering.py": "owns a task for each transfer that may take longer than others are kept waiting",
    "service/secondary/together.py": "owns a thread that waits for what a primary says of many zones, until it has",
    "service/watching/watch.py": "owns a task for each look at a name server, a bounded number, in one task group",
    "service/watching/glimpses.py": "owns a task for each question about a serial, a bounded number, in one task group",
    "monitor/monitor.py": "owns a task for each running probe, also one that ignores its cancellation",
    "api/listener.py": "owns the HTTP server's task, which has to outlive the cancellation that asks it to leave",
    "service/copy_files.py": "has the disk keep several copies at a time, in threads that it waits for",
    "store/sqlite_store.py": "owns the one thread that writes",
    "checks/transport/resolve.py": "owns threads that wait for the system's resolver, which cannot be cancelled",
    "testing": "makes the loops and the peers that tests run in",
}

STARTERS = {"create_task", "ensure_future", "run_coroutine_threadsafe", "Thread", "TaskGroup", "ThreadPoolExecutor"}


def starts(tree: ast.Module) -> Iterator[int]:
    """Lines that start a task or a thread, or make what starts them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in STARTERS:
            yield node.lineno


def _owner(path: Path) -> str | None:
    """The entry of the list that speaks of a module."""
    inside = path.relative_to(SOURCE)
    return next((name for name in OWNERS if Path(name) in (inside, *inside.parents)), None)


def test_tasks_and_threads_are_started_by_their_owners_only(
    trees: Mapping[Path, ast.Module], nothing_found: Callable[[Iterable[str]], None]
) -> None:
    nothing_found(
        f"{path}:{line}: starts a task or a thread; {', '.join(OWNERS)} do"
        for path, tree in trees.items()
        if SOURCE in path.parents and _owner(path) is None
        for line in starts(tree)
    )


def test_every_listed_owner_starts_something(trees: Mapping[Path, ast.Module]) -> None:
    used = {_owner(path) for path, tree in trees.items() if SOURCE in path.parents and list(starts(tree))}
    assert set(OWNERS) <= used


def test_tasks_and_threads_started_in_passing_are_rejected(sample: Callable[[str], tuple[str, set[int]]]) -> None:
    text, rejected = sample("tasks.py")
    assert set(starts(ast.parse(text))) == rejected
