"""Types of single values in the written form: each says what it takes, and what is wrong with what it does not."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Annotated, Any, TypeAlias

from understudy.config.addresses import (
    AddressSyntaxError,
    parse_address,
    parse_listen,
    parse_server,
    parse_target,
    parse_via,
)
from understudy.config.faults import fault
from understudy.config.findings import shown
from understudy.config.readers import Reads
from understudy.model.duration import DurationSyntaxError, format_duration, parse_duration
from understudy.model.endpoint import Target
from understudy.model.name import Name, NameSyntaxError

OBJECT_NAME_PATTERN = "[A-Za-z0-9_][A-Za-z0-9_-]{0,62}"
_OBJECT_NAME = re.compile(OBJECT_NAME_PATTERN)
OBJECT_NAME_HINT = "letters, digits, - and _, at most 63, such as frankfurt or eu-west_1"


def between(least_s: float, most_s: float, examples: str) -> Reads:
    """Durations, with both bounds included."""
    bounds = f"from {format_duration(least_s)} to {format_duration(most_s)}"
    hint = f"{bounds}, such as {examples.replace(' ', ', ')}"

    def check(value: object) -> float:
        seconds = _seconds(value, hint)
        if not least_s <= seconds <= most_s:
            raise fault("duration.range", f"{shown(value)} is not allowed here", bounds)
        return seconds

    pattern = r"^([0-9]+(\.[0-9]+)?(us|ms|s|m|h|d))+$"
    schema = {"type": ["string", "number"], "pattern": pattern, "minimum": 0, "examples": examples.split()}
    return Reads(check, schema)


def _seconds(value: object, hint: str) -> float:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        try:
            return parse_duration(value)
        except DurationSyntaxError:
            pass
    raise fault("duration.bad", f"{shown(value)} is no duration", hint)


def whole(least: int, most: int) -> Reads:
    """Whole numbers, with both bounds included."""

    def check(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise fault("value.type", f"{shown(value)} is no whole number", f"from {least} to {most}")
        if not least <= value <= most:
            raise fault("value.range", f"{value} is not allowed here", f"from {least} to {most}")
        return value

    return Reads(check, {"type": "integer", "minimum": least, "maximum": most})


def _ttl(value: object) -> int:
    hint = f"whole seconds from 0 to {TTL_MAX_S}, such as 30 or 5m"
    seconds = _seconds(value, hint)
    if seconds != int(seconds) or seconds > TTL_MAX_S:
        raise fault("ttl.bad", f"{shown(value)} is no TTL", hint)
    return int(seconds)


def _jitter(value: object) -> float:
    share = value
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,3}(\.[0-9]+)? ?%", value):
        share = float(value.rstrip("% ")) / 100
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= JITTER_MAX:
        raise fault(
            "value.range", f"{shown(value)} is no jitter", "a share of the interval from 0% to 50%, such as 10%"
        )
    return float(share)


def later(what: str, hint: str) -> Reads:
    """A validator for a key that the design has and this release has not."""

    def refuse(_value: object) -> None:
        raise fault("feature.later", f"{what}: this release does not have it yet", hint)

    return Reads(refuse)


def _format_version(value: object) -> int:
    if value != FORMAT_VERSION or isinstance(value, bool | float):
        raise fault("version.unknown", f"version {shown(value)} of the format is not known", "this release reads 1")
    return FORMAT_VERSION


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise fault("value.type", f"{shown(value)} is no text", "" if value is None else "put it in quotes")
    if not value or len(value) > TEXT_MAX or not value.isprintable():
        raise fault(
            "value.text", f"{shown(value)} is not allowed here", f"printable text of 1 to {TEXT_MAX} characters"
        )
    return value


def _short_text(value: object) -> str:
    text = _text(value)
    if len(text.encode()) > STRING_MAX_OCTETS:
        raise fault("value.text", f"{shown(text)} is too long", f"at most {STRING_MAX_OCTETS} octets")
    return text


def _object_name(value: object) -> str:
    text = _text(value)
    if not _OBJECT_NAME.fullmatch(text):
        raise fault("name.bad", f"{shown(value)} is no name of a pool, check or monitor", OBJECT_NAME_HINT)
    return text


def is_object_name(text: str) -> bool:
    """Whether pools, checks and monitors may be called so."""
    return _OBJECT_NAME.fullmatch(text) is not None


def _target(value: object) -> Target:
    try:
        return parse_target(_text(value))
    except AddressSyntaxError as error:
        raise fault("endpoint.bad", error.message, error.hint) from None


def _listen(value: object) -> str:
    try:
        return parse_listen(_text(value))
    except AddressSyntaxError as error:
        raise fault("listen.bad", error.message, error.hint) from None


def _network(value: object) -> str:
    text = _text(value)
    try:
        return str(ip_network(text))
    except ValueError:
        raise _no_network(text) from None


def _no_network(text: str) -> Exception:
    """Why it is none: most often because it is the address of a host in one."""
    try:
        meant = ip_network(text, strict=False)
    except ValueError:
        hint = "write 192.0.2.0/24, 2001:db8::/32, or an address"
        return fault("network.bad", f"{shown(text)} is no network", hint)
    hint = f"write {meant} for the network, {text.partition('/')[0]} for the host"
    return fault("network.bad", f"{shown(text)} has bits of a host beside those of its network", hint)


def _server(value: object) -> tuple[str, int]:
    try:
        return parse_server(_text(value))
    except AddressSyntaxError as error:
        raise fault("server.bad", error.message, error.hint) from None


def _address(value: object) -> str:
    text = _text(value)
    address = parse_address(text)
    if address is None:
        raise fault("server.bad", f"{shown(text)} is no address", "write 192.0.2.53 or 2001:db8::53")
    return str(address)


def _via(value: object) -> str:
    """One of this host, to be sent from: not a port, which the system chooses."""
    text = _text(value)
    try:
        return parse_via(text)
    except AddressSyntaxError as error:
        raise fault("via.bad", error.message, error.hint) from None


def _key_name(value: object) -> Name:
    try:
        return Name.parse(_text(value))
    except NameSyntaxError as error:
        raise fault("name.bad", str(error), "the name of a key is a DNS name, such as corp-key") from None


def _zone_name(value: object) -> Name:
    try:
        return Name.parse(_text(value))
    except NameSyntaxError as error:
        raise fault("name.bad", str(error), "write the zone's name") from None


def _group(value: object) -> str:
    text = _text(value)
    if not (text.isascii() and text.isprintable() and 0 < len(text) <= GROUP_MAX):
        raise fault("value.group", f"{shown(text)} is no group", f"1 to {GROUP_MAX} printable characters of ASCII")
    return text


FORMAT_VERSION = 1
STRING_MAX_OCTETS = 255  # RFC 1035 3.3: one character-string
GROUP_MAX = STRING_MAX_OCTETS
TEXT_MAX = 4096  # Linux's PATH_MAX; no other text is longer
TTL_MAX_S = 604_800  # chosen: a week, the most that name servers commonly cache
JITTER_MAX = 0.5  # chosen: more would make the interval meaningless

_HOUR_S, _DAY_S = 3600.0, 86_400.0


# Bounds of semantics section 1 where it gives them; the others are chosen wide enough for every use that was met and
# narrow enough to catch a wrong unit.
Interval: TypeAlias = Annotated[float, between(0.1, _HOUR_S, "1s 10s 1m")]
Timeout: TypeAlias = Annotated[float, between(0.01, 60, "500ms 3s")]
Recheck: TypeAlias = Annotated[float, between(0.05, _HOUR_S, "250ms 1s")]
StaleAfter: TypeAlias = Annotated[float, between(1, _DAY_S, "30s 2m")]
Delay: TypeAlias = Annotated[float, between(0, _DAY_S, "0s 60s 15m")]
Merge: TypeAlias = Annotated[float, between(0.01, 60, "100ms 1s")]
WatchInterval: TypeAlias = Annotated[float, between(1, _DAY_S, "30s 1m")]
Lag: TypeAlias = Annotated[float, between(1, 7 * _DAY_S, "30s 2m")]
Window: TypeAlias = Annotated[float, between(1, _DAY_S, "10m 1h")]
Jitter: TypeAlias = Annotated[float, Reads(_jitter, {"type": ["string", "number"], "examples": ["10%", 0.1]})]
Ttl: TypeAlias = Annotated[int, Reads(_ttl, {"type": ["integer", "string"], "examples": [30, "5m"]})]
FormatVersion: TypeAlias = Annotated[int, Reads(_format_version, {"const": FORMAT_VERSION})]
InARow: TypeAlias = Annotated[int, whole(1, 100)]
Amount: TypeAlias = Annotated[int, whole(1, 1000)]
AnswersMax: TypeAlias = Annotated[int, whole(1, 100)]
MonitorCount: TypeAlias = Annotated[int, whole(1, 100)]
Weight: TypeAlias = Annotated[int, whole(0, 1_000_000)]
Threads: TypeAlias = Annotated[int, whole(1, 64)]
UdpSize: TypeAlias = Annotated[int, whole(512, 4096)]
Connections: TypeAlias = Annotated[int, whole(1, 100_000)]
Transfers: TypeAlias = Annotated[int, whole(1, 10_000)]
BusyPoll: TypeAlias = Annotated[float, between(0.0, 0.001, "100us")]
TcpIdle: TypeAlias = Annotated[float, between(0.1, _HOUR_S, "10s 1m")]
PerSecond: TypeAlias = Annotated[int, whole(1, 100_000)]
Slip: TypeAlias = Annotated[int, whole(0, 100)]
Ipv4Prefix: TypeAlias = Annotated[int, whole(8, 32)]
Ipv6Prefix: TypeAlias = Annotated[int, whole(16, 128)]
TableSize: TypeAlias = Annotated[int, whole(1024, 16_777_216)]
ProbeRate: TypeAlias = Annotated[int, whole(1, 100_000)]
Percent: TypeAlias = Annotated[int, whole(0, 99)]

_TEXT_SCHEMA: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": TEXT_MAX}
Text: TypeAlias = Annotated[str, Reads(_text, _TEXT_SCHEMA)]
ShortText: TypeAlias = Annotated[str, Reads(_short_text, {**_TEXT_SCHEMA, "maxLength": STRING_MAX_OCTETS})]
ObjectName: TypeAlias = Annotated[str, Reads(_object_name, {"type": "string", "pattern": f"^{OBJECT_NAME_PATTERN}$"})]
EndpointText: TypeAlias = Annotated[
    Target, Reads(_target, {"type": "string", "examples": ["192.0.2.10", "2001:db8::10", "app.example.net"]})
]
NetworkText: TypeAlias = Annotated[
    str, Reads(_network, {"type": "string", "examples": ["192.0.2.0/24", "2001:db8::/32"]})
]
ListenText: TypeAlias = Annotated[str, Reads(_listen, {"type": "string", "examples": ["127.0.0.1:5300", "[::]:53"]})]
ServerText: TypeAlias = Annotated[
    tuple[str, int],
    Reads(_server, {"type": "string", "examples": ["192.0.2.53", "192.0.2.53:5353", "[2001:db8::53]:5353"]}),
]
AddressText: TypeAlias = Annotated[str, Reads(_address, {"type": "string", "examples": ["192.0.2.53", "2001:db8::53"]})]
ViaText: TypeAlias = Annotated[str, Reads(_via, {"type": "string", "examples": ["192.0.2.1", "2001:db8::1"]})]
ZoneNameText: TypeAlias = Annotated[Name, Reads(_zone_name, {"type": "string", "examples": ["catalog.example.com"]})]
GroupText: TypeAlias = Annotated[str, Reads(_group, {"type": "string", "maxLength": 255})]
KeyName: TypeAlias = Annotated[Name, Reads(_key_name, {"type": "string", "examples": ["corp-key"]})]
