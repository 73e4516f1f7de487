"""The tables of docs/configure.md are those of the schema."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TOOL = "tools/configure_page.py"


def _is_current(root: Path) -> bool:
    return subprocess.run([sys.executable, str(root / TOOL), "--check"], check=False, timeout=60).returncode == 0


def test_the_tables_of_the_configuration_page_are_current(root: Path) -> None:
    assert _is_current(root), f"run: {Path(sys.executable).name} {TOOL}"


def test_a_page_that_lacks_a_key_of_the_schema_is_rejected(root: Path, tmp_path: Path) -> None:
    for name in (TOOL, "docs/configure.md", "docs/understudy.schema.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        text = (root / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text, encoding="utf-8")
    page = tmp_path / "docs" / "configure.md"
    page.write_text(page.read_text(encoding="utf-8").replace("| `min_healthy` |", "| `min_health` |"), encoding="utf-8")
    assert not _is_current(tmp_path)
