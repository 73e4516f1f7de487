"""docs/rfc-coverage.md is current, and every section that matters is cited by a module and by a test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TOOL = "tools/rfc_coverage.py"
SOURCES = {
    "crates/answer/src/resolve.rs": "//! RFC 1034 section 4.3.2.\n#[cfg(test)]\nmod tests {\n    // RFC 5001.\n}\n",
    "crates/answer/tests/stories/negative.txt": "# RFC 2308\n# sections 2.1 and 3: the TTL.\n",
    "crates/answer/src/authority.rs": "/// The TTL (RFC 2308 section 3).\n",
    "tests/unit/test_glue.py": '"""RFC 1034 4.3.2 step 3b."""\n',
    "docs/rfc-coverage.md": "",
}
LIST = (
    '[1034]\ntitle = "Names"\nsections."4.3.2" = "The algorithm."\n[2308]\ntitle = "Negative"\nsections."3" = "TTL."\n'
)


def _run(root: Path, *options: str) -> tuple[int, str]:
    tool = Path(__file__).resolve().parents[2] / TOOL
    command = [sys.executable, str(tool), "--root", str(root), *options]
    done = subprocess.run(command, check=False, timeout=60, capture_output=True, text=True)
    return done.returncode, done.stderr


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small one in which everything that is listed is cited, with a page that is current."""
    for name, text in {**SOURCES, "tools/rfc_sections.toml": LIST}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert _run(tmp_path) == (0, "")
    return tmp_path


def test_the_page_is_current_and_nothing_that_matters_is_left_out(root: Path) -> None:
    assert _run(root, "--check") == (0, ""), (
        f"cite what is missing in the module or test that it is about; then run: {TOOL}"
    )


def test_a_page_that_is_not_current_is_rejected(checkout: Path) -> None:
    assert _run(checkout, "--check") == (0, "")
    page = checkout / "docs" / "rfc-coverage.md"
    page.write_text(page.read_text(encoding="utf-8").replace("authority.rs", "additional.rs"), encoding="utf-8")
    assert _run(checkout, "--check") == (1, "")


def test_a_section_without_a_module_or_without_a_test_is_rejected(checkout: Path) -> None:
    (checkout / "tools" / "rfc_sections.toml").write_text(
        LIST + 'sections."2.1" = "NXDOMAIN."\nsections."7" = "Nobody."\n', encoding="utf-8"
    )
    (checkout / "tests" / "unit" / "test_glue.py").unlink()
    status, said = _run(checkout, "--check")
    assert status == 1
    assert said.splitlines() == [
        "RFC 1034 section 4.3.2: no test cites it",
        "RFC 2308 section 2.1: no module cites it",
        "RFC 2308 section 7: no module cites it",
        "RFC 2308 section 7: no test cites it",
    ]


@pytest.mark.parametrize("path", ["crates/answer/src/authority.rs", "src/understudy/zones/advice.py"])
def test_a_section_that_only_a_module_cites_is_rejected_with_what_to_do(checkout: Path, path: str) -> None:
    words = "RFC 2308 section 3, RFC 6891 section 6.2.3 to 6.2.5, RFC 7873, 9018 and RFC 5001."
    (checkout / path).parent.mkdir(parents=True, exist_ok=True)
    with (checkout / path).open("a", encoding="utf-8") as source:
        source.write(f"// {words}\n")
    status, said = _run(checkout, "--check")
    assert status == 1
    lines = said.splitlines()
    assert [line.split(":")[0] for line in lines] == [f"RFC 6891 section 6.2.{number}" for number in (3, 4, 5)]
    assert lines[0].endswith(
        f": {path} cites it and no test does; cite it in the test that would fail without it, and write that test if "
        "there is none"
    )
    (checkout / "tests" / "unit" / "test_sizes.py").write_text("# RFC 6891 6.2\n# RFC 6891 6.2.3 to 6.2.5\n", "utf-8")
    assert _run(checkout) == (0, "")
    assert _run(checkout, "--check") == (0, "")
