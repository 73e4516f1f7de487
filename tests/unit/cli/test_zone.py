"""`understudy zone`."""

from collections.abc import Callable

from understudy.testing.terminal import Terminal

SitDown = Callable[..., None]


def test_zones_are_listed_and_shown(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        listed = (await terminal.run("zone", "list")).out.splitlines()
        assert listed[1].split()[:6] == ["example.com", "file", "7", "4", "3", "2"]
        shown = (await terminal.run("zone", "show", "Example.COM.")).out
        assert "content  4 records at 3 names" in shown
        assert "steered  www.example.com → 192.0.2.10, 2001:db8::10" in shown
        assert (await terminal.run("zone", "show", "example.com", "--json")).json["serial"] == 7

    sit_down(sitting)


def test_a_zone_is_exported_with_the_answers_of_this_moment(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        text = (await terminal.run("zone", "export", "example.com")).out
        assert "www.example.com.\t30\tIN\tAAAA\t2001:db8::10" in text
        file = terminal.world.folder / "out.zone"
        assert (await terminal.run("zone", "export", "example.com", "-o", str(file))).exit_code == 0
        assert file.read_text() == text
        assert (await terminal.run("zone", "export", "example.com", "--json")).json["text"] == text

    sit_down(sitting)


def test_a_file_that_cannot_be_written_is_a_problem_and_no_traceback(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        said = await terminal.run("zone", "export", "example.com", "-o", str(terminal.world.folder))
        assert said.exit_code == 1
        assert "cannot be written" in said.err

    sit_down(sitting)


def test_a_zone_that_is_not_served_gets_the_nearest_one(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        for verb in ("show", "export"):
            said = await terminal.run("zone", verb, "exampel.com")
            assert said.exit_code == 1
            assert "did you mean 'example.com'?" in said.err

    sit_down(sitting)
