"""Addresses as operators write them."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from understudy.model.endpoint import Target
from understudy.model.name import Name, NameSyntaxError

DNS_PORT = 53  # RFC 1035 4.2
_PORT_MAX = 65_535

_BRACKETED = re.compile(r"\[(?P<host>[^\]]*)\](?::(?P<port>.*))?")
_WITH_PORT = re.compile(r"(?P<host>[^:]*):(?P<port>[^:]*)")
_LOOKS_NUMERIC = re.compile(r"[0-9./]+")


class AddressSyntaxError(ValueError):
    """Text that is no address; `hint` says what to write instead."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def parse_listen(text: str) -> str:
    """An address to listen on, as the engine takes it; without a port it is 53. Raises AddressSyntaxError."""
    hint = 'write 127.0.0.1:5300, 0.0.0.0:53 or "[::]:53"'
    found = _BRACKETED.fullmatch(text) or _WITH_PORT.fullmatch(text)
    host, port_text = (found["host"], found["port"]) if found else (text, None)
    try:
        address = ip_address(host)
    except ValueError:
        raise AddressSyntaxError(f"'{text}' is no address to listen on", hint) from None
    port = DNS_PORT if port_text is None else _port(port_text)
    if port is None:
        raise AddressSyntaxError(f"'{text}' has no port from 0 to {_PORT_MAX}", hint)
    if address.is_multicast or _needs_scope(address):
        raise AddressSyntaxError(f"'{text}' cannot be listened on", hint)
    return f"[{address}]:{port}" if isinstance(address, IPv6Address) else f"{address}:{port}"


def _port(text: str) -> int | None:
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(_PORT_MAX))
    return int(text) if is_number and int(text) <= _PORT_MAX else None


@lru_cache(maxsize=64)  # thousands of zones may come from one and the same
def parse_server(text: str) -> tuple[str, int]:
    """The address and the port of another name server; without a port it is 53. Raises AddressSyntaxError."""
    hint = 'write 192.0.2.53, 192.0.2.53:5353 or "[2001:db8::53]:5353"'
    address = parse_address(text)
    port: int | None = DNS_PORT
    if address is None:
        found = _BRACKETED.fullmatch(text) or _WITH_PORT.fullmatch(text)
        address = parse_address(found["host"]) if found else None
        port = _port(found["port"]) if found and found["port"] is not None else DNS_PORT
    if address is None:
        raise AddressSyntaxError(f"'{text}' is no address of a name server", hint)
    if not port:
        raise AddressSyntaxError(f"'{text}' has no port from 1 to {_PORT_MAX}", hint)
    _refuse_unusable(address)
    return str(address), port


def parse_via(text: str) -> str:
    """An address of this host that other name servers see. Raises AddressSyntaxError."""
    hint = "write 192.0.2.1 or 2001:db8::1; the port is chosen by the system"
    address = parse_address(text)
    if address is None:
        raise AddressSyntaxError(f"'{text}' is no address to send from", hint)
    if address.is_unspecified or address.is_multicast or _needs_scope(address):
        raise AddressSyntaxError(f"'{text}' cannot be sent from", hint)
    return str(address)


def parse_target(text: str) -> Target:
    """An endpoint's address or host name. Raises AddressSyntaxError."""
    address = parse_address(text)
    if address is not None:
        _refuse_unusable(address)
        return address
    _refuse_near_addresses(text)
    try:
        name = Name.parse(text)
    except NameSyntaxError as error:
        raise AddressSyntaxError(str(error), "write an IPv4 address, an IPv6 address or a host name") from None
    if len(name.labels) < 2:  # noqa: PLR2004  # a host and a domain
        hint = "write a host name in full; a pool of that name stands without brackets"
        raise AddressSyntaxError(f"'{text}' is neither an address nor a full host name", hint)
    if name.is_wildcard:
        raise AddressSyntaxError(f"'{text}' is a wildcard, no host name")
    return name


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """The address that `text` is, or None."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def _refuse_unusable(address: IPv4Address | IPv6Address) -> None:
    """What no client can be sent to."""
    if address.is_unspecified or address.is_multicast or str(address) == "255.255.255.255":
        raise AddressSyntaxError(f"'{address}' is no server's address")
    if _needs_scope(address):
        text = f"'{address}' means another server on each link, and DNS carries no scope to tell which (RFC 4007)"
        raise AddressSyntaxError(text, "write an address that is valid beyond its link")
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        raise AddressSyntaxError(f"'{address}' is an IPv4 address in disguise", f"write {address.ipv4_mapped}")


def _refuse_near_addresses(text: str) -> None:
    """What is meant as an address and would otherwise be taken for an odd host name."""
    if "://" in text:
        raise AddressSyntaxError(f"'{text}' is a URL, no endpoint", "the URL stands in the check, the address here")
    without_port = _BRACKETED.fullmatch(text) or _WITH_PORT.fullmatch(text)
    if without_port is not None:
        host = without_port["host"]
        raise AddressSyntaxError(f"'{text}' has a port or brackets", f"write {host}; the port stands in the check")
    if _LOOKS_NUMERIC.fullmatch(text) or ":" in text:
        raise AddressSyntaxError(f"'{text}' is no valid address", "four numbers from 0 to 255, or an IPv6 address")


def _needs_scope(address: IPv4Address | IPv6Address) -> bool:
    """Whether it is one of IPv6 that is valid on one link only, whether or not the link is named."""
    return isinstance(address, IPv6Address) and (address.is_link_local or address.scope_id is not None)
