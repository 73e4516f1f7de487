"""`understudy status`, as a person and as a script sees it."""

import io
import json
from collections.abc import Callable
from functools import partial

from rich.console import Console

from understudy.cli.status import render
from understudy.engine import Engine
from understudy.model.watch import NamedServer, ServerPlace, ServerState
from understudy.service.reports.measure import measure
from understudy.service.reports.views import StatusView
from understudy.telemetry.turned_away import LOSSES, turned_away
from understudy.testing.builders import endpoint, name
from understudy.testing.terminal import Terminal
from understudy.zones.watched import Watched

SitDown = Callable[..., None]


def test_everything_is_shown_at_one_glance(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        said = await terminal.run("status")
        assert said.exit_code == 0
        assert said.err == ""
        for expected in ("www.example.com", "A     → 192.0.2.10  ttl 30  normal", "AAAA  → 2001:db8::10", "serving"):
            assert expected in said.out

    sit_down(sitting)


def test_nothing_is_folded_or_cut_in_a_pipe(sit_down: SitDown) -> None:
    reason = "a very long reason " * 30

    async def sitting(terminal: Terminal) -> None:
        terminal.width = ""
        assert (await terminal.run("drain", "192.0.2.10", "--reason", reason)).exit_code == 0
        said = await terminal.run("status")
        assert any(reason.strip() in line for line in said.out.splitlines())
        assert "…" not in said.out
        assert "\x1b" not in said.out

    sit_down(sitting)


def test_a_narrow_terminal_folds_and_loses_nothing(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        terminal.width = "80"
        await terminal.run("drain", "192.0.2.10", "--reason", "unheard-of " * 9)
        said = await terminal.run("status", "www.example.com")
        assert max(len(line) for line in said.out.splitlines() if "by " not in line) <= 80
        assert said.out.replace("\n", " ").count("unheard-of") >= 18
        assert "…" not in said.out

    sit_down(sitting)


def test_one_endpoint_is_shown_with_its_verdicts_and_phases(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        said = await terminal.run("status", "192.0.2.20")
        assert "db.example.com" in said.out
        assert "www.example.com" not in said.out
        assert "connect 10.0 ms" in said.out

    sit_down(sitting)


def test_an_alarm_stands_at_the_top_and_in_the_exit_code(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        for address in ("192.0.2.20", "198.51.100.20"):
            terminal.world.network.set(endpoint(address), "refuses")
        await terminal.world.advance(120)
        said = await terminal.run("status")
        assert said.exit_code == 1
        assert "▲ db.example.com A: every endpoint is down; answering as if all were up" in said.out
        assert "○ down" in said.out

    sit_down(sitting)


def test_an_unknown_name_gets_the_nearest_one(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        said = await terminal.run("status", "ww.example.com")
        assert said.exit_code == 1
        assert "did you mean 'www.example.com'?" in said.err
        assert said.out == ""

    sit_down(sitting)


def test_json_is_one_document_also_where_it_is_an_error(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        view = (await terminal.run("status", "--json")).json
        assert [record["name"] for record in view["records"]] == ["www.example.com", "db.example.com"]
        assert view["totals"]["endpoints"] == {"up": 5}
        refused = await terminal.run("status", "nothing", "--json")
        assert refused.exit_code == 1
        assert refused.json["code"] == "not-found"
        assert refused.err == ""

    sit_down(sitting)


def test_no_server_is_exit_code_3_with_the_way_to_one(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        terminal.transport.is_down = True
        said = await terminal.run("status")
        assert said.exit_code == 3
        assert "understudy serve" in said.err
        assert (await terminal.run("status", "--json")).json["code"] == "api.unreachable"

    sit_down(sitting)


MANY = (
    "listen: 127.0.0.1:0\nzones: {example.com: {file: example.com.zone}}\nchecks: {db: {tcp: 5432}}\nrecords:\n"
    + "".join(f"  r{i}.example.com: {{check: db, tiers: [[10.0.{i}.1], [10.0.{i}.2]]}}\n" for i in range(60))
)


def test_of_many_records_only_those_in_trouble_are_shown(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        calm = await terminal.run("status")
        assert "60 records; answers: 60 normal; endpoints: 120 up" in calm.out
        assert "all well" in calm.out
        assert "r7.example.com" not in calm.out
        terminal.world.network.set(endpoint("10.0.7.1"), "refuses")
        await terminal.world.advance(120)
        await terminal.run("drain", "10.0.9.1")
        troubled = await terminal.run("status")
        assert "of these 2 are shown that need a look" in troubled.out
        assert "r7.example.com" in troubled.out
        assert "r9.example.com" in troubled.out
        assert "r8.example.com" not in troubled.out
        assert "r8.example.com" in (await terminal.run("status", "--all")).out
        assert len((await terminal.run("status", "--json")).json["records"]) == 60

    sit_down(sitting, MANY)


def test_of_many_alarms_the_first_are_shown_and_those_that_concern_all_before_them(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        for number in range(60):
            for host in (1, 2):
                terminal.world.network.set(endpoint(f"10.0.{number}.{host}"), "refuses")
        await terminal.world.advance(90)
        said = await terminal.run("status")
        alarms = [line for line in said.out.splitlines() if "▲" in line]
        assert len(alarms) == 21
        assert "60 s" in alarms[0], "the mass failure"
        assert "and 41 alarms more" in alarms[-1]
        assert sum("▲" in line for line in (await terminal.run("status", "--all")).out.splitlines()) == 61

    sit_down(sitting, MANY)


def test_no_line_ends_in_blanks_and_none_is_padded(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        for width in ("", "100"):
            terminal.width = width
            for words in (("status",), ("status", "www.example.com"), ("explain", "www.example.com"), ("zone", "list")):
                lines = (await terminal.run(*words)).out.splitlines()
                assert [line for line in lines if line != line.rstrip() and "heard" not in line] == []
                assert max(map(len, lines)) < 200

    sit_down(sitting)


def test_a_pool_without_a_name_is_known_by_its_place(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        assert "#" not in (await terminal.run("status")).out
        assert "#" not in (await terminal.run("explain", "db.example.com")).out
        rows = (await terminal.run("status", "--json")).json["records"]
        labels = {row["name"]: [tier["label"] for tier in row["tiers"]] for row in rows}
        assert labels == {"db.example.com": ["tier 1", "tier 2"], "www.example.com": ["frankfurt", "dublin"]}

    sit_down(sitting)


def test_name_servers_stand_below_their_zone_with_serial_lag_and_what_is_wrong(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        now = terminal.world.clock.now()
        second, third = ServerPlace("192.0.2.54", 53), ServerPlace("2001:db8::54", 53)
        fourth, fifth = ServerPlace("192.0.2.55", 53), ServerPlace("192.0.2.56", 53)
        looked = partial(Watched, now, since=now - 60, looked_at=now - 5)
        terminal.world.server.watched[name("example.com")] = {
            NamedServer("ns1.example.com", ServerPlace("192.0.2.53", 53), is_self=True): Watched(now),
            NamedServer("ns2.example.com", second): looked(
                ServerState.LAME, "is lame", serial=6, behind_since=now - 90, heard_at=now - 5
            ),
            NamedServer("", third): looked(ServerState.OK, serial=7, heard_at=now - 5),
            NamedServer("ns4.example.com", fourth): looked(
                ServerState.UNREACHABLE, "is not there", serial=6, heard_at=now - 80
            ),
            NamedServer("ns5.example.com", fifth): looked(ServerState.UNREACHABLE, "is not there"),
            NamedServer("ns6.example.com", None): looked(ServerState.UNREACHABLE, "cannot be asked"),
            NamedServer("ns7.example.net", None, is_unresolved=True): Watched(now, text="no words", since=now - 120),
        }
        out = (await terminal.run("status")).out
        rows = [" ".join(line.split()) for line in out.splitlines() if "→ ns" in line or "→ [" in line]
        assert rows == [
            "→ ns1.example.com 192.0.2.53:53 7 this server",
            "→ ns2.example.com 192.0.2.54:53 6 lame: is lame, 1m30s behind, seen 5s ago",
            "→ [2001:db8::54]:53 7 ok, seen 5s ago",
            "→ ns4.example.com 192.0.2.55:53 6 unreachable: is not there, seen 1m20s ago",
            "→ ns5.example.com 192.0.2.56:53 unreachable: is not there, asked 5s ago, never heard",
            "→ ns6.example.com unreachable: cannot be asked",
            "→ ns7.example.net unknown: no words, since 2m",
        ]
        servers = (await terminal.run("status", "--json")).json["zones"][0]["name_servers"]
        assert [(each["state"], each["serial"], each["lag_s"]) for each in servers] == [
            ("self", 7, 0.0),
            ("lame", 6, 90.0),
            ("ok", 7, 0.0),
            ("unreachable", 6, None),
            ("unreachable", None, None),
            ("unreachable", None, None),
            ("unknown", None, None),
        ]
        readings = measure(terminal.world.server)
        counts = {ServerState.LAME: 1, ServerState.OK: 1, ServerState.UNREACHABLE: 3, ServerState.UNKNOWN: 1}
        assert readings.name_servers == counts
        lags_s = {("example.com", str(second)): 90.0, ("example.com", str(third)): 0.0}
        assert readings.name_server_lags_s == lags_s, "of whom it is not known there is none"

    sit_down(sitting)


def test_an_endpoint_that_nothing_probes_has_no_table_of_probes(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        for words in (("status",), ("status", "--all")):
            said = await terminal.run(*words)
            assert said.out.count("  unmonitored") == 3, "by record twice, by endpoint once"
            assert "verdict" not in said.out

    unchecked = "records:\n  www.example.com: {tiers: [[192.0.2.10]]}\n"
    sit_down(sitting, "listen: 127.0.0.1:0\nzones: {example.com: {file: example.com.zone}}\n" + unchecked)


def test_a_record_whose_zone_is_not_served_is_not_shown_as_answered(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        server = terminal.world.server
        assert "→ answered" in (await terminal.run("status", "www.example.com")).out
        server.zones.clear()
        said = await terminal.run("status", "www.example.com")
        assert "www.example.com  tiers, checked by web\n" in said.out
        assert "  not answered: the zone example.com is not served, it could not be read\n" in said.out
        assert "  A     would be 192.0.2.10  ttl 30  normal\n" in said.out
        assert "→ answered" not in said.out

    sit_down(sitting)


def test_of_many_records_those_are_shown_whose_zone_is_not_served(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        terminal.world.server.zones.clear()
        said = await terminal.run("status")
        assert "60 records; answers: 60 unserved; endpoints: 120 up" in said.out
        assert "of these 50 are shown that need a look" in said.out

    sit_down(sitting, MANY)


def test_a_health_that_is_held_is_told_by_name_and_several_by_their_number(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        world = terminal.world
        for address, held in (
            ("192.0.2.10", "192.0.2.10 by web is held"),
            ("192.0.2.20", "2 endpoints is held, the first is 192.0.2.10 by web"),
        ):
            world.network.set(endpoint(address), "buggy")
            await world.advance(world.clock.now() - world.clock.start + 60)
            alarms = {each.key: each.text for each in world.server.alarms.active}
            assert alarms["held"] == f"too few monitors are heard; the last health of {held}"

    sit_down(sitting)


def test_what_floods_and_crowds_took_from_clients_is_told_if_there_is_any(sit_down: SitDown) -> None:
    async def sitting(terminal: Terminal) -> None:
        assert "since the start" not in (await terminal.run("status")).out
        document = (await terminal.run("status", "--json")).json
        assert document["server"]["turned_away"] == {}
        document["server"]["turned_away"] = {"limited.dropped": 1200, "dropped.crowded": 2}
        page = io.StringIO()
        Console(file=page, width=200).print(render(StatusView.model_validate_json(json.dumps(document))))
        assert "since the start: 1,200 kept back by the rate limit, 2 closed for others\n" in page.getvalue()

    sit_down(sitting)


def test_only_losses_are_told_of_what_the_engine_counts() -> None:
    counters = Engine([]).counters()
    assert turned_away(counters) == {}
    counters |= {"dropped.panic": 1, "limited.dropped": 7, "dropped.idle": 9, "tcp.accepted": 3}
    assert turned_away(counters) == {"limited.dropped": 7, "dropped.panic": 1}
    assert counters.keys() >= LOSSES.keys()
