"""From the written form of zones to what they mean."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from understudy.checks.files import find_absence
from understudy.config.document import ZoneForm
from understudy.config.findings import Findings
from understudy.config.source import KeyPath
from understudy.config.transfer_form import CatalogForm, MemberForm, PrimaryForm, TransferForm
from understudy.config.transfers import Vias, transfer_out
from understudy.model.configuration import NodeSettings
from understudy.model.name import Name
from understudy.model.transfer import Primary, TransferOut
from understudy.model.watch import WatchSettings
from understudy.model.zone import DigestRule, MemberTemplate, ZoneDefinition, ZoneSource

COPIES = "zones"
"""The folder in `state_dir` where zones from other servers are kept."""

_SUFFIX = ".zone"
_AS_IT_IS = re.compile(r"[a-z0-9_-][a-z0-9_.-]*")
_STEM_MAX = 180  # chosen: file names have 255 octets, and a temporary one stands beside it


class ZoneBuilder:
    """Builds zones one by one; what is wrong with them goes to `findings`."""

    def __init__(self, node: NodeSettings, findings: Findings) -> None:
        self._state_dir, self._node_file = node.state_dir, node.file
        self._findings = findings
        self._vias = Vias(node.via, findings)

    def build(self, name: Name, form: ZoneForm, path: KeyPath) -> ZoneDefinition:
        """One zone."""
        transfer = None if form.transfer is None else self._transfer(form.transfer, path)
        if form.primaries is not None:
            primaries = self._primaries(form, form.primaries, path)
            file = copy_file(self._state_dir, name)
            rule = DigestRule(form.zonemd)
            definition = ZoneDefinition(name, ZoneSource.TRANSFER, file, transfer, primaries, _watch(form), rule)
            return definition if form.catalog is None else self._followed(form.catalog, definition, path)
        if form.source == "catalog":
            return self._catalog(name, form, path, transfer=transfer)
        file = self._findings.folder / (form.file or "")
        absence = find_absence(file)
        if absence:
            hint = f"paths start at {self._findings.folder}"
            self._findings.missing((*path, "file"), "zone.file-missing", f"{file} {absence}", hint=hint)
        rule = DigestRule(form.zonemd)
        return ZoneDefinition(name, ZoneSource.FILE, file, transfer, watch=_watch(form), zonemd=rule)

    def _followed(self, form: CatalogForm, catalog: ZoneDefinition, path: KeyPath) -> ZoneDefinition:
        """A catalog from another server: its zones are treated as it is itself, but for what is written."""
        transfer = None if catalog.transfer is None else _unlisted(catalog.transfer)
        common = MemberTemplate(catalog.primaries, DigestRule.IGNORE, transfer, catalog.watch)
        template = self._template(form, common, (*path, "catalog"))
        groups = tuple(
            (group, self._template(written, template, (*path, "catalog", "groups", group)))
            for group, written in form.groups.items()
        )
        return replace(catalog, members=replace(template, groups=groups))

    def _template(self, form: MemberForm, common: MemberTemplate, path: KeyPath) -> MemberTemplate:
        """What is written, over what is common."""
        transfer, watch = common.transfer, common.watch
        if form.transfer is not None:
            transfer = _unlisted(self._transfer(form.transfer, path))
        if form.watch is not None:
            watch = form.watch.settings()
        return MemberTemplate(
            primaries=common.primaries if form.primaries is None else self._primaries(form, form.primaries, path),
            zonemd=common.zonemd if form.zonemd is None else DigestRule(form.zonemd),
            transfer=transfer,
            watch=watch,
        )

    def _transfer(self, form: TransferForm, path: KeyPath) -> TransferOut:
        return transfer_out(form, (*path, "transfer"), self._findings, vias=self._vias)

    def _primaries(
        self, form: ZoneForm | MemberForm, written: Iterable[PrimaryForm], path: KeyPath
    ) -> tuple[Primary, ...]:
        """Each with its own key or the zone's."""
        found = (
            Primary(
                *each.address, each.key or form.key, self._vias.of(each.address, each.via, (*path, "primaries", index))
            )
            for index, each in enumerate(written)
        )
        return tuple(dict.fromkeys(found))

    def _catalog(self, name: Name, form: ZoneForm, path: KeyPath, *, transfer: TransferOut | None) -> ZoneDefinition:
        if transfer is not None and transfer.notify is None:
            hint = "write transfer.notify"
            self._findings.warn(path, "catalog.notify", "nobody is told when zones come or go", hint=hint)
        watch = None if form.watch is None else form.watch.settings()
        return ZoneDefinition(name, ZoneSource.CATALOG, self._node_file, transfer, watch=watch)


def _unlisted(transfer: TransferOut) -> TransferOut:
    """What comes from a catalog of another server is listed by none of ours."""
    return replace(transfer, group="", catalogs=(), given_to=None)


def _watch(form: ZoneForm) -> WatchSettings | None:
    """As it is written, else where other servers have the zone by what else is written."""
    if form.watch is not None:
        return form.watch.settings()
    return None if form.transfer is None and form.primaries is None else WatchSettings()


def copy_file(state_dir: Path, name: Name) -> Path:
    """Where the copy of a zone is kept."""
    return copies_in(state_dir) / copy_name(name)


@lru_cache(maxsize=4)  # there is one; putting a path together costs more than the name of a file
def copies_in(state_dir: Path) -> Path:
    """The folder of the copies."""
    return state_dir / COPIES


def copy_name(name: Name) -> str:
    """Every name has a file of its own, a very long one under its digest."""
    text = str(name)
    stem = text if _AS_IT_IS.fullmatch(text) else quote(text, safe="") if name.labels else "%"
    if len(stem) > _STEM_MAX:
        stem = f"%{hashlib.sha256(name.to_wire()).hexdigest()}"
    return stem + _SUFFIX
