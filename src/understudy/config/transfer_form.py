"""The written form of zones between servers: who may fetch one, whom to tell, where one comes from, and the keys."""

from __future__ import annotations

from typing import Any, Literal

from understudy.config.faults import fault
from understudy.config.fields import (
    GroupText,
    KeyName,
    Merge,
    NetworkText,
    ServerText,
    Text,
    ViaText,
    ZoneNameText,
)
from understudy.config.findings import shown
from understudy.config.forms import Field, Form, ShortForm
from understudy.config.watch_form import WatchForm


class KeyForm(Form):
    """A secret that this server shares with another one (TSIG, RFC 8945)."""

    algorithm: Literal["hmac-sha256", "hmac-sha384", "hmac-sha512", "hmac-sha224", "hmac-sha1"] = Field(
        "hmac-sha256",
        description="How messages are signed; hmac-sha224 and hmac-sha1 only for a server that knows no better.",
    )
    secret_file: Text = Field(description="File with the secret in base64 on one line, relative to this file.")


class AdmissionForm(ShortForm):
    """Who may fetch a zone: a network, whoever has a key, or whoever of a network has a key."""

    network: NetworkText | None = Field(None, description="Address or network; with a key, both are asked for.")
    key: KeyName | None = Field(None, description="Name of a key; without a network the address does not matter.")

    @classmethod
    def prepare(cls, value: Any) -> Any:
        """An address or network alone."""
        if isinstance(value, dict) and not {"network", "key"} & value.keys():
            raise fault("transfer.who", f"{shown(value)} is nobody", "write {network: ...}, {key: ...}, or both in one")
        return value if isinstance(value, dict) else {"network": value}

    @classmethod
    def short_schema(cls) -> dict[str, Any]:
        """Address or network."""
        return {"type": "string", "examples": ["192.0.2.53", "2001:db8::/32"]}


class _ServerForm(ShortForm):
    """Another name server, which may be written as its address alone."""

    address: ServerText = Field(description="Its address; with a port if that is not 53.")
    via: ViaText | None = Field(
        None,
        description="The address of this host that it sees; a port cannot be chosen. Default: that of `server.via`.",
    )

    @classmethod
    def prepare(cls, value: Any) -> Any:
        """An address alone."""
        return value if isinstance(value, dict) else {"address": value}

    @classmethod
    def short_schema(cls) -> dict[str, Any]:
        """Address alone."""
        return {"type": "string", "examples": ["192.0.2.53", "192.0.2.53:5353"]}


class NotifyForm(_ServerForm):
    """A server that is told of every new version (RFC 1996)."""

    key: KeyName | None = Field(None, description="Name of the key that the message is signed with.")


class PrimaryForm(_ServerForm):
    """A server that a zone is fetched from."""

    key: KeyName | None = Field(
        None, description="Name of the key that both sides sign with; default: the zone's `key`."
    )


class TransferForm(Form):
    """How a zone is handed on to secondaries."""

    to: list[AdmissionForm] = Field(
        description="Who may fetch the zone: addresses, networks, keys as {key: NAME}, or both at once as"
        " {network: 192.0.2.0/24, key: NAME}.",
        min_length=1,
    )
    notify: list[NotifyForm] | None = Field(
        None,
        description="Who is told of new versions; default: the zone's name servers, but for the one that its SOA names"
        " and for this one, at the addresses that the zone has for them, or this host's resolver if it is watched.",
    )
    serial: Literal["increment", "unixtime", "date"] = Field(
        "increment",
        description="The next serial: one more; the seconds since 1970; or YYYYMMDDnn. It always grows, whatever the"
        " style was before.",
    )
    merge: Merge = Field(
        0.1, description="Least time between two versions; the first change after a pause goes out at once."
    )
    zonemd: Literal["sha384", "sha512"] | None = Field(
        None,
        description="Give each version a message digest (ZONEMD), made with this hash; costs by the zone, at each"
        " version. Default: none.",
    )
    group: GroupText | None = Field(
        None, description="What catalogs say of the zone, for secondaries that treat groups of zones differently."
    )
    catalogs: list[ZoneNameText] | None = Field(
        None, description="The zones of source catalog that list this zone; default: all of them; []: none."
    )
    given_to: ZoneNameText | None = Field(
        None,
        description="The catalog, here or elsewhere, that this zone goes to as it is: all others that list it say so"
        " (coo, RFC 9432).",
    )


class MemberForm(Form):
    """How zones of a catalog from another server are fetched, handed on and watched."""

    primaries: list[PrimaryForm] | None = Field(
        None, description="Servers that have the zones; default: those of the catalog.", min_length=1
    )
    key: KeyName | None = Field(None, description="Name of the key for these `primaries`.")
    zonemd: Literal["ignore", "verify", "require"] | None = Field(
        None, description="What their message digests (ZONEMD) have to be, as for any zone; default: `ignore`."
    )
    transfer: TransferForm | None = Field(
        None, description="How the zones are handed on to secondaries; default: as the catalog itself."
    )
    watch: WatchForm | None = Field(
        None, description="Whether and how the zones' name servers are watched; default: as those of the catalog."
    )


class CatalogForm(MemberForm, ShortForm):
    """How the zones of a catalog from another server are fetched, handed on and watched."""

    groups: dict[GroupText, MemberForm] = Field(
        {},
        description="What is different for zones of a group, by the group's name; what is left out is as for the"
        " others. The first of these groups that a zone has decides.",
    )

    @classmethod
    def prepare(cls, value: Any) -> Any:
        """`true` alone: nothing is different."""
        return {} if value is True else value

    @classmethod
    def short_schema(cls) -> dict[str, Any]:
        """All as the catalog itself."""
        return {"const": True}
