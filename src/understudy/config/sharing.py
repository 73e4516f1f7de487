"""What two configurations have in common, as the very same values: so a change of one object is found at a glance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from understudy.model.configuration import Configuration

K = TypeVar("K")
V = TypeVar("V")


def share(old: Configuration | None, new: Configuration) -> Configuration:
    """The new configuration, made of the values of the old one wherever they are equal.

    What was read anew and is the same goes at once, and what stays needs no look of the garbage collector.
    """
    if old is None:
        return new
    return replace(
        new,
        zones=_shared(old.zones, new.zones),
        checks=_shared(old.checks, new.checks),
        pools=_shared(old.pools, new.pools),
        records=_shared(old.records, new.records),
        keys=_shared(old.keys, new.keys),
    )


def _shared(old: Mapping[K, V], new: Mapping[K, V]) -> dict[K, V]:
    names = {name: name for name in old}
    return {names.get(name, name): _kept(old.get(name), value) for name, value in new.items()}


def _kept(old: V | None, new: V) -> V:
    return old if old is not None and old == new else new
