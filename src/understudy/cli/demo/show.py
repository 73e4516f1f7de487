"""The demonstration itself, scene by scene."""

from __future__ import annotations

import signal
import time
import urllib.request
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from rich.padding import Padding
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from understudy.cli.client import Client, find_socket
from understudy.cli.demo.resolver import ask
from understudy.cli.demo.scenery import (
    BACKUP,
    NAME,
    NAME_SERVER,
    PLACES,
    PRIMARY,
    SECOND,
    Scenery,
    add_resolver,
    set_up,
    wait_for,
)
from understudy.cli.exit import told
from understudy.cli.screen import console, print_json
from understudy.model.errors import EngineError
from understudy.model.frozen import frozen
from understudy.service.reports.view import View
from understudy.service.reports.views import EventView, StatusView

CHANGE_S = 30.0  # chosen: the configuration of the demonstration needs 1.6 s; a machine this slow is worth an error
HOLD_S = 40.0
LOOK_S = 0.005
TTL_S = 1.1
QUESTIONS = 50
"""To the backup name server, one after the other, when it is alone."""


class DemoView(View):
    """What was measured, in seconds. `failover_at_backup_s`: from the kill until the backup name server answers it.

    `answered_alone`: of 50 queries after the first name server was killed, those that its backup answered.
    """

    failover_s: float
    failover_at_backup_s: float
    failover_through_resolver_s: float | None
    resolver: str | None
    failback_s: float
    answered_alone: int


@frozen
class Failover:
    """How long after the kill each answered the backup's address; no resolver: None."""

    here_s: float
    backup_s: float
    resolver_s: float | None


def demo(*, as_json: bool) -> None:
    """Show the main job on loopback, measured: a web server dies, its name moves and returns; a name server dies."""
    console.quiet = as_json
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    with told(as_json=as_json), set_up() as scenery:
        view = _play(scenery)
        console.quiet = False
        if as_json:
            print_json(view)


def _leave(number: int, _: FrameType | None) -> NoReturn:
    """A terminal that is closed must not leave servers behind: so a signal unwinds what was set up."""
    raise SystemExit(128 + number)


def _play(scenery: Scenery) -> DemoView:
    _raise_the_curtain(scenery)
    failover = _kill_the_primary(scenery)
    failback_s = _bring_it_back(scenery)
    _tell_what_happened(scenery)
    answered = _kill_the_name_server(scenery)
    _sum_up(failover, failback_s, answered)
    resolver = scenery.resolver.name if scenery.resolver else None
    return DemoView(
        failover_s=round(failover.here_s, 3),
        failover_at_backup_s=round(failover.backup_s, 3),
        failover_through_resolver_s=None if failover.resolver_s is None else round(failover.resolver_s, 3),
        resolver=resolver,
        failback_s=round(failback_s, 3),
        answered_alone=answered,
    )


def _sum_up(failover: Failover, failback_s: float, answered: int) -> None:
    table = Table.grid(padding=(0, 2, 0, 0))
    for what, figure, note in (
        ("from the kill to the new answer", f"{failover.here_s:.2f} s", ""),
        ("the same at the backup name server", f"{failover.backup_s:.2f} s", "as ordinary zone data"),
        ("from the return to the failback", f"{failback_s:.2f} s", "on purpose"),
        ("answered with the name server dead", f"{answered} of {QUESTIONS}", "by the backup name server"),
    ):
        table.add_row(what, Text(figure, "bold green"), Text(note, "dim"))
    console.print()
    console.print(Panel(table, border_style="green"))


def _scene(title: str) -> None:
    console.print()
    console.rule(f"[bold]{title}", align="left", style="cyan")


def _raise_the_curtain(scenery: Scenery) -> None:
    _scene("1  Two web servers and two name servers")
    for address, place in PLACES.items():
        scenery.start_web_server(address)
        console.print(f"  web server [bold]{place}[/] on {address}:{scenery.web_port}")
    _start_name_server(scenery, NAME_SERVER, scenery.configuration)
    _start_name_server(scenery, SECOND, scenery.second_configuration)
    wait_for(lambda: ask(NAME, scenery.dns_port, SECOND) is not None, "the backup name server gets no copy of the zone")
    add_resolver(scenery)
    if scenery.resolver is not None:
        console.print(f"  {scenery.resolver.name} as the resolver in between, on 127.0.0.1:{scenery.resolver.port}")
    else:
        console.print(
            "  [dim]no resolver installed (Debian's package `unbound`), so the name server is asked directly[/]"
        )
    wait_for(lambda: _is_known(scenery, PRIMARY) and _is_known(scenery, BACKUP), "no verdict about the web servers")
    _visit(scenery, PRIMARY)


def _start_name_server(scenery: Scenery, address: str, configuration: str) -> None:
    console.print(Panel(Syntax(configuration.strip(), "yaml", background_color="default"), border_style="dim"))
    scenery.start_name_server(address)
    what = "name server" if address == NAME_SERVER else "backup name server, with a copy of the zone,"
    console.print(f"  {what} on {address}:{scenery.dns_port}")


def _visit(scenery: Scenery, expected: str) -> None:
    """Ask as a client would, then fetch the page from the address that the answer names."""
    is_alone = NAME_SERVER not in scenery.servers
    port, address = (scenery.dns_port, SECOND if is_alone else NAME_SERVER)
    if scenery.resolver is not None:
        port, address = scenery.resolver.port, NAME_SERVER
    _wait(lambda: ask(NAME, port, address) == [expected], f"{NAME} does not become {expected}")
    url = f"http://{expected}:{scenery.web_port}/"
    with urllib.request.urlopen(url, timeout=5) as page:  # the address is ours
        text = page.read().decode().strip()
    console.print(Text.assemble("  ", (NAME, "bold"), " → ", (expected, "bold green"), f"   “{text}”"))


def _kill_the_primary(scenery: Scenery) -> Failover:
    _scene(f"2  {PLACES[PRIMARY]} dies")
    time.sleep(0.5)
    killed_at = scenery.servers.kill(PRIMARY)
    console.print(f"  [red]killed[/] {PLACES[PRIMARY]}")
    moved_at = _wait(lambda: ask(NAME, scenery.dns_port) == [BACKUP], "the answer does not change")
    console.print(f"  the name server answers {BACKUP} after [bold green]{moved_at - killed_at:.2f} s[/]")
    copied_at = _wait(lambda: ask(NAME, scenery.dns_port, SECOND) == [BACKUP], "the backup name server does not follow")
    console.print(
        f"  the backup name server answers it after [bold green]{copied_at - killed_at:.2f} s[/] (NOTIFY, IXFR)"
    )
    through_s = None
    if scenery.resolver is not None:
        port = scenery.resolver.port
        through_s = _wait(lambda: ask(NAME, port) == [BACKUP], "the resolver's answer does not change") - killed_at
        console.print(f"  {scenery.resolver.name} answers it after [bold green]{through_s:.2f} s[/] (ttl 1)")
    _visit(scenery, BACKUP)
    return Failover(moved_at - killed_at, copied_at - killed_at, through_s)


def _bring_it_back(scenery: Scenery) -> float:
    _scene(f"3  {PLACES[PRIMARY]} returns")
    scenery.start_web_server(PRIMARY)
    back_at = time.monotonic()
    console.print(f"  [green]started[/] {PLACES[PRIMARY]} again; the name stays until that has proved itself:")
    _wait(lambda: _why(scenery).startswith("3 s"), "the hold does not begin")
    console.print(Padding.indent(Text(_why(scenery), "dim"), 2))
    with console.status("holding"):
        moved_at = _wait(lambda: ask(NAME, scenery.dns_port) == [PRIMARY], "the name does not return", HOLD_S)
    console.print(f"  the name returns after [bold green]{moved_at - back_at:.2f} s[/]")
    _visit(scenery, PRIMARY)
    return moved_at - back_at


def _kill_the_name_server(scenery: Scenery) -> int:
    """How many queries the backup name server answered alone."""
    _scene("5  The name server dies")
    _wait(lambda: ask(NAME, scenery.dns_port, SECOND) == [PRIMARY], "the backup name server does not follow")
    scenery.servers.kill(NAME_SERVER)
    console.print(f"  [red]killed[/] the name server on {NAME_SERVER}; the backup is asked {QUESTIONS} times:")
    answered = sum(ask(NAME, scenery.dns_port, SECOND) == [PRIMARY] for _ in range(QUESTIONS))
    console.print(
        f"  it answers [bold green]{answered} of {QUESTIONS}[/], and would for a week, as the SOA's expire says"
    )
    if scenery.resolver is not None:
        time.sleep(TTL_S)  # so that the resolver has to ask again
    _visit(scenery, PRIMARY)
    return answered


def _wait(condition: Callable[[], bool], complaint: str, limit_s: float = CHANGE_S) -> float:
    """Poll until it holds; the moment when it did. Raises EngineError."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            raise EngineError(f"{complaint} within {limit_s:.0f} s", code="demo.stuck")
        time.sleep(LOOK_S)
    return time.monotonic()


def _client(scenery: Scenery) -> Client:
    return Client(find_socket(scenery.folder / "understudy.yaml", None))


def _is_known(scenery: Scenery, endpoint: str) -> bool:
    status = _client(scenery).get("/status", StatusView)
    return any(each.endpoint == endpoint and each.state == "up" for each in status.endpoints)


def _why(scenery: Scenery) -> str:
    """Why the primary is not handed out."""
    status = _client(scenery).get("/status", StatusView, {"name": NAME})
    standings = [standing for tier in status.records[0].tiers for standing in tier.endpoints]
    return next((standing.why for standing in standings if standing.endpoint == PRIMARY), "")


def _tell_what_happened(scenery: Scenery) -> None:
    _scene("4  What the server says about it (understudy events)")
    for event in _client(scenery).get("/events", list[EventView], {"kind": ["health", "decision"], "limit": 20}):
        moment = time.strftime("%H:%M:%S", time.localtime(event.at))
        console.print(
            Padding.indent(
                Text.assemble(
                    (f"{moment}  ", "dim"), (f"{event.kind:<9}", "cyan"), (event.subject, "bold"), f"  {event.text}"
                ),
                2,
            )
        )
