"""A whole name server in virtual time: its real stages and engine, a FakeNetwork to probe, a MemoryDisk to remember."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from understudy.engine import Engine
from understudy.model.endpoint import Endpoint
from understudy.model.errors import UnderstudyError
from understudy.model.name import Name
from understudy.model.override import DEFAULT_OVERRIDE_S
from understudy.service.candidate import read_candidate
from understudy.service.decree import decree, release
from understudy.service.name_server import NameServer
from understudy.service.parts import Parts
from understudy.service.reload import log_start, reload
from understudy.service.reports.views import OverrideRequest, ReleaseRequest
from understudy.service.supervise import Supervisor
from understudy.store.store import Store
from understudy.telemetry.logging import LogLevel, LogStyle, make_log
from understudy.testing.fake_network import Behaviour, FakeNetwork
from understudy.testing.memory_store import MemoryDisk, MemoryStore
from understudy.testing.story import CONFIGURATION, Ask, Command, Restart, parse_story
from understudy.testing.story_run import Answer, run_story
from understudy.testing.virtual_time import VirtualClock, run_virtual

AUTHOR = "operator"
BREATH_S = 1e-5  # chosen: what is due at an instant has happened by then, in spite of rounding; no TTL sees it


class ServerWorld:
    """`story_run.World` around a NameServer. `folder` takes the files; the rest may be looked at and played with."""

    def __init__(self, clock: VirtualClock, folder: Path) -> None:
        self.clock = clock
        self.network = FakeNetwork(clock)
        self.log = io.StringIO()
        self.folder = folder
        self.disk = MemoryDisk()
        self.open_store: Callable[[], Store] = lambda: MemoryStore(self.disk)
        self.is_lenient = False  # start with the zones that are good, as `serve` does
        self._instant = clock.start
        self._leave = asyncio.Event()
        self._life: asyncio.Task[None] | None = None
        self.server: NameServer

    async def start(self, files: Mapping[str, str]) -> None:
        """Write the files and start."""
        for name, text in files.items():
            (self.folder / name).write_text(text, encoding="utf-8")
        await self._open()

    async def end(self) -> None:
        """Leave as after SIGTERM."""
        await self._stop()
        self.server.end()
        self.server.store.close()

    async def advance(self, to_s: float) -> None:
        """Let time pass; a command is given at exactly that instant."""
        self._instant = self.clock.start + to_s
        await self.clock.sleep_until(self._instant)
        if self._life is not None and self._life.done():
            self._life.result()

    def behave(self, endpoint: Endpoint, behaviour: Behaviour, check: str) -> None:
        """An endpoint does something else from now on."""
        self.network.set(endpoint, behaviour, check=check)

    async def command(self, command: Command) -> str:
        """An operator's word, as the API takes it."""
        try:
            if command.kind == "release":
                wanted = ReleaseRequest(subject=command.subject, reason=command.reason, author=AUTHOR)
                await release(self.server, wanted)
            else:
                await decree(self.server, _request(command))
        except UnderstudyError as error:
            return error.code
        return ""

    async def reload(self, text: str) -> str:
        """Save the file and have it read."""
        (self.folder / CONFIGURATION).write_text(text, encoding="utf-8")
        try:
            await reload(self.server, AUTHOR)
        except UnderstudyError as error:
            return error.code
        return ""

    async def restart(self, restart: Restart) -> None:
        """End, by order or by force, and start again."""
        if restart.is_kill:
            await self._stop()
            self.disk.is_open = False  # the lock went with the process
        else:
            await self.end()
        await self.clock.sleep(restart.pause_s)
        await self._open()

    async def ask(self, ask: Ask) -> Answer:
        """What the engine answers at the instant of the last `advance`, and the reasons of the decision behind it."""
        await asyncio.sleep(BREATH_S)
        query = dns.message.make_query(dns.name.from_text(ask.name), ask.rtype)
        now = self.clock.to_monotonic(self._instant)
        wire = self.server.engine.answer(query.to_wire(), ask.client, transport="tcp", now=now)
        if wire is None:
            return Answer("SILENCE")
        response = dns.message.from_wire(wire)
        rdatas = tuple(rdata.to_text().rstrip(".") for rrset in response.answer for rdata in rrset)
        lifetimes = [rrset.ttl for rrset in (response.answer or response.authority)]
        return Answer(dns.rcode.to_text(response.rcode()), rdatas, min(lifetimes, default=0), self._why(ask))

    async def alarms(self) -> list[str]:
        """The keys of the alarms in force."""
        await asyncio.sleep(BREATH_S)
        return [alarm.key for alarm in self.server.alarms.active]

    def _why(self, ask: Ask) -> str:
        past = self.server.pipeline.past.get(Name.parse(ask.name))
        decisions = past.decisions.values() if past is not None else ()
        rtype = dns.rdatatype.from_text(ask.rtype)
        steps = [
            f"{step.rule} {step.subject}: {step.text}"
            for decision in decisions
            if decision.family.rtype == rtype
            for step in decision.steps
        ]
        return "; ".join(steps)

    async def _open(self) -> None:
        candidate = read_candidate(self.folder / CONFIGURATION, self.clock.now())
        if not self.is_lenient:
            candidate.require_faultless()
        log = make_log(LogLevel.DEBUG, LogStyle.JSON, self.log)
        self.server = NameServer(
            candidate,
            Parts(self.clock, Engine([], cookie_secrets=[bytes(16)]), self.open_store(), log, self.network.probe),
        )
        self.server.begin()
        await log_start(self.server)
        self._leave = asyncio.Event()
        self._life = asyncio.create_task(self._serve())

    async def _serve(self) -> None:
        async with asyncio.TaskGroup() as group:
            supervisor = Supervisor(group, self.clock, self.server.note_fault)
            self.server.run_in(supervisor)
            await self._leave.wait()
            supervisor.end()

    async def _stop(self) -> None:
        self.network.release()
        self._leave.set()
        if self._life is not None:
            await self._life
        self.server.engine.stop()


def write_settled(file: Path, text: str) -> None:
    """Write a file as if long ago: one that was changed within moments is read again whether or not it is the same."""
    file.write_text(text, encoding="utf-8")
    os.utime(file, (1, 1))


def tell_story(path: Path, folder: Path) -> None:
    """Run a story file in a world of its own. Raises StorySyntaxError, StoryFailedError."""
    story = parse_story(path.read_text(encoding="utf-8"))

    async def main(clock: VirtualClock) -> None:
        world = ServerWorld(clock, folder)
        await run_story(story, world)
        await world.end()

    run_virtual(main)


def _request(command: Command) -> OverrideRequest:
    duration_s = DEFAULT_OVERRIDE_S if command.duration_s is None else command.duration_s
    return OverrideRequest(
        kind=command.kind,
        subject=command.subject,
        record=command.record,
        reason=command.reason,
        author=AUTHOR,
        duration_s=None if duration_s == float("inf") else duration_s,
        is_forced=command.is_forced,
    )
