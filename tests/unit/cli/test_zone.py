"""`understudy zone`."""

import asyncio
from collections.abc import Callable

import pytest

from tests.unit.cli.conftest import CONFIGURATION
from understudy.cli.screen import clock_time
from understudy.engine import Zone
from understudy.model.errors import TransferError
from understudy.model.transfer import Primary
from understudy.service.primary.refused import Refusal
from understudy.service.secondary.fetched import NO_COMPLAINT, Complaint, FetchedZone
from understudy.service.zone_table import LoadedZone
from understudy.testing.builders import name
from understudy.testing.fetching import FIRST, version
from understudy.testing.terminal import Terminal
from understudy.zones.secondary import Offer, Secondary, Timers

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
        bare = (await terminal.run("zone", "export", "example.com", "--without-records")).out
        assert "\nplain " in bare
        assert "www" not in bare
        file = terminal.world.folder / "out.zone"
        assert (await terminal.run("zone", "export", "example.com", "-o", str(file))).exit_code == 0
        assert file.read_text() == text
        assert (await terminal.run("zone", "export", "example.com", "--json")).json["text"] == text

    sit_down(sitting)


HANDED_ON = CONFIGURATION.replace("example.com.zone}", "example.com.zone, transfer: {to: [192.0.2.0/24], %s}}")


def test_who_was_refused_the_zone_is_shown_until_it_is_sent(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        refused, origin = terminal.world.server.refused, name("example.com")
        refused.note(origin, Refusal("192.0.2.7", None, "no", 0.0))
        refused.note(origin, Refusal("2001:db8::7", "corp-key", "BADSIG, it has another secret", 1.0))
        shown = (await terminal.run("zone", "show", "example.com")).out
        assert (
            f"refused  2001:db8::7 with the key corp-key at {clock_time(1.0)}: BADSIG, it has another secret\n" in shown
        )
        assert f"refused  192.0.2.7 without a key at {clock_time(0.0)}: no\n" in shown
        refused.forget(origin, "192.0.2.7")
        assert "192.0.2.7" not in (await terminal.run("zone", "show", "example.com")).out
        document = (await terminal.run("zone", "show", "example.com", "--json")).json
        assert [each["key"] for each in document["refusals"]] == ["corp-key"]

    sit_down(sitting)


def test_secondaries_are_told_again_when_asked_for(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        server = terminal.world.server
        server.notifier.notices.forget(name("example.com"))
        said = await terminal.run("zone", "notify", "Example.com", "--reason", "it was asleep")
        assert "serial 8 is told again to 198.51.100.53:53, [2001:db8::53]:5353, by " in said.out
        assert len(server.notifier.notices.take(server.clock.now())[0]) == 2
        events = (await terminal.run("events", "--kind", "zone", "--json")).out
        assert "is told again to 198.51.100.53:53" in events
        assert "it was asleep" in events
        assert (await terminal.run("zone", "notify", "example.com", "--json")).json["serial"] == 8

    sit_down(sitting, HANDED_ON % "notify: [198.51.100.53, '[2001:db8::53]:5353']")


def test_a_zone_is_shown_with_what_each_secondary_knows_of(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        server = terminal.world.server
        notices, _ = server.notifier.notices.take(server.clock.now())
        server.notifier.notices.acknowledge(notices[0], server.clock.now())
        server.notifier.notices.refuse(notices[1], "answers REFUSED to NOTIFY")
        shown = (await terminal.run("zone", "show", "example.com")).out
        assert "told     198.51.100.53:53 knows of serial 8 since " in shown
        assert "told     192.0.2.53:53 knows of none yet, answers REFUSED to NOTIFY" in shown
        await terminal.run("zone", "notify", "example.com")
        assert "has not acknowledged the newest" in (await terminal.run("zone", "show", "example.com")).out

    sit_down(sitting, HANDED_ON % "notify: [198.51.100.53, 192.0.2.53]")


@pytest.mark.parametrize(
    ("configuration", "code"),
    [(CONFIGURATION, "zone.not-handed-on"), (HANDED_ON % "notify: []", "zone.nobody-to-tell")],
)
def test_nobody_to_tell_is_refused_with_the_reason(sit_down: SitDown, configuration: str, code: str) -> None:
    async def sitting(terminal: Terminal) -> None:
        said = await terminal.run("zone", "notify", "example.com")
        assert (said.exit_code, code in said.err) == (1, True)

    sit_down(sitting, configuration)


@pytest.mark.parametrize(
    "words", [("refresh",), ("retransfer", "--refresh"), ("promote", "--even-so"), ("demote", "--take-primary")]
)
def test_what_is_only_for_zones_from_other_servers_says_so(sit_down: SitDown, words: tuple[str, ...]) -> None:
    async def sitting(terminal: Terminal) -> None:
        said = await terminal.run("zone", words[0], "example.com", *words[1:], "--reason", "a test")
        assert (said.exit_code, "zone.not-fetched" in said.err) == (1, True)

    sit_down(sitting)


def test_a_file_that_cannot_be_written_is_a_problem_and_no_traceback(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        said = await terminal.run("zone", "export", "example.com", "-o", str(terminal.world.folder))
        assert said.exit_code == 1
        assert "cannot be written" in said.err

    sit_down(sitting)


def test_a_zone_that_is_not_served_gets_the_nearest_one(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        for verb in ("show", "export", "notify"):
            said = await terminal.run("zone", verb, "exampel.com")
            assert said.exit_code == 1
            assert "did you mean 'example.com'?" in said.err

    sit_down(sitting)


FETCHED = CONFIGURATION.replace("zones:\n", "zones:\n  far.test: {source: transfer, primaries: [192.0.2.1]}\n")


def test_a_zone_from_another_server_shows_where_it_stands(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        server = terminal.world.server
        origin, now = name("far.test"), server.clock.now()
        definition = server.candidate.configuration.zones[origin]
        care = server.fetched[origin] = FetchedZone(definition, Secondary.empty(now).failed(now, chance=0.0))
        care.problem = Complaint("192.0.2.1:53 cannot be reached")
        said = (await terminal.run("status")).out
        assert "far.test transfer 0 0 not served: no primary has given it yet" in " ".join(said.split())
        assert "← 192.0.2.1:53" in said
        assert "nothing fetched yet, asked again in 1s, 192.0.2.1:53 cannot be reached" in said
        assert "not served" in (await terminal.run("zone", "list")).out
        shown = (await terminal.run("zone", "show", "far.test")).out
        assert "serial   none" in shown
        assert "problem  not served: no primary has given it yet" in shown
        assert "from     192.0.2.1:53 nothing fetched yet, asked again in 1s, 192.0.2.1:53 cannot be reached" in shown
        explained = (await terminal.run("explain", "www.far.test")).out
        assert "SERVFAIL" in explained
        assert "not here (no primary has given it yet: 192.0.2.1:53 cannot be reached)" in " ".join(explained.split())

        timers = Timers(100.0, 10.0, 1000.0)
        care.secondary = Secondary.empty(now).refreshed(timers, now - 30, chance=0.0)
        care.loaded, care.primary, care.problem = LoadedZone(definition, version(5), now), FIRST, NO_COMPLAINT
        server.zones[origin] = care.loaded
        said = (await terminal.run("status", "far.test")).out
        assert "current, refreshed 30s ago, asked again in 1m10s, expires in 16m" in said
        shown = (await terminal.run("zone", "show", "far.test")).out
        assert "from     192.0.2.1:53 serial 5, current, refreshed 30s ago, asked again in 1m10s" in shown
        upstream = (await terminal.run("status", "far.test", "--json")).json["zones"][0]["upstream"]
        assert (upstream["standing"], upstream["primary"], upstream["serial"]) == ("current", "192.0.2.1:53", 5)

    sit_down(sitting, FETCHED)


class HastyFollower:
    """Asks the primaries, who have `found`, as soon as it is woken; never, while that is empty."""

    def __init__(self, care: FetchedZone) -> None:
        self.care = care
        self.found: list[LoadedZone | str] = []

    def wake(self) -> None:
        """As `Follower.wake`."""
        self.care.is_notified = False
        if self.found:
            asyncio.get_running_loop().call_later(1.0, self._ask)

    def _ask(self) -> None:
        with self.care.round():
            found, self.care.problem = self.found.pop(0), NO_COMPLAINT
            if isinstance(found, str):
                self.care.problem = Complaint(found, ("transfer.unreachable",))
            else:
                self.care.loaded = found

    async def offers(self, care: FetchedZone) -> list[Offer | TransferError]:
        """Nobody asks."""
        raise NotImplementedError

    async def whole(self, care: FetchedZone, primary: Primary) -> Zone:
        """Nobody asks."""
        raise NotImplementedError


def test_who_has_a_zone_refreshed_is_told_what_came_of_it(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        server = terminal.world.server
        origin, now = name("far.test"), server.clock.now()
        definition = server.candidate.configuration.zones[origin]
        care = server.fetched[origin] = FetchedZone(definition, Secondary.empty(now), primary=FIRST)
        follower = server.follower = HastyFollower(care)
        follower.found = [LoadedZone(definition, version(serial), now) for serial in (5, 6, 6, 6)]
        follower.found += ["192.0.2.1:53 cannot be reached"] * 2

        for verb, words in (
            ("refresh", "serial 5 from 192.0.2.1:53"),
            ("refresh", "serial 5 → 6 from 192.0.2.1:53"),
            ("refresh", "serial 6 is the newest, says 192.0.2.1:53"),
            ("retransfer", "fetched whole from 192.0.2.1:53: serial 6, as before"),
        ):
            said = await terminal.run("zone", verb, "far.test")
            assert (said.exit_code, said.out, said.err) == (0, f"far.test {words}\n", "")
        said = await terminal.run("zone", "refresh", "far.test")
        assert (said.exit_code, said.out) == (
            1,
            "far.test not refreshed, serial 6 stays: 192.0.2.1:53 cannot be reached\n",
        )
        view = (await terminal.run("zone", "retransfer", "far.test", "--json")).json
        assert (view["outcome"], view["serial_before"], view["serial_after"]) == ("failed", 6, 6)
        assert view["text"] == "not fetched whole, serial 6 stays: 192.0.2.1:53 cannot be reached"
        assert view["codes"] == ["transfer.unreachable"]

        said = await terminal.run("zone", "refresh", "far.test")
        assert (said.exit_code, "not known within 1m" in said.out) == (1, True)
        said = await terminal.run("zone", "refresh", "far.test", "--no-wait", "--json")
        assert (said.exit_code, said.json["outcome"], said.json["serial_after"]) == (0, "asked", 6)

    sit_down(sitting, FETCHED)
