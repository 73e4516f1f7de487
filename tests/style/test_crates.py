"""The crates point one way, and only one of them knows Python."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

ORDER = ("wire", "zone", "answer", "engine", "yaml", "py")
"""Each crate may use those before it."""

ONLY_IN = {"pyo3": "py", "libc": "engine", "socket2": "engine"}
"""Whoever knows Python; whoever knows sockets."""


def wrong_arrows(crate: str, manifest: str) -> Iterator[str]:
    """What a crate uses, and must not."""
    for name in tomllib.loads(manifest).get("dependencies", {}):
        used = name.removeprefix("understudy-")
        is_ours = name.startswith("understudy-")
        if is_ours and (used not in ORDER or crate not in ORDER or ORDER.index(used) >= ORDER.index(crate)):
            yield f"crates/{crate} uses {name}, which does not stand before it"
        if ONLY_IN.get(name, crate) != crate:
            yield f"crates/{crate} uses {name}, which is for crates/{ONLY_IN[name]} alone"


def _is_manifest(path: Path) -> bool:
    return path.parts[0] == "crates" and path.name == "Cargo.toml"


def test_no_crate_uses_one_that_stands_after_it(
    texts: Mapping[Path, str], nothing_found: Callable[[Iterable[str]], None]
) -> None:
    manifests = {path.parts[1]: text for path, text in texts.items() if _is_manifest(path)}
    assert set(manifests) == set(ORDER)
    nothing_found(line for crate, text in manifests.items() for line in wrong_arrows(crate, text))


def test_only_the_engine_may_have_unsafe_code(texts: Mapping[Path, str]) -> None:
    assert 'unsafe_code = "deny"' in texts[Path("Cargo.toml")]
    for crate in ("wire", "zone", "answer"):
        assert "#![forbid(unsafe_code)]" in texts[Path(f"crates/{crate}/src/lib.rs")], crate


def test_arrows_that_point_back_and_python_in_the_engine_are_rejected(
    sample: Callable[[str], tuple[str, set[int]]],
) -> None:
    text, _ = sample("crate.toml")
    assert list(wrong_arrows("zone", text)) == [
        "crates/zone uses understudy-engine, which does not stand before it",
        "crates/zone uses pyo3, which is for crates/py alone",
    ]
