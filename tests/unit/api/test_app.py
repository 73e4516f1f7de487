"""The API over a server in virtual time, spoken to as any HTTP client would."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from understudy.api.app import create_app
from understudy.model.errors import StoreError
from understudy.service.desk import Desk
from understudy.store.store import StaleGenerationError
from understudy.testing.server_world import ServerWorld
from understudy.testing.virtual_time import VirtualClock, run_virtual

CONFIGURATION = """\
listen: 127.0.0.1:0
zones: {example.com: {file: example.com.zone}}
records:
  www.example.com: {check: "tcp:80", tiers: [[192.0.2.10], [192.0.2.11]]}
"""
ZONE = "$TTL 1h\n@ IN SOA ns1 h 1 1h 15m 1w 60\n@ IN NS ns1\nns1 IN A 192.0.2.53\n"

Talk = Callable[[httpx2.AsyncClient, ServerWorld], Awaitable[None]]


@pytest.fixture
def talk(tmp_path: Path) -> Callable[[Talk], None]:
    """Run a conversation with a server that has been up for a minute."""

    def run(conversation: Talk) -> None:
        async def main(clock: VirtualClock) -> None:
            world = ServerWorld(clock, tmp_path)
            await world.start({"understudy.yaml": CONFIGURATION, "example.com.zone": ZONE})
            await world.advance(60)
            transport = httpx2.ASGITransport(create_app(Desk(world.server)), raise_app_exceptions=False)
            async with httpx2.AsyncClient(transport=transport, base_url="http://understudy/v1") as client:
                await conversation(client, world)
            await world.end()

        run_virtual(main)

    return run


def is_error(response: httpx2.Response, status_code: int, code: str) -> dict[str, Any]:
    assert response.status_code == status_code
    document: dict[str, Any] = response.json()
    assert document.keys() == {"code", "message", "hint", "problems"}
    assert document["code"] == code
    assert document["message"]
    return document


def test_the_status_is_the_documented_shape(talk: Callable[[Talk], None]) -> None:
    async def conversation(client: httpx2.AsyncClient, _: ServerWorld) -> None:
        view = (await client.get("/status")).json()
        assert view["records"][0]["decisions"][0]["answers"] == [{"endpoint": "192.0.2.10", "share": 1.0}]
        assert view["totals"] == {"records": 1, "records_shown": 1, "modes": {"normal": 1}, "endpoints": {"up": 2}}
        few = (await client.get("/status", params={"most": 0})).json()
        assert few["totals"]["records_shown"] == 0
        schema = (await client.get("http://understudy/openapi.json")).json()
        assert "StatusView" in str(schema["paths"]["/v1/status"])

    talk(conversation)


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("GET", "/nothing", None, (404, "api.404")),
        ("DELETE", "/status", None, (405, "api.405")),
        ("GET", "/status?most=-1", None, (422, "api.request")),
        ("GET", "/status?name=wwww.example.com", None, (404, "not-found")),
        ("GET", "/events?kind=helth", None, (422, "api.request")),
        ("GET", "/events?limit=0", None, (422, "api.request")),
        ("GET", "/explain", None, (422, "api.request")),
        ("GET", "/explain?name=www.example.com&at=nan", None, (404, "explain.future")),
        ("GET", "/zone?name=example.org", None, (404, "zone.unknown")),
        ("GET", "/export?name=example.org", None, (404, "zone.unknown")),
        ("POST", "/zone/notify", {"name": "example.org"}, (404, "zone.unknown")),
        ("POST", "/zone/notify", {"name": "example.com"}, (409, "zone.not-handed-on")),
        ("POST", "/zone/refresh", {"name": "example.com", "is_whole": True}, (409, "zone.not-fetched")),
        ("POST", "/zone/promote", {"name": "example.com", "is_forced": True}, (409, "zone.not-fetched")),
        ("POST", "/zone/demote", {"name": "example.com", "is_primary_taken": True}, (409, "zone.not-fetched")),
        ("POST", "/zone/demote", {"name": "example.com", "is_forced": True}, (422, "api.request")),
        ("POST", "/overrides", {"kind": "drain"}, (404, "subject.unknown")),
        ("POST", "/overrides", {"kind": "drian", "subject": "192.0.2.10"}, (409, "override.refused")),
        ("POST", "/overrides", {"kind": "drain", "subjekt": "192.0.2.10"}, (422, "api.request")),
        ("POST", "/overrides", {"kind": "freeze", "record": "www.example.com"}, (409, "override.refused")),
        ("POST", "/release", {"subject": "192.0.2.10"}, (404, "override.none")),
        ("POST", "/whatif", {"down": ["nowhere"]}, (404, "subject.unknown")),
        ("POST", "/probe", {"check": "nope", "endpoint": "192.0.2.10"}, (404, "probe.check")),
        ("POST", "/probe", {"check": "tcp:80", "endpoint": "::ffff:192.0.2.1"}, (404, "probe.endpoint")),
    ],
)
def test_every_refusal_is_the_same_document(
    talk: Callable[[Talk], None], method: str, path: str, *, body: object, expected: tuple[int, str]
) -> None:
    async def conversation(client: httpx2.AsyncClient, _: ServerWorld) -> None:
        is_error(await client.request(method, path, json=body), *expected)

    talk(conversation)


def test_what_is_wrong_with_the_servers_own_file_is_not_said_of_another(talk: Callable[[Talk], None]) -> None:
    async def conversation(client: httpx2.AsyncClient, world: ServerWorld) -> None:
        own = world.folder / "understudy.yaml"
        own.write_text(CONFIGURATION.replace("tiers", "teirs"))
        for text, said in ((None, str(own)), (own.read_text(), "next.yaml")):
            document = is_error(await client.post("/plan", json={"text": text, "file": "next.yaml"}), 422, "config")
            assert {problem["file"] for problem in document["problems"]} == {said}

    talk(conversation)


def test_a_reload_in_nobodys_name_is_the_apis(talk: Callable[[Talk], None]) -> None:
    async def conversation(client: httpx2.AsyncClient, world: ServerWorld) -> None:
        (world.folder / "understudy.yaml").write_text(CONFIGURATION.replace("tcp:80", "tcp:81"))
        for body, author in ((None, "api"), ({"author": "ada"}, "ada")):
            assert (await client.post("/reload", json=body)).status_code == 200
            assert world.disk.content.entries[-1].author == author
            (world.folder / "understudy.yaml").write_text(CONFIGURATION)

    talk(conversation)


def test_a_bad_configuration_is_told_problem_by_problem(talk: Callable[[Talk], None]) -> None:
    async def conversation(client: httpx2.AsyncClient, world: ServerWorld) -> None:
        (world.folder / "understudy.yaml").write_text(CONFIGURATION.replace("tiers", "teirs"))
        document = is_error(await client.post("/reload"), 422, "config")
        assert {problem["line"] for problem in document["problems"]} == {4}

    talk(conversation)


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/plan", {"file": "/dev/zero"}, None),
        ("/plan", {"text": "no: configuration", "file": "a\0b"}, (422, "config")),
        ("/plan", {"text": 3}, (422, "api.request")),
        ("/plan", {"unknown": ""}, (422, "api.request")),
        ("/reload", {"file": "understudy.yaml"}, (409, "config.other-file")),
        ("/reload", {"file": "a\0b"}, (409, "config.other-file")),
    ],
)
def test_a_file_that_a_client_names_is_never_opened(
    talk: Callable[[Talk], None], *, path: str, body: object, expected: tuple[int, str] | None
) -> None:
    async def conversation(client: httpx2.AsyncClient, _: ServerWorld) -> None:
        response = await client.post(path, json=body)
        if expected is None:
            assert response.json()["changes"] == []
        else:
            is_error(response, *expected)

    talk(conversation)


@pytest.mark.parametrize(
    ("error", "status_code", "code"),
    [
        (StoreError("the store is closed", code="store.closed"), 503, "store.closed"),
        (StaleGenerationError(1, 2), 409, "store.stale-generation"),
        (ZeroDivisionError("a fault of ours"), 500, "api.fault"),
    ],
)
def test_what_goes_wrong_inside_is_told_as_well(
    talk: Callable[[Talk], None], monkeypatch: pytest.MonkeyPatch, *, error: Exception, status_code: int, code: str
) -> None:
    async def conversation(client: httpx2.AsyncClient, world: ServerWorld) -> None:
        async def fail(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr(world.server.store, "append", fail)
        response = await client.post("/overrides", json={"kind": "drain", "subject": "192.0.2.10"})
        is_error(response, status_code, code)

    talk(conversation)


def test_a_decree_that_was_overtaken_is_judged_once_more(
    talk: Callable[[Talk], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def conversation(client: httpx2.AsyncClient, world: ServerWorld) -> None:
        append, calls = world.server.store.append, []

        async def overtaken(*given: Any, **named: Any) -> object:
            calls.append(given)
            if len(calls) == 1:
                raise StaleGenerationError(1, 2)
            return await append(*given, **named)

        monkeypatch.setattr(world.server.store, "append", overtaken)
        response = await client.post("/overrides", json={"kind": "drain", "subject": "192.0.2.10"})
        assert response.status_code == 201
        assert len(calls) == 2

    talk(conversation)


def test_the_metrics_are_prometheus_text(talk: Callable[[Talk], None]) -> None:
    async def conversation(client: httpx2.AsyncClient, _: ServerWorld) -> None:
        response = await client.get("/metrics")
        assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert 'understudy_endpoints{state="up"} 2' in response.text

    talk(conversation)


def test_the_events_are_pages_of_the_history(talk: Callable[[Talk], None]) -> None:
    async def conversation(client: httpx2.AsyncClient, _: ServerWorld) -> None:
        everything = (await client.get("/events", params={"limit": 10_000})).json()
        assert (await client.get("/events", params={"limit": 2})).json() == everything[-2:]
        first = (await client.get("/events", params={"limit": 2, "after": 0})).json()
        assert first == everything[:2]
        assert (await client.get("/events", params={"after": first[-1]["sequence"]})).json() == everything[2:]

    talk(conversation)
