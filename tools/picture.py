"""Draws what `understudy demo` prints as docs/images/demo.svg, for the README. Run it after a change of that output."""

from __future__ import annotations

import re
from pathlib import Path

from understudy.cli.demo.show import demo
from understudy.cli.screen import console

WIDTH = 104
TARGET = Path(__file__).parent.parent / "docs" / "images" / "demo.svg"


def main() -> None:
    """Play the demonstration and write the picture; fonts are the reader's own, nothing is fetched."""
    console.record = True
    console.width = WIDTH
    demo(as_json=False)
    picture = console.export_svg(title="make demo")
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    without_fonts = re.sub(r"@font-face \{.*?\}\n?", "", picture, flags=re.DOTALL)
    TARGET.write_text(without_fonts.replace("<svg ", '<svg xml:space="preserve" ', 1), encoding="utf-8")


if __name__ == "__main__":
    main()
