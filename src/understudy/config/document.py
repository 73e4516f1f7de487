"""The written form of a configuration, version 1: every key with its meaning.

The descriptions are what editors show (docs/understudy.schema.json is made from them). Checks are written in
`check_forms.py`, because most of their keys belong to their kind.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from understudy.config.faults import fault, fault_at
from understudy.config.fields import (
    Amount,
    AnswersMax,
    Delay,
    EndpointText,
    FormatVersion,
    KeyName,
    ListenText,
    ObjectName,
    ProbeRate,
    Text,
    Ttl,
    Weight,
    Window,
    is_object_name,
    later,
)
from understudy.config.findings import shown
from understudy.config.forms import Field, Form, ShortForm
from understudy.config.readers import Hidden
from understudy.config.server_form import ServerForm
from understudy.config.transfer_form import CatalogForm, PrimaryForm, TransferForm
from understudy.config.watch_form import WatchForm


class ApiForm(Form):
    """How the running server is spoken to."""

    socket: Text | None = Field(
        None, description="Path of the Unix socket, relative to this file; default: in state_dir."
    )

    listen: Annotated[None, later("the API on a port", "the Unix socket needs no set-up"), Hidden()] = Field(
        None, exclude=True
    )


class LimitsForm(Form):
    """What this node never goes beyond."""

    probe_rate: ProbeRate = Field(2000, description="Most probes started per second, all together.")


class ZoneForm(Form):
    """A zone and where its content comes from."""

    source: Literal["file", "transfer", "catalog"] = Field(
        "file",
        description="Where the content comes from: a file, another name server (transfer), or this configuration"
        " (catalog: the list of the zones that are handed on, RFC 9432).",
    )
    file: Text | None = Field(
        None, description="Master file (RFC 1035), relative to this file; reloaded when it changes. For source file."
    )
    primaries: list[PrimaryForm] | None = Field(
        None, description="Servers that have the zone, in order of preference. For source transfer.", min_length=1
    )
    catalog: CatalogForm | None = Field(
        None, description="The zone is a catalog (RFC 9432), whose zones are fetched as well. For source transfer."
    )
    key: KeyName | None = Field(
        None, description="Name of the key that those primaries and this server sign with which have none of their own."
    )
    transfer: TransferForm | None = Field(
        None, description="How the zone is handed on to secondaries; default: to nobody."
    )
    zonemd: Literal["ignore", "verify", "require"] = Field(
        "ignore",
        description="Use a version only if its message digest (ZONEMD) is right, where it has one (verify), or where it"
        " must have one (require).",
    )

    watch: WatchForm | None = Field(
        None,
        description="Whether and how the zone's name servers are watched; default: they are where the zone has"
        " `transfer` or comes from `primaries`.",
    )

    @classmethod
    def prepare(cls, value: Any) -> Any:
        """Refuse what a later release may take."""
        if isinstance(value, str):
            raise fault("value.type", f"{shown(value)} is not a mapping", f"write {{file: {value}}}")
        if isinstance(value, dict) and value.get("source") == "dynamic":
            complaint = fault(
                "feature.later",
                "source dynamic: this release does not have it yet",
                "write {file: PATH} with a copy of the zone",
            )
            raise fault_at("source", complaint)
        return value

    def judge(self) -> None:
        """Each source has its own keys."""
        needed, hints = _OWN_KEYS[self.source]
        for foreign, why in hints.items():
            if getattr(self, foreign) is not None:
                complaint = fault("zone.source", f"a zone of source {self.source} has no {foreign}", why)
                raise fault_at(foreign, complaint)
        if getattr(self, needed) is None:
            raise fault_at(needed, fault("key.missing", f"the key '{needed}' is missing", "add it"))


_KEY_HINT = "keys of secondaries stand in `transfer`"
_MADE = "catalog: true follows one of another server, source: catalog makes one"
_OWN_KEYS: dict[str, tuple[str, dict[str, str]]] = {
    "file": ("file", {"primaries": "write {source: transfer, primaries: [...]}", "key": _KEY_HINT, "catalog": _MADE}),
    "transfer": ("primaries", {"file": "leave it out; the copy is in state_dir"}),
    "catalog": (
        "transfer",
        {"file": _MADE, "primaries": "write source: transfer", "key": _KEY_HINT, "catalog": _MADE},
    ),
}
"""What a zone of each source needs, and what belongs to another source, with what to do."""


class EndpointForm(ShortForm):
    """A server that can be handed out."""

    address: EndpointText = Field(description="IPv4 address, IPv6 address or host name.")
    weight: Weight = Field(1, description="Share of a weighted record; 0: only when nothing with a weight is left.")
    disabled: bool = Field(False, description="Never handed out, as if it were not written here.")  # noqa: FBT003  # the default, named by the field

    @classmethod
    def prepare(cls, value: Any) -> Any:
        """An address alone is an endpoint."""
        return value if isinstance(value, dict) else {"address": value}

    @classmethod
    def short_schema(cls) -> dict[str, Any]:
        """Address or host name."""
        return {"type": "string", "examples": ["192.0.2.10", "2001:db8::10", "app.example.net"]}


class WithdrawForm(Form):
    """The guard max_withdraw."""

    count: Amount = Field(description="Endpoints that automation may withdraw within the window.")
    window: Window = Field(description="Length of the window.")


class PoolForm(ShortForm):
    """Endpoints used together."""

    endpoints: list[EndpointForm] = Field(description="At least one.", min_length=1)
    max_withdraw: WithdrawForm | None = Field(None, description="Automation stops at this rate, and alarms.")

    @classmethod
    def prepare(cls, value: Any) -> Any:
        """A list alone is its endpoints."""
        if isinstance(value, str):
            raise fault("value.type", f"{shown(value)} is not a list", f"write [{value}]")
        return {"endpoints": value} if isinstance(value, list) else value

    @classmethod
    def short_schema(cls) -> dict[str, Any]:
        """A list of endpoints."""
        return {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/EndpointForm"}}


class PoolUse(ShortForm):
    """Where a record uses a pool: exactly one of a pool's name, an inline list, or a single endpoint among others."""

    pool: ObjectName | None = None
    endpoints: list[EndpointForm] | None = Field(None, min_length=1)
    endpoint: EndpointForm | None = None

    @classmethod
    def prepare(cls, value: Any) -> Any:
        """Which of the three is meant."""
        if isinstance(value, list):
            return {"endpoints": value}
        if isinstance(value, str) and is_object_name(value):
            return {"pool": value}
        if isinstance(value, str | dict):
            return {"endpoint": value}
        raise fault(
            "pool.bad", f"{shown(value)} is neither a pool's name nor a list of endpoints", "write [192.0.2.10]"
        )

    @classmethod
    def short_schema(cls) -> dict[str, Any]:
        """A pool's name, or a list of endpoints; the keys are only how it is kept here."""
        return {"type": ["string", "array"], "minItems": 1, "items": {"$ref": "#/$defs/EndpointForm"}}

    @classmethod
    def has_longer_schema(cls) -> bool:
        """The shorter writing alone."""
        return False


class FailbackForm(ShortForm):
    """Return after recovery."""

    mode: Literal["auto", "manual", "never"] = Field(
        "auto", description="auto: by itself; manual: when released; never: the record stays on the tier it moved to."
    )
    delay: Delay = Field(60.0, description="How long an endpoint must be up before it returns.")

    @classmethod
    def prepare(cls, value: Any) -> Any:
        """A word alone is the mode."""
        return {"mode": value} if isinstance(value, str) else value

    @classmethod
    def short_schema(cls) -> dict[str, Any]:
        """The mode alone."""
        return {"enum": ["auto", "manual", "never"]}


class RequireForm(ShortForm):
    """How several checks of one record combine."""

    at_least: Amount | None = Field(None, description="How many of the checks must pass.")
    word: Annotated[Literal["all", "any"] | None, Hidden()] = Field(None, exclude=True)

    @classmethod
    def prepare(cls, value: Any) -> Any:
        """A word alone is the rule."""
        if value in ("all", "any"):
            return {"word": value}
        if isinstance(value, dict) and len(value) == 1 and "word" not in value and None not in value.values():
            return value
        raise fault("require.bad", f"{shown(value)} is no requirement", "write all, any or {at_least: 2}")

    def count(self, total: int) -> int:
        """How many of `total` checks must pass."""
        if self.at_least is not None:
            return self.at_least
        return 1 if self.word == "any" else total

    @classmethod
    def short_schema(cls) -> dict[str, Any]:
        """All or any."""
        return {"enum": ["all", "any"]}


class RecordForm(Form):
    """A steered record: a name whose answer depends on health. Exactly one of tiers, all and weighted."""

    tiers: list[PoolUse] | None = Field(None, description="Pools in order of preference.", min_length=1)
    all: list[PoolUse] | None = Field(None, description="Every healthy endpoint of these is answered.", min_length=1)
    weighted: list[PoolUse] | None = Field(
        None,
        description="Each endpoint in as many answers, and first in as many, as its weight says.",
        min_length=1,
    )
    check: Any = Field(
        None, description="What an endpoint must pass: a check's name, a shorthand, a mapping, or a list."
    )
    require: RequireForm | None = Field(
        None, description="How a list of checks combines: all (default), any, at_least."
    )
    ttl: Ttl = Field(30, description="Most seconds that an answer may be cached.")
    min_healthy: Amount = Field(1, description="Healthy endpoints that a tier needs to be chosen.")
    failover_delay: Delay = Field(0.0, description="How long an endpoint must be down before it is withdrawn.")
    failback: FailbackForm = Field(FailbackForm(), description="How a recovered endpoint returns.")
    on_all_down: Literal["fail_open", "last_healthy", "nodata", "servfail"] = Field(
        "fail_open", description="What to answer when nothing is eligible and there is no fallback."
    )
    fallback: PoolUse | None = Field(None, description="Last-resort pool whose health is ignored.")
    answers_max: AnswersMax | None = Field(
        None,
        description=(
            "Most addresses in one answer; default 8, weighted 1. With more, a weighted record has an endpoint in an "
            "answer with probability min(1, answers_max x weight / sum of weights), in each place equally often."
        ),
    )

    @classmethod
    def prepare(cls, value: Any) -> Any:
        """One pool's name is a list of one."""
        if not isinstance(value, dict):
            return value
        single = (key for key in ("all", "weighted") if isinstance(value.get(key), str))
        return {**value, **{key: [value[key]] for key in single}}


POLICIES = ("tiers", "all", "weighted")


class DocumentForm(Form):
    """A whole configuration file of Understudy, without its checks' insides."""

    version: FormatVersion = Field(1, description="Version of this format: 1.")
    listen: list[ListenText] = Field(
        description="Address, or several, to answer DNS on; the default port is 53.", min_length=1
    )
    state_dir: Text | None = Field(
        None,
        description="Folder for what outlives a restart; default: ./state beside this file, or /var/lib/understudy"
        " for root's file in /etc.",
    )
    api: ApiForm = Field(ApiForm(), description="How the running server is spoken to.")
    server: ServerForm = Field(ServerForm(), description="The DNS service.")
    limits: LimitsForm = Field(LimitsForm(), description="What this node never goes beyond.")
    keys: dict[str, Any] = Field({}, description="Keys by name, to sign messages between servers with (TSIG).")
    zones: dict[str, Any] = Field({}, description="Zones by name.")
    checks: dict[str, Any] = Field({}, description="Checks by name.")
    pools: dict[str, Any] = Field({}, description="Pools by name.")
    records: dict[str, Any] = Field({}, description="Steered records by name.")

    @classmethod
    def prepare(cls, value: Any) -> Any:
        """An empty section is one that is not there; one address stands for a list."""
        if not isinstance(value, dict):
            return value
        full = {key: item for key, item in value.items() if item is not None or key not in SECTIONS}
        if isinstance(full.get("listen"), str):
            full["listen"] = [full["listen"]]
        return full


SECTIONS = ("api", "server", "limits", "keys", "zones", "checks", "pools", "records")
