"""A name server's life: opened, served until told to leave, closed."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple
from functools import partial

from understudy.checks.probe import probe
from understudy.config.cookie_secrets import SECRET_OCTETS
from understudy.engine import BindError, Engine
from understudy.model.configuration import NodeSettings
from understudy.model.errors import EngineError, StoreError
from understudy.model.event import Event
from understudy.service.candidate import Candidate
from understudy.service.collector import freeze
from understudy.service.descriptors import describe_room, room_for_clients
from understudy.service.listening import bind_error, require_free
from understudy.service.name_server import NameServer
from understudy.service.parts import Parts
from understudy.service.secondary.copies import restore_copies
from understudy.service.surroundings import Surroundings
from understudy.service.turns import shorten_turns
from understudy.store.sqlite_store import open_any_store
from understudy.store.store import Store
from understudy.telemetry.logging import log_event

STOP_S = 5.0  # chosen: queries in flight take microseconds, a TCP client gets a moment to finish


async def run(candidate: Candidate, surroundings: Surroundings) -> None:
    """Serve a configuration until SIGTERM or SIGINT. Raises EngineError, StoreError; a stage's fault ends it too."""
    node = candidate.configuration.node
    with _opened_store(node, surroundings) as store, _opened_engine(candidate) as engine:
        clock = surroundings.clock
        parts = Parts(clock, engine, store, surroundings.log, partial(probe, clock=clock))
        server = NameServer(candidate, parts)
        restore_copies(server)
        server.begin()
        server.alarms.set_alarm("clients", describe_room(node.tcp_clients), clock.now())
        freeze()
        shorten_turns()
        from understudy.service.serving import serve  # all that follows is done while queries are answered

        try:
            await serve(server, surroundings)
        finally:
            server.end()


@contextmanager
def _opened_store(node: NodeSettings, surroundings: Surroundings) -> Iterator[Store]:
    loop = asyncio.get_running_loop()

    def notify(event: Event) -> None:
        """From the writer's thread, which must not wait for us."""
        loop.call_soon_threadsafe(log_event, surroundings.log, event)

    store = open_any_store(node.state_dir, surroundings.clock, notify=notify)
    try:
        yield store
    finally:
        try:
            store.close()
        except StoreError as error:
            surroundings.log.error("state.lost", error=str(error))  # noqa: TRY400  # for people: what to do, no traceback


@contextmanager
def _opened_engine(candidate: Candidate) -> Iterator[Engine]:
    node = candidate.configuration.node
    require_free(node.listen)
    try:
        engine = Engine(
            list(node.listen),
            threads=node.threads,
            version_bind=node.version_bind,
            hostname_bind=node.hostname_bind,
            udp_size=node.udp_size,
            udp_size_without_cookie=node.udp_size_without_cookie,
            cookie_secrets=_cookie_secrets(candidate),
            minimal_responses=node.is_minimal,
            rotate=node.is_rotated,
            rate_limit=astuple(node.rate_limit) if node.rate_limit is not None else None,
            busy_poll_s=node.busy_poll_s,
            tcp_clients=room_for_clients(node.tcp_clients),
            tcp_clients_per_prefix=node.tcp_clients_per_prefix,
            tcp_idle_s=node.tcp_idle_s,
            transfers=node.transfers,
        )
    except BindError as error:
        raise bind_error(error) from error
    except ValueError as error:
        raise EngineError(str(error), code="engine.address") from error
    try:
        yield engine
    finally:
        engine.stop(STOP_S)


def _cookie_secrets(candidate: Candidate) -> tuple[bytes, ...]:
    """The file's secrets, else one that nobody knows; none where cookies are switched off."""
    if not candidate.configuration.node.has_cookies:
        return ()
    return candidate.cookie_secrets or (secrets.token_bytes(SECRET_OCTETS),)
