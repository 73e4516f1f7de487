"""The options that many commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from understudy.cli.entry import DEFAULT_FILE
from understudy.model.duration import DurationSyntaxError, parse_duration

if TYPE_CHECKING:
    from understudy.cli.client import Client

ConfigOption: TypeAlias = Annotated[
    Path, typer.Option("-c", "--config", metavar="FILE", help="The configuration file.", show_default=True)
]
SocketOption: TypeAlias = Annotated[
    Path | None, typer.Option("--socket", metavar="PATH", help="The running server's API socket.", show_default=False)
]
JsonOption: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON document.", show_default=False)]
ReasonOption: TypeAlias = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why; kept in the history.", show_default=False)
]
ForOption: TypeAlias = Annotated[
    str,
    typer.Option("--for", metavar="DURATION", help="How long, such as 30m or 4h; `forever`: until released."),
]
EvenSoOption: TypeAlias = Annotated[
    bool, typer.Option("--even-so", help="Also if a record would be left with nothing to answer.", show_default=False)
]
DEFAULT_CONFIG = Path(DEFAULT_FILE)


def connect(config: Path, socket: Path | None) -> Client:
    """The running server of a configuration."""
    from understudy.cli.client import Client, find_socket  # an HTTP client: a server starts quicker without

    return Client(find_socket(config, socket))


def duration_option(text: str) -> float | None:
    """Seconds of a duration option; None for `forever`."""
    if text == "forever":
        return None
    try:
        return parse_duration(text)
    except DurationSyntaxError as error:
        raise typer.BadParameter(str(error)) from None
