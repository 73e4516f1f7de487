"""The tables of docs/peers.md are those of the comparison with other servers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TOOL = "tools/peers_page.py"


def _is_current(root: Path) -> bool:
    return subprocess.run([sys.executable, str(root / TOOL), "--check"], check=False, timeout=60).returncode == 0


def test_the_tables_of_the_page_about_other_servers_are_current(root: Path) -> None:
    assert _is_current(root), f"run: {Path(sys.executable).name} {TOOL}"


def test_a_page_that_lacks_a_difference_is_rejected(root: Path, tmp_path: Path) -> None:
    for name in (TOOL, "docs/peers.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text((root / name).read_text(encoding="utf-8"), encoding="utf-8")
    page = tmp_path / "docs" / "peers.md"
    lines = page.read_text(encoding="utf-8").splitlines(keepends=True)
    last = max(index for index, line in enumerate(lines) if line.startswith("| "))
    page.write_text("".join((*lines[:last], *lines[last + 1 :])), encoding="utf-8")
    assert not _is_current(tmp_path)
