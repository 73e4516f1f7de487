"""An HTTP or HTTPS request to the endpoint's address, with Host and SNI from the URL."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache, partial
from typing import Annotated, Literal, Self
from urllib.parse import SplitResult, urljoin, urlsplit

import h11
from pydantic import AfterValidator, Field, model_validator

from understudy import __version__
from understudy.checks.attempt import Attempt
from understudy.checks.expectation import Pattern, Statuses, matches, statuses_text
from understudy.checks.settings import Kind, Pairs, Settings, SourceAddress
from understudy.checks.transport import http1, http2
from understudy.checks.transport.exchange import Body, Request, Response
from understudy.checks.transport.faults import EndpointError, plain
from understudy.checks.transport.stream import dial
from understudy.checks.transport.tls_context import TlsOptions, secure
from understudy.model.name import Name, NameSyntaxError

_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEPT_METHOD = frozenset(
    {307, 308}
)  # RFC 9110 15.4: these repeat the request as it was; 303 and, in practice, 301 and 302 ask by GET
_OURS = frozenset({"host", "connection", "content-length", "transfer-encoding", "upgrade", "te"})
_USER_AGENT = ("User-Agent", f"understudy/{__version__}")


def check_url(url: str) -> str:
    """The URL itself, if a probe can ask for it; raises ValueError with what is wrong."""
    parts, port = _split(url)
    if parts.scheme not in _PORTS:
        raise ValueError(f"'{plain(url)}' is no URL: write http://host/path or https://host/path")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a URL shows its password in every list; write headers: {Authorization: ...}")
    if not parts.hostname or parts.fragment:
        raise ValueError(f"'{plain(url)}' has {'a fragment' if parts.hostname else 'no host'}")
    if not url.isascii() or any(char <= " " for char in url):
        raise ValueError("a URL is ASCII without spaces: percent-encode the path, write the host as an A-label")
    if port == 0:
        raise ValueError("port 0 cannot be connected to")
    if ":" not in parts.hostname:
        try:
            Name.parse(parts.hostname)
        except NameSyntaxError as error:
            raise ValueError(str(error)) from None
    return url


def _split(url: str) -> tuple[SplitResult, int | None]:
    """The parts and the port of a URL that has them."""
    try:
        return (parts := urlsplit(url)), parts.port
    except ValueError:
        message = (
            f"the host or port of '{plain(url)}' is none: write https://host:port/path, IPv6 addresses in brackets"
        )
        raise ValueError(message) from None


class HttpExpect(Settings):
    """What the response must be like. Statuses default to 2xx and 3xx, as Kubernetes and HAProxy take them."""

    status: Statuses = Field(((200, 399),), description="200, 200-299, 200-299,301 or a list; default: 2xx and 3xx")
    body: str = Field("", max_length=4096, description="text that the body must contain")
    body_regex: Pattern = Field("", max_length=1024, description="expression that must match within the body")
    header: Pairs = Field((), description="text that each of these headers must contain; empty: it must be there")

    def summary(self) -> str:
        """The statuses."""
        return statuses_text(self.status)


def _is_header(name: str, value: str) -> bool:
    """Whether a request can carry it (RFC 9110 5.1, 5.5)."""
    try:
        h11.Request(method="GET", target="/", headers=[("Host", "a"), (name, value)])
    except (h11.LocalProtocolError, UnicodeError):
        return False
    return True


class HttpSettings(TlsOptions):
    """Ask for `url`; connect to the endpoint's address whatever the URL's host resolves to."""

    url: Annotated[str, AfterValidator(check_url)] = Field(
        description="what to ask for, http or https; its host is Host and SNI, its port is connected to"
    )
    method: str = Field(
        "GET", pattern=r"^[A-Z]{1,20}$", examples=["GET", "HEAD", "POST"], description="request method, in capitals"
    )
    headers: Pairs = Field((), description="request headers, such as {Authorization: Bearer x}")
    body: str = Field("", max_length=http2.BODY_OCTETS_MAX // 4, description="request body, in UTF-8")
    expect: HttpExpect = HttpExpect()
    follow_redirects: int = Field(
        0, ge=0, le=10, strict=True, description="how many redirects within the same host to follow"
    )
    read_max: int = Field(
        65536, ge=1024, le=1 << 19, strict=True, description="octets of the decoded body that are looked at"
    )
    http2: Literal["never", "always"] = Field("never", description="whether HTTP/2 is spoken instead of HTTP/1.1.")
    source: SourceAddress = Field(None, description="address to probe from")

    @model_validator(mode="after")
    def _request_is_valid(self) -> Self:
        for name, value in self.headers:
            if name.lower() in _OURS:
                hint = "; write the host into the URL" if name.lower() == "host" else ""
                raise ValueError(f"the header {name} is set by the probe itself{hint}")
            if not _is_header(name, value):
                raise ValueError(f"the header '{plain(name)}: {plain(value)}' has a character that no header may have")
        if self.method == "HEAD" and (self.expect.body or self.expect.body_regex):
            raise ValueError("the response to HEAD has no body to expect anything of")
        return self

    def summary(self) -> str:
        """Such as `https://www.example.com/healthz`."""
        return self.url if self.method == "GET" else f"{self.method} {self.url}"


async def probe(settings: HttpSettings, attempt: Attempt) -> str:
    """Pass when the last response is as expected.

    A redirect is followed only where asked, only within the URL's host and never from https to http: the endpoint is
    what is examined, and it must not be able to send our requests to any other address.
    """
    request = _request(settings)
    for _ in range(settings.follow_redirects + 1):
        response, body, tls_text = await _ask(settings, request, attempt)
        location = response.header("location")
        if not (settings.follow_redirects and response.status in _REDIRECTS and location):
            return _judge(settings, response, body) + tls_text
        request = _redirected(request, location, response.status)
    raise EndpointError("http.redirect", f"expected at most {settings.follow_redirects} redirects, seen more")


@lru_cache(maxsize=4096)
def _request(settings: HttpSettings) -> Request:
    headers = settings.headers
    given = {name.lower() for name, _ in headers}
    if "user-agent" not in given:
        headers = (_USER_AGENT, *headers)
    if "accept" not in given:
        headers = (("Accept", "*/*"), *headers)
    parts = urlsplit(settings.url)
    authority, target = _authority(parts), _target(parts)
    return Request(settings.method, parts.scheme, authority, target, headers, settings.body.encode())


def _authority(parts: SplitResult) -> str:
    """Host and, unless it is the scheme's own, port (RFC 9110 7.2)."""
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if parts.port in {None, _PORTS[parts.scheme]} else f"{host}:{parts.port}"


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


async def _ask(settings: HttpSettings, request: Request, attempt: Attempt) -> tuple[Response, bytes, str]:
    """One request on a connection of its own: the response, its body, and what is to be said of the certificate."""
    parts = urlsplit(f"//{request.authority}")
    tls_text = ""
    bodies: list[Body] = []
    with await dial(attempt, parts.port or _PORTS[request.scheme], settings.source) as stream:
        if request.scheme == "https":
            alpn = "h2" if settings.http2 == "always" else ""
            tls_text = ", " + await secure(settings, stream, parts.hostname or "", alpn=alpn)
        exchange = http2.exchange if settings.http2 == "always" else http1.exchange
        response = await exchange(stream, request, partial(_choose_body, settings, bodies))
    return response, bodies[0].octets if bodies else b"", tls_text


def _choose_body(settings: HttpSettings, bodies: list[Body], response: Response) -> Body | None:
    """Nothing of the body is read unless the expectation speaks of it and the status is right."""
    expect = settings.expect
    if not (expect.body or expect.body_regex) or not _is_expected(settings, response.status):
        return None
    if settings.follow_redirects and response.status in _REDIRECTS:
        return None
    wanted = expect.body.encode()
    has_regex = bool(expect.body_regex)
    body = Body(
        response.header("content-encoding"),
        settings.read_max,
        lambda octets: not has_regex and wanted in octets,
    )
    bodies.append(body)
    return body


def _is_expected(settings: HttpSettings, status: int) -> bool:
    return any(first <= status <= last for first, last in settings.expect.status)


def _judge(settings: HttpSettings, response: Response, body: bytes) -> str:
    """The text of a pass; raises EndpointError with what was expected and what was seen."""
    expect = settings.expect
    if not _is_expected(settings, response.status):
        raise EndpointError("http.status", f"expected status {statuses_text(expect.status)}, seen {response.status}")
    present = {name for name, _ in response.headers}
    for name, wanted in expect.header:
        seen = response.header(name)
        if wanted not in seen or name.lower().encode("latin-1") not in present:
            text = f"expected header {name} with '{plain(wanted)}', seen '{plain(seen)}'"
            raise EndpointError("http.header", text)
    if expect.body and expect.body.encode() not in body:
        raise EndpointError("http.body", f"expected a body with '{plain(expect.body)}', seen '{plain(body)}'")
    if expect.body_regex and not matches(expect.body_regex, body.decode("utf-8", "replace")):
        raise EndpointError("http.body", f"expected a body matching '{plain(expect.body_regex)}', seen '{plain(body)}'")
    return f"status {response.status}"


def _redirected(request: Request, location: str, status: int) -> Request:
    """The next request; raises EndpointError where following would leave the host or the encryption."""
    seen = plain(location)
    try:
        url = check_url(urljoin(f"{request.scheme}://{request.authority}{request.target}", location.partition("#")[0]))
    except ValueError:
        raise EndpointError("http.redirect", f"expected a redirect to a URL, seen '{seen}'") from None
    parts = urlsplit(url)
    if parts.hostname != urlsplit(f"//{request.authority}").hostname:
        raise EndpointError("http.redirect", f"a redirect to another host is not followed: '{seen}'")
    if request.scheme == "https" and parts.scheme == "http":
        raise EndpointError("http.redirect", f"a redirect from https to http is not followed: '{seen}'")
    following = replace(request, scheme=parts.scheme, authority=_authority(parts), target=_target(parts))
    if status in _KEPT_METHOD or request.method == "HEAD":
        return following
    return replace(following, method="GET", body=b"")


def _shorthand(text: str) -> dict[str, object]:
    return {"url": text}


KIND = Kind("http", HttpSettings, _shorthand, probe, example="https://www.example.com/healthz")
