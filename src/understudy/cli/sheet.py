"""A table that fits its terminal without cutting a value: it folds prose between words, then leaves columns out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from understudy.model.frozen import frozen

GAP = 2
INDENT = 4  # what stands below its row because it does not fit beside it
NARROWEST = 20  # chosen: in less, nothing is laid out; the terminal breaks the lines
PROSE_MIN = 24  # chosen: narrower, a sentence is a column of words
NAME_SHARE = 0.45  # chosen: where it is narrow, a longer name gets a line of its own and costs the others no column


@frozen
class Column:
    """`importance` 0: it always stays; of the others, those with the least are left out first where it is narrow.

    `is_prose`: it may be folded, between words.
    """

    title: str
    importance: int = 0
    is_prose: bool = False
    is_right: bool = False


@frozen
class Note:
    """What belongs to the row above it: a name, a value, and a sentence that has the rest of the line."""

    name: Text
    value: Text
    text: Text


@dataclass(slots=True)
class Sheet:
    """A table whose first column is the rows' name: one that is too long has a line of its own.

    The value of a note stands in the column `note_at`, its name before that, its text behind it.
    """

    columns: Sequence[Column]
    note_at: int = 0
    rows: list[tuple[Text, ...] | Note] = field(default_factory=list)
    indent: int = 0

    def add(self, *cells: str | Text) -> None:
        """A row, with a cell for each column."""
        self.rows.append(tuple(Text(cell) if isinstance(cell, str) else cell for cell in cells))

    def note(self, name: str, value: str, text: Text) -> None:
        """Something that belongs to the last row."""
        self.rows.append(Note(Text(name), Text(value), text))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """As rich asks for it."""
        width = max(NARROWEST, options.max_width - self.indent)
        shown, widths = self._fit(width)
        title = tuple(Text(self.columns[place].title, "dim") for place in shown)
        yield from self._line(console, shown, widths, cells=title)
        for row in self.rows:
            if isinstance(row, Note):
                yield from self._note_lines(console, row, self._note_places(shown, widths), width=width)
            else:
                cells = tuple(row[place] for place in shown)
                yield from self._line(console, shown, widths, cells=cells)

    def _fit(self, width: int) -> tuple[list[int], list[int]]:
        """The columns that are shown, and how wide they are."""
        shown = list(range(len(self.columns)))
        droppable = sorted(filter(self._importance, shown), key=self._importance)
        widths = self._folded(shown, width, prose_min=PROSE_MIN)
        while _total(widths) > width and droppable:
            shown.remove(droppable.pop(0))
            widths = self._folded(shown, width, prose_min=PROSE_MIN)
        if _total(widths) > width:
            widths = self._folded(shown, width, prose_min=0)
        spare = width - _total(widths)
        if spare < 0:
            widths[0] = max(INDENT, widths[0] + spare)
            return shown, widths
        widths[0] += self._wanted_by_notes(shown, widths, spare)
        return shown, widths

    def _importance(self, place: int) -> int:
        return self.columns[place].importance

    def _folded(self, shown: Sequence[int], width: int, *, prose_min: int) -> list[int]:
        """As wide as what stands in them; where that is too much, the widest prose is folded first."""
        widths = [max(cell.cell_len for cell in self._cells(place)) for place in shown]
        if _total(widths) > width:
            lengths = [cell.cell_len for cell in self._cells(shown[0])]
            widths[0] = max(length for length in lengths if length <= max(lengths[0], width * NAME_SHARE))
        least = [
            max(_longest_word(cell) for cell in self._cells(place)) if self.columns[place].is_prose else widths[at]
            for at, place in enumerate(shown)
        ]
        while _total(widths) > width:
            foldable = [at for at in range(len(shown)) if widths[at] > max(least[at], prose_min)]
            if not foldable:
                break
            widths[max(foldable, key=lambda at: widths[at])] -= 1
        return widths

    def _cells(self, place: int) -> Iterator[Text]:
        yield Text(self.columns[place].title)
        yield from (row[place] for row in self.rows if not isinstance(row, Note))

    def _wanted_by_notes(self, shown: Sequence[int], widths: Sequence[int], spare: int) -> int:
        """How much wider the first column is to be so that the names of notes stand beside their values."""
        name, _, rest = self._note_places(shown, widths)
        notes = [row for row in self.rows if isinstance(row, Note)]
        missing = [note.name.cell_len - name for note in notes]
        text = min(PROSE_MIN, max((note.text.cell_len for note in notes), default=0))
        room = min(spare, spare + _total(widths) - rest - text) if notes else 0
        return max([0, *(each for each in missing if each <= room)])

    def _note_places(self, shown: Sequence[int], widths: Sequence[int]) -> tuple[int, int, int]:
        """How much room the name has, where the value begins, and where the text does."""
        before = [width for place, width in zip(shown, widths, strict=True) if place < self.note_at]
        value = _total(before) + GAP
        own = sum(width for place, width in zip(shown, widths, strict=True) if place == self.note_at)
        return value - GAP, value, value + own + GAP

    def _note_lines(self, console: Console, note: Note, places: tuple[int, int, int], *, width: int) -> Iterator[Text]:
        room, value_at, text_at = places
        first = Text(" " * self.indent).append_text(note.name)
        if note.name.cell_len > (room if note.value else text_at - GAP):
            yield first
            first = Text(" " * self.indent)
        if note.value:
            first.append(" " * (self.indent + value_at - first.cell_len)).append_text(note.value)
        if _longest_word(note.text) > width - text_at:
            text_at = INDENT
            yield first
            first = Text(" " * self.indent)
        for part in note.text.wrap(console, width - text_at):
            part.rstrip()
            yield first.append(" " * max(GAP, self.indent + text_at - first.cell_len)).append_text(part)
            first = Text(" " * self.indent)

    def _line(
        self, console: Console, shown: Sequence[int], widths: Sequence[int], *, cells: Sequence[Text]
    ) -> Iterator[Text]:
        """The lines of one row."""
        folded = [
            list(cell.wrap(console, width)) if self.columns[place].is_prose else [cell]
            for place, cell, width in zip(shown, cells, widths, strict=True)
        ]
        if cells[0].cell_len > widths[0] and not self.columns[shown[0]].is_prose:
            yield Text(" " * self.indent).append_text(cells[0])
            folded[0] = []
        for parts in zip_longest(*folded, fillvalue=Text()):
            line = Text(" " * self.indent)
            for place, part, width in zip(shown, parts, widths, strict=True):
                part.rstrip()
                blank = " " * (width - part.cell_len)
                line.append_text(Text(blank) + part if self.columns[place].is_right else part + Text(blank))
                line.append(" " * GAP)
            line.rstrip()
            yield line


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * max(0, len(widths) - 1)


def _longest_word(text: Text) -> int:
    return max((Text(word).cell_len for word in text.plain.split()), default=0)
