"""The written form of watching a zone's name servers."""

from __future__ import annotations

from typing import Any

from understudy.config.fields import AddressText, Lag, ServerText, WatchInterval
from understudy.config.forms import Field, ShortForm
from understudy.model.watch import ServerPlace, WatchSettings


class WatchForm(ShortForm):
    """Whether and how the zone's name servers are watched."""

    enabled: bool = Field(True, description="Whether they are watched.")  # noqa: FBT003  # the default, named by the field
    interval: WatchInterval = Field(60.0, description="Time between two looks at one server.")
    lag: Lag = Field(
        120.0, description="A server that has not followed a newer version for longer than this raises an alarm."
    )
    servers: list[ServerText] = Field(
        [], description="Servers to watch beside those that the zone and `transfer` or `primaries` name."
    )
    ignore: list[AddressText] = Field([], description="Addresses that are not watched, although something names them.")

    @classmethod
    def prepare(cls, value: Any) -> Any:
        """A switch alone."""
        return {"enabled": value} if isinstance(value, bool) else value

    @classmethod
    def short_schema(cls) -> dict[str, Any]:
        """On or off."""
        return {"type": "boolean"}

    def settings(self) -> WatchSettings | None:
        """What it means; None: they are not watched."""
        if not self.enabled:
            return None
        servers = tuple(dict.fromkeys(ServerPlace(*each) for each in self.servers))
        return WatchSettings(self.interval, self.lag, servers, tuple(self.ignore))
