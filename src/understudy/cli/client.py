"""Speaks to the running server."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

import httpx2
from pydantic import BaseModel, TypeAdapter, ValidationError

from understudy.cli.exit import RefusedError
from understudy.config.places import SOCKET_NAME, default_state_dir, socket_address
from understudy.config.yaml_reader import read_plain
from understudy.model.errors import UnreachableError
from understudy.service.reports.views import ErrorView, EventView

ANSWER_S = 30.0  # chosen: thousands of records take a few seconds, and a busy machine some more
RESUME_S = 0.2  # chosen: a server that is leaving has closed its socket by then

T = TypeVar("T")
Parameters = Mapping[str, str | int | float | Sequence[str] | None]


class Client:
    """One server, found by its socket. Raises UnreachableError where nobody answers, RefusedError where it says no."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._held = ExitStack()  # for as long as this command runs
        try:
            address = self._held.enter_context(socket_address(socket))
        except OSError as error:
            raise self._unreachable(error) from None
        transport = httpx2.HTTPTransport(uds=address)
        self._http = httpx2.Client(transport=transport, base_url="http://understudy/v1", timeout=ANSWER_S)

    def get(self, path: str, shape: type[T], parameters: Parameters | None = None) -> T:
        """Ask for a document."""
        return self._parsed(self._send("GET", path, parameters=parameters), shape)

    def post(self, path: str, shape: type[T], document: BaseModel | None = None, *, timeout_s: float = ANSWER_S) -> T:
        """Ask for something to be done."""
        return self._parsed(self._send("POST", path, document=document, timeout_s=timeout_s), shape)

    def text(self, path: str, parameters: Parameters) -> str:
        """Ask for plain text."""
        return self._send("GET", path, parameters=parameters).text

    def follow(self, parameters: Parameters) -> Iterator[EventView]:
        """Events as they happen, until the server has left.

        A server also ends the stream of a reader that has fallen behind: so it is asked to go on from there.
        """
        last = parameters.get("after")
        while True:
            try:
                for event in self._follow({**parameters, "after": last}):
                    last = event.sequence
                    yield event
            except httpx2.TransportError:
                return
            time.sleep(RESUME_S)

    def _follow(self, parameters: Parameters) -> Iterator[EventView]:
        with self._http.stream("GET", "/events/follow", params=_given(parameters), timeout=None) as response:
            if response.is_error:
                response.read()
                raise RefusedError(_error_view(response))
            for line in filter(_is_event, response.iter_lines()):
                yield EventView.model_validate_json(line.removeprefix("data:"))

    def _send(
        self,
        method: str,
        path: str,
        *,
        parameters: Parameters | None = None,
        document: BaseModel | None = None,
        timeout_s: float = ANSWER_S,
    ) -> httpx2.Response:
        body = None if document is None else document.model_dump(mode="json", exclude_defaults=True)
        try:
            response = self._http.request(method, path, params=_given(parameters or {}), json=body, timeout=timeout_s)
        except httpx2.ReadTimeout:
            raise UnreachableError(
                f"the server at {self._socket} has not answered within {timeout_s:.0f} s",
                hint="it may be busy: try again; its log says what it does",
                code="api.slow",
            ) from None
        except httpx2.TransportError as error:
            raise self._unreachable(error) from None
        if response.is_error:
            raise RefusedError(_error_view(response))
        return response

    def _parsed(self, response: httpx2.Response, shape: type[T]) -> T:
        try:
            return TypeAdapter(shape).validate_json(response.content)
        except ValidationError:
            raise UnreachableError(
                f"the server at {self._socket} answers in a way this program does not understand",
                hint="are the server and this command of the same version?",
                code="api.version",
            ) from None

    def _unreachable(self, error: Exception) -> UnreachableError:
        return UnreachableError(
            f"no server answers at {self._socket}: {_plain(error)}",
            hint="is `understudy serve` running with this configuration? -c FILE or --socket PATH names another",
        )


def _plain(error: BaseException) -> str:
    """What the system said, without its number."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror.lower()
        cause = cause.__cause__ or cause.__context__
    return str(error)


def _is_event(line: str) -> bool:
    """Other lines of the stream are its comments and names."""
    return line.startswith("data:")


def _given(parameters: Parameters) -> dict[str, str | int | float | Sequence[str]]:
    return {key: value for key, value in parameters.items() if value is not None}


def _error_view(response: httpx2.Response) -> ErrorView:
    try:
        return ErrorView.model_validate_json(response.content)
    except ValidationError:
        return ErrorView(
            code=f"api.{response.status_code}",
            message=response.text[:500] or response.reason_phrase,
            hint="",
            problems=[],
        )


def find_socket(configuration: Path, socket: Path | None) -> Path:
    """Where the server of a configuration listens: --socket, UNDERSTUDY_SOCKET, else as the file says.

    The file is only glanced at: a server must stay reachable while somebody edits its configuration.
    """
    if socket is not None:
        return socket
    if wanted := os.environ.get("UNDERSTUDY_SOCKET"):
        return Path(wanted)
    document = _glance(configuration)
    api = document.get("api")
    named = api.get("socket") if isinstance(api, dict) else None
    if isinstance(named, str):
        return configuration.parent / named
    state_dir = document.get("state_dir")
    folder = configuration.parent / state_dir if isinstance(state_dir, str) else default_state_dir(configuration)
    return folder / SOCKET_NAME


def _glance(configuration: Path) -> dict[str, object]:
    """The two keys that matter here. The rest is not parsed: thousands of records would cost seconds."""
    try:
        excerpt = _excerpt(configuration.read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        raise UnreachableError(
            f"cannot tell where the server listens: {configuration}: {error.strerror}",
            hint="run this where the configuration is, or give -c FILE or --socket PATH",
            code="api.no-configuration",
        ) from None
    root = read_plain(excerpt)
    document = _read_thoroughly(excerpt) if root is None else root.plain()
    return dict(document) if isinstance(document, dict) else {}


def _read_thoroughly(text: str) -> object:
    from ruamel.yaml import YAML  # as a server with a plain file, a command is quicker without
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError:
        return None


def _excerpt(text: str) -> str:
    """The lines of `api` and `state_dir`; all of a document that is not written a key a line."""
    blocks = re.split(r"^(?=[^\s#])", text, flags=re.MULTILINE)
    if any(block.startswith("{") for block in blocks):
        return text
    return "".join(block for block in blocks if re.match(r"""['"]?(?:api|state_dir)['"]?\s*:""", block))
