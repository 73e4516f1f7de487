"""The name servers that are watched, as documents and numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from understudy.model.instant import Instant
from understudy.model.name import Name
from understudy.model.watch import NamedServer, ServerState
from understudy.service.name_server import NameServer
from understudy.service.reports.zone_views import NamedServerView
from understudy.zones.watched import Watched

SELF = "self"
_UNTOLD = frozenset((ServerState.UNREACHABLE, ServerState.LAME, ServerState.UNKNOWN))


def report_name_servers(server: NameServer, origin: Name, serial: int | None) -> list[NamedServerView]:
    """Those of one zone; `serial` is what this server answers."""
    now = server.clock.now()
    return [
        _itself(named, serial) if named.is_self else _view(named, watched, now)
        for named, watched in server.watched.get(origin, {}).items()
    ]


def count_states(server: NameServer) -> Counter[ServerState]:
    """How many servers stand how, once for each zone that names them; this server is none of them."""
    return Counter(watched.state for _, _, watched in _others(server))


def lags_s(server: NameServer) -> dict[tuple[str, str], float]:
    """By zone and server: how long a later version than its own has been there; none of whom that is not known."""
    now = server.clock.now()
    return {
        (str(origin), str(named.place or named.name)): lag_s
        for origin, named, watched in _others(server)
        if (lag_s := _lag_s(watched, now)) is not None
    }


def _others(server: NameServer) -> Iterator[tuple[Name, NamedServer, Watched]]:
    for origin, servers in server.watched.items():
        yield from ((origin, named, watched) for named, watched in servers.items() if not named.is_self)


def _itself(named: NamedServer, serial: int | None) -> NamedServerView:
    return NamedServerView(
        name=named.name,
        server=str(named.place or ""),
        state=SELF,
        since=None,
        serial=serial,
        lag_s=0.0,
        looked_at=None,
        heard_at=None,
        text="",
    )


def _view(named: NamedServer, watched: Watched, now: Instant) -> NamedServerView:
    return NamedServerView(
        name=named.name,
        server=str(named.place or ""),
        state=watched.state.value,
        since=watched.since,
        serial=watched.serial,
        lag_s=_lag_s(watched, now),
        looked_at=watched.looked_at,
        heard_at=watched.heard_at,
        text=watched.text,
    )


def _lag_s(watched: Watched, now: Instant) -> float | None:
    """None: the last look did not find out."""
    if watched.behind_since is not None:
        return round(max(0.0, now - watched.behind_since), 3)
    return None if watched.state in _UNTOLD else 0.0
