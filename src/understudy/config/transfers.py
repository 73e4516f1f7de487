"""From the written form of keys and transfers to what they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from understudy.config.findings import Findings, nearest
from understudy.config.secret_files import SecretFileError, read_key_secret, warn_of_exposure
from understudy.config.source import KeyPath
from understudy.config.transfer_form import KeyForm, NotifyForm, TransferForm
from understudy.model.key import Key
from understudy.model.name import Name
from understudy.model.transfer import KeyedNetwork, NotifyTarget, SerialStyle, TransferOut, default_via

_EVERYBODY = frozenset(("0.0.0.0/0", "::/0"))


class KeyTable:
    """The keys that are defined, and which of them something uses. `names` has the faulty ones as well."""

    def __init__(
        self, written: Mapping[Name, tuple[KeyForm, KeyPath]], names: frozenset[Name], findings: Findings
    ) -> None:
        self.keys = {name: self._key(name, *placed, findings=findings) for name, placed in written.items()}
        self.paths = {name: path for name, (_, path) in written.items()}
        self.used: set[Name] = set()
        self._names = names
        self._findings = findings

    def use(self, name: Name, path: KeyPath) -> None:
        """Something of the file names a key."""
        self.used.add(name)
        if name not in self._names:
            hint = nearest(str(name), [str(each) for each in self._names]) or "define it in the section keys"
            self._findings.error(path, "reference.unknown", f"no key is called '{name}'", hint=hint)

    @staticmethod
    def _key(name: Name, form: KeyForm, path: KeyPath, *, findings: Findings) -> Key:
        file = findings.folder / form.secret_file
        try:
            read_key_secret(file)
        except SecretFileError as error:
            hint = "one line of base64, as `openssl rand -base64 32` prints it"
            findings.missing((*path, "secret_file"), "key.secret", str(error), hint=hint, is_passing=error.is_passing)
        warn_of_exposure((*path, "secret_file"), file, findings)
        return Key(name, form.algorithm, file)


class Vias:
    """Which addresses of this host others see: those written beside them, else those of the server."""

    def __init__(self, default: Sequence[str], findings: Findings) -> None:
        self._default = default
        self._findings = findings
        for index, via in enumerate(default):
            self._judge(via, ("server", "via", index))

    def of(self, server: tuple[str, int], written: str | None, path: KeyPath) -> str:
        """The one that a server sees; empty: the system chooses. `path` is that of the server."""
        if written is None:
            return default_via(server[0], self._default)
        if not default_via(server[0], [written]):
            text = f"{server[0]} cannot be reached from {written}: one is of IPv4, the other of IPv6"
            self._findings.error((*path, "via"), "via.family", text, hint="write an address of the same family")
        self._judge(written, (*path, "via"))
        return written

    def _judge(self, via: str, path: KeyPath) -> None:
        from understudy.checks.transport.own import is_own  # with the first one: few servers have any

        if not is_own(via):
            hint = "give this host the address, or write another one; until then nothing is sent from it"
            self._findings.warn(path, "via.absent", f"this host has no address {via}", hint=hint)


def transfer_out(form: TransferForm, path: KeyPath, findings: Findings, *, vias: Vias) -> TransferOut:
    """What a zone's `transfer` means."""
    for index, admission in enumerate(form.to):
        if admission.key is None and admission.network in _EVERYBODY:
            message = f"everybody may fetch the zone: {admission.network} is every address, and no key is asked for"
            hint = "name the secondaries, or write {network: ..., key: NAME}"
            findings.warn((*path, "to", index), "transfer.open", message, hint=hint)
    return TransferOut(
        networks=tuple(each.network for each in form.to if each.network is not None and each.key is None),
        keys=tuple(each.key for each in form.to if each.key is not None and each.network is None),
        notify=None if form.notify is None else _targets(form.notify, (*path, "notify"), vias),
        serial=SerialStyle(form.serial),
        merge_s=form.merge,
        zonemd=form.zonemd,
        group=form.group or "",
        catalogs=None if form.catalogs is None else tuple(form.catalogs),
        given_to=form.given_to,
        keyed_networks=tuple(
            KeyedNetwork(each.network, each.key)
            for each in form.to
            if each.network is not None and each.key is not None
        ),
    )


def _targets(forms: list[NotifyForm], path: KeyPath, vias: Vias) -> tuple[NotifyTarget, ...]:
    found = (
        NotifyTarget(*form.address, form.key, vias.of(form.address, form.via, (*path, index)))
        for index, form in enumerate(forms)
    )
    return tuple(dict.fromkeys(found))
