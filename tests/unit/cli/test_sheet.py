"""A table that fits its terminal."""

import pytest
from rich.console import Console
from rich.text import Text

from understudy.cli.sheet import Column, Sheet

COLUMNS = (
    Column("zone"),
    Column("source", importance=2),
    Column("serial"),
    Column("records", importance=1, is_right=True),
    Column("state", is_prose=True),
)
NAMES = ("example.com", "a-department-with-a-long-name.of-a-company-with-another.example.com", "sub.example.com")
SERVER = "  → backup-name-server.example.com [2001:db8:1234:5678:9abc:def0:1234:53]:5353"
WORDS = "unreachable: no answer from [2001:db8:1234:5678::53]:5353 over UDP and TCP, seen 5s ago"


def sheet() -> Sheet:
    """Three zones; the first with two name servers."""
    made = Sheet(COLUMNS, note_at=2)
    for name in NAMES:
        made.add(name, "transfer", "2026112201", "1,000", Text("not served: no primary has given it yet", "red"))
        if name == NAMES[0]:
            made.note(SERVER, "2026112201", Text(WORDS))
            made.note("  → 192.0.2.1:53", "7", Text("ok"))
    return made


def lines(width: int) -> list[str]:
    """What a terminal of that many columns shows."""
    console = Console(width=width, color_system=None)
    with console.capture() as captured:
        console.print(sheet())
    return captured.get().splitlines()


@pytest.mark.parametrize("width", [80, 100, 120, 200, 10_000])
def test_no_word_is_ever_broken_and_no_line_is_too_long(width: int) -> None:
    words = [word for line in lines(width) for word in line.split()]
    for whole in (*NAMES, *SERVER.split(), *WORDS.split(), "2026112201"):
        assert whole in words
    assert max(map(len, lines(width))) <= width
    assert [line for line in lines(width) if line != line.rstrip() or not line] == []


@pytest.mark.parametrize("width", [50, 60, 70])
def test_an_address_in_the_text_of_a_note_that_is_too_long_beside_it_stands_below(width: int) -> None:
    shown = lines(width)
    assert set(WORDS.split()) <= {word for line in shown for word in line.split()}
    assert any(line.startswith("    ") and line.split()[0] in WORDS for line in shown)


def test_a_terminal_that_is_hardly_one_harms_nothing() -> None:
    for width in range(1, 50):
        assert "example.com" in "".join(lines(width))


def test_what_matters_least_is_left_out_where_it_is_narrow() -> None:
    assert lines(200)[0].split() == ["zone", "source", "serial", "records", "state"]
    assert lines(66)[0].split() == ["zone", "source", "serial", "state"]
    assert lines(53)[0].split() == ["zone", "serial", "state"]


def test_a_name_that_is_too_long_has_a_line_of_its_own_and_costs_the_others_nothing() -> None:
    shown = lines(80)
    at = shown.index(NAMES[1])
    assert shown[at + 1].split()[0] == "transfer"
    assert next(line for line in shown if line.startswith("example.com")).split()[1] == "transfer"


def test_a_note_has_its_value_in_the_column_of_the_rows_and_its_text_beside_it() -> None:
    for width in (80, 120):
        shown = lines(width)
        serial_at = shown[0].index("serial")
        (note,) = (line for line in shown if "192.0.2.1:53" in line)
        assert note.index("7") == serial_at
        assert note.endswith("7           ok")
    wide = lines(300)
    assert next(line for line in wide if SERVER in line).endswith(WORDS)
