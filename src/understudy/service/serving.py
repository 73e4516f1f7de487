"""A name server's life from the moment when it answers: its tasks, and the signals that it heeds."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from understudy.service.collector import keep
from understudy.service.name_server import NameServer
from understudy.service.primary.refusals import Refusals
from understudy.service.reload import log_start, reload_quietly, watch_files
from understudy.service.secondary.inquiry import Conversation
from understudy.service.secondary.secondaries import Secondaries
from understudy.service.secondary.together import gather, survey
from understudy.service.supervise import Supervisor
from understudy.service.surroundings import Surroundings
from understudy.service.watching.watch import Watch


async def serve(server: NameServer, surroundings: Surroundings) -> None:
    """Probe, decide, watch and listen for people until SIGTERM or SIGINT. A stage's fault ends it too."""
    await log_start(server)
    leave, hang_up = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        supervisor = Supervisor(group, surroundings.clock, server.note_fault)
        with _signals(leave, hang_up):
            server.run_in(supervisor)
            supervisor.side(partial(watch_files, server), "watch files")
            supervisor.side(server.notifier.run, "notify")
            supervisor.side(partial(_heed, server, hang_up), "reload on SIGHUP")
            begin = surroundings.head_start.gathering
            secondaries = Secondaries(server, Conversation(gather=partial(gather, begin=begin), survey=survey))
            supervisor.side(secondaries.run, "zones from other servers")
            supervisor.side(secondaries.hear, "notices of primaries")
            watch = Watch(server)
            supervisor.side(watch.run, "watch name servers")
            supervisor.side(watch.hear, "visits of secondaries")
            supervisor.side(Refusals(server).run, "refused secondaries")
            for name, start in (await surroundings.sides(server)).items():
                supervisor.side(start, name)
            await asyncio.sleep(0)  # the side tasks begin, so that what they listen on is there
            keep()
            surroundings.on_ready(server)
            await leave.wait()
            server.leave()
        supervisor.end()


async def _heed(server: NameServer, hang_up: asyncio.Event) -> None:
    """Reload when told so; any number of signals during a reload make one more."""
    while True:
        await hang_up.wait()
        hang_up.clear()
        await reload_quietly(server, "SIGHUP")


@contextmanager
def _signals(leave: asyncio.Event, hang_up: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, leave.set)
    loop.add_signal_handler(signal.SIGHUP, hang_up.set)
    try:
        yield
    finally:  # SIGHUP stays without effect: while the state is written it must not end the process
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
