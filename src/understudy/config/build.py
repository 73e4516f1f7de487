"""From a document's written objects to a valid configuration; what is wrong between objects becomes problems here."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from understudy.config.cookie_secrets import CookieSecretError, read_cookie_secrets
from understudy.config.document import DocumentForm
from understudy.config.findings import Findings
from understudy.config.mentions import judge_mentions
from understudy.config.places import SOCKET_NAME, default_state_dir
from understudy.config.pools import PoolTable
from understudy.config.reading import Document
from understudy.config.records import RecordBuilder
from understudy.config.references import CheckTable
from understudy.config.secret_files import warn_of_exposure
from understudy.config.server_form import RateLimitForm, ServerForm, judge_server
from understudy.config.source import KeyPath
from understudy.config.transfers import KeyTable
from understudy.config.zones import ZoneBuilder
from understudy.model.configuration import Configuration, NodeSettings, RateLimit
from understudy.model.name import Name
from understudy.model.record import Record
from understudy.model.zone import ZoneDefinition, ZoneSource

_N = TypeVar("_N", str, Name)


def build(document: Document, findings: Findings) -> Configuration:
    """The configuration that the document means; an incomplete one after problems."""
    keys = KeyTable(document.keys, document.key_names, findings)
    node = _node(document.node, document.file, findings)
    zone_builder = ZoneBuilder(node, findings)
    zones = {name: zone_builder.build(name, *placed) for name, placed in document.zones.items()}
    checks = CheckTable(document.checks, findings)
    pools = PoolTable(document.pools, document.pool_names, findings)
    judge_mentions(document, keys, pools, findings=findings)
    builder = RecordBuilder(document.written_zones, checks, pools, findings=findings)
    built = {name: builder.build(name, written) for name, written in document.records.items()}
    records = {name: record for name, record in built.items() if record is not None}
    _judge_places(records, zones, document, findings=findings)
    checks.resolve_all()
    _warn_of_unused("key", keys.paths, keys.used, findings=findings)
    _warn_of_unused("check", {name: ("checks", name) for name in document.checks}, checks.used, findings=findings)
    _warn_of_unused("pool", {name: ("pools", name) for name in document.pools}, pools.used, findings=findings)
    return Configuration(
        node=node,
        zones=zones,
        checks=checks.checks,
        pools={name: placed.pool for name, placed in pools.pools.items()},
        records=records,
        sources=dict(_sources(document, checks, pools, findings=findings)),
        keys=keys.keys,
    )


def _judge_places(
    records: Mapping[Name, Record], zones: Mapping[Name, ZoneDefinition], document: Document, *, findings: Findings
) -> None:
    """A catalog has the records that its RFC gives it, and no others."""
    for name, record in records.items():
        definition = zones.get(record.zone)
        if definition is not None and definition.source is ZoneSource.CATALOG:
            path, text = document.records[name].path, f"{record.zone} is a catalog, which has no records of its own"
            findings.error(path, "record.in-catalog", text, hint="choose a name in another zone")


def _node(form: DocumentForm | None, file: Path, findings: Findings) -> NodeSettings:
    if form is None:
        return NodeSettings((), default_state_dir(file), file.absolute())
    server = form.server
    judge_server(server, findings)
    state_dir = _state_dir(form, file)
    socket = file.parent.absolute() / form.api.socket if form.api.socket is not None else state_dir / SOCKET_NAME
    return NodeSettings(
        listen=tuple(form.listen),
        state_dir=state_dir,
        file=file.absolute(),
        threads=server.threads,
        version_bind=server.version or "",
        hostname_bind=server.hostname or "",
        udp_size=server.udp_size,
        udp_size_without_cookie=server.udp_size_without_cookie or server.udp_size,
        has_cookies=server.cookies,
        cookie_secret_file=_cookie_secret_file(server, file.parent.absolute(), findings),
        is_minimal=server.minimal_responses,
        is_rotated=server.rotate,
        rate_limit=_rate_limit(server.rate_limit),
        busy_poll_s=server.busy_poll,
        tcp_clients=server.tcp.clients,
        tcp_clients_per_prefix=server.tcp.clients_per_prefix,
        tcp_idle_s=server.tcp.idle,
        transfers=server.transfers,
        via=tuple(server.via),
        probe_rate_max=float(form.limits.probe_rate),
        api_socket=socket,
    )


def _rate_limit(form: RateLimitForm | None) -> RateLimit | None:
    if form is None:
        return None
    return RateLimit(
        per_second=form.per_second,
        slip=form.slip,
        ipv4_prefix=form.ipv4_prefix,
        ipv6_prefix=form.ipv6_prefix,
        exempt=tuple(form.exempt),
        table_size=form.table_size,
    )


def _cookie_secret_file(form: ServerForm, folder: Path, findings: Findings) -> Path | None:
    if form.cookie_secret_file is None or not form.cookies:
        return None
    path, file = ("server", "cookie_secret_file"), folder / form.cookie_secret_file
    try:
        read_cookie_secrets(file)
    except CookieSecretError as error:
        hint = "a line of 32 hexadecimal digits, as `openssl rand -hex 16` prints it"
        findings.missing(path, "server.cookie-secret", str(error), hint=hint, is_passing=error.is_passing)
    warn_of_exposure(path, file, findings)
    return file


def _state_dir(form: DocumentForm, file: Path) -> Path:
    if form.state_dir is not None:
        return file.parent.absolute() / form.state_dir
    return default_state_dir(file)


def _warn_of_unused(kind: str, paths: Mapping[_N, KeyPath], used: Container[_N], *, findings: Findings) -> None:
    for name, path in paths.items():
        if name not in used:
            findings.warn(path, f"{kind}.unused", f"nothing uses the {kind} '{name}'", hint="use it, or leave it out")


def _sources(
    document: Document, checks: CheckTable, pools: PoolTable, *, findings: Findings
) -> Iterator[tuple[str, tuple[str, int]]]:
    """Where each object stands, composed checks as well."""
    paths: dict[str, KeyPath] = {f"zone:{name}": path for name, (_, path) in document.zones.items()}
    paths |= {f"key:{name}": path for name, (_, path) in document.keys.items()}
    paths |= {f"check:{name}": ("checks", name) for name in document.checks}
    paths |= {f"check:{name}": path for name, path in checks.paths.items()}
    paths |= {f"pool:{name}": placed.path for name, placed in pools.pools.items()}
    paths |= {f"record:{name}": written.path for name, written in document.records.items()}
    for key, path in paths.items():
        yield key, (str(document.file), findings.line(path))
