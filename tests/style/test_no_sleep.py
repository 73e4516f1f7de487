"""Tests below integration never really sleep: time is virtual, and what is waited for is an event."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

MAY_SLEEP = Path("tests/integration")


def _called(node: ast.Call) -> str:
    return ast.unparse(node.func)


def _is_turn(node: ast.Call) -> bool:
    """`sleep(0)` gives way to other tasks and takes no time."""
    return bool(node.args) and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0


def real_sleeps(tree: ast.Module) -> Iterator[int]:
    """Lines that sleep by the real clock.

    `asyncio.sleep` is virtual under the virtual loop, and real in a module that also runs the real one.
    """
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    has_real_loop = any(_called(call) in {"asyncio.run", "asyncio.Runner", "uvloop.run"} for call in calls)
    for call in calls:
        is_blocking = _called(call) in {"time.sleep", "sleep"}
        is_real = has_real_loop and _called(call) == "asyncio.sleep" and not _is_turn(call)
        if is_blocking or is_real:
            yield call.lineno


def test_no_test_below_integration_really_sleeps(
    trees: Mapping[Path, ast.Module], nothing_found: Callable[[Iterable[str]], None]
) -> None:
    tests = {path: tree for path, tree in trees.items() if path.parts[0] == "tests" and MAY_SLEEP not in path.parents}
    assert tests
    nothing_found(f"{path}:{line}: really sleeps" for path, tree in tests.items() for line in real_sleeps(tree))


def test_tests_that_really_sleep_are_rejected(sample: Callable[[str], tuple[str, set[int]]]) -> None:
    text, rejected = sample("sleeps.py")
    assert set(real_sleeps(ast.parse(text))) == rejected


def test_sleeping_under_the_virtual_loop_only_is_accepted() -> None:
    assert not list(real_sleeps(ast.parse("run_virtual(main)\nawait asyncio.sleep(60)\n")))
