"""Lines that go on further in where the terminal is too narrow for them."""

from __future__ import annotations

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from understudy.cli.sheet import NARROWEST
from understudy.model.frozen import frozen

HANG = 2  # what a line that goes on has more than it began with


@frozen
class Hanging:
    """Each line of a text, folded between words: what is left of it stands further in than it begins."""

    text: Text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """As rich asks for it."""
        for line in self.text.split("\n"):
            indent = len(line.plain) - len(line.plain.lstrip())
            room = options.max_width - indent - HANG
            if line.cell_len <= options.max_width or room < NARROWEST:
                yield line
                continue
            first, *others = line[indent:].wrap(console, room)
            yield _indented(first, indent)
            yield from (_indented(each, indent + HANG) for each in others)


def _indented(part: Text, columns: int) -> Text:
    part.rstrip()
    return Text(" " * columns).append_text(part)
