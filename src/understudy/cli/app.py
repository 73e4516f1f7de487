"""Which commands there are; `cli.entry` is where the program begins."""

from __future__ import annotations

from typing import Annotated

import typer

from understudy import __version__
from understudy.cli import decree, files, history, reason, status, zone_check, zone_orders
from understudy.cli.options import DEFAULT_CONFIG, ConfigOption
from understudy.cli.screen import console
from understudy.cli.zone import zone
from understudy.telemetry.logging import LogLevel, LogStyle

app = typer.Typer(
    name="understudy",
    help="DNS failover: a name server that watches the servers behind each name and answers with a healthy one.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_SERVER, _STATE, _OPERATE = "Run a server", "See what it does", "Operate it"


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        console.print(f"understudy {__version__}")
        raise typer.Exit


@app.callback()
def understudy(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """DNS failover: a name server that watches the servers behind each name and answers with a healthy one."""


@app.command("serve", rich_help_panel=_SERVER)
def serve(
    *,
    config: ConfigOption = DEFAULT_CONFIG,
    log_level: Annotated[LogLevel, typer.Option("--log-level", help="What is worth a line.")] = LogLevel.INFO,
    log_style: Annotated[LogStyle, typer.Option("--log-style", help="For people, or for programs.")] = LogStyle.AUTO,
) -> None:
    """Run a name server with its built-in monitor. SIGHUP or a changed file reloads, SIGTERM leaves."""
    from understudy.cli.serve import serve as start  # a whole server: every other command is quicker without

    start(config, log_level, log_style)


@app.command("demo", rich_help_panel=_SERVER)
def demo(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print only the measured times, as JSON.")] = False
) -> None:
    """Show the main job on loopback, measured: a web server dies, its name moves and returns; a name server dies."""
    from understudy.cli.demo.show import demo as show  # a resolver and web servers: no other command needs them

    show(as_json=as_json)


app.command("check", rich_help_panel=_SERVER)(files.check)
app.command("plan", rich_help_panel=_SERVER)(files.plan)
app.command("reload", rich_help_panel=_SERVER)(files.reload)
app.command("status", rich_help_panel=_STATE)(status.status)
app.command("explain", rich_help_panel=_STATE)(reason.explain)
app.command("whatif", rich_help_panel=_STATE)(reason.whatif)
app.command("probe", rich_help_panel=_STATE)(reason.probe)
app.command("events", rich_help_panel=_STATE)(history.events)
app.command("drain", rich_help_panel=_OPERATE)(decree.drain)
app.command("force", rich_help_panel=_OPERATE)(decree.force)
app.command("freeze", rich_help_panel=_OPERATE)(decree.freeze)
app.command("release", rich_help_panel=_OPERATE)(decree.release)
zone.command("check")(zone_check.check)
for _order in (
    zone_orders.notify,
    zone_orders.refresh,
    zone_orders.retransfer,
    zone_orders.promote,
    zone_orders.demote,
):
    zone.command(_order.__name__)(_order)
app.add_typer(zone, name="zone", rich_help_panel=_STATE)
