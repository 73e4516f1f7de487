"""Each contract of the import linter rejects what it forbids; only `understudy.engine` knows the compiled module."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import pytest

Contract: TypeAlias = Mapping[str, str]

COMPILED = "understudy.engine._native"
SAMPLES = tomllib.loads((Path(__file__).parent / "samples" / "layers.toml").read_text(encoding="utf-8"))["sample"]


def _settings(root: Path) -> dict[str, list[dict[str, object]]]:
    settings: dict[str, list[dict[str, object]]] = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))[
        "tool"
    ]["importlinter"]
    return settings


def _layers(root: Path) -> list[str]:
    """The folders that the layers name."""
    layers = next(contract["layers"] for contract in _settings(root)["contracts"] if contract["type"] == "layers")
    assert isinstance(layers, list)
    return [name for layer in layers for name in layer.split(" | ")]


def _write_package(folder: Path, names: Iterable[str]) -> Path:
    """A package of the same shape as ours, with nothing in it."""
    package = folder / "understudy"
    for name in (".", *names):
        (package / name).mkdir(parents=True, exist_ok=True)
        (package / name / "__init__.py").touch()
    return package


def _lint(root: Path, folder: Path) -> str:
    """What the linter says with our contracts about the package in `folder`; it ends with 1 if something is broken."""
    linter = str(Path(sys.executable).with_name("lint-imports"))
    command = [linter, "--config", str(root / "pyproject.toml"), "--no-cache", "--no-logo"]
    environment = {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200", "NO_COLOR": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr


def imports_of_the_compiled_module(tree: ast.Module) -> Iterator[int]:
    """Lines that import it, in any spelling."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            names = [str(argument.value) for argument in node.args if isinstance(argument, ast.Constant)]
        else:
            continue
        if COMPILED in names:
            yield node.lineno


def test_an_empty_package_of_our_shape_breaks_no_contract(root: Path, tmp_path: Path) -> None:
    _write_package(tmp_path, _layers(root))
    said = _lint(root, tmp_path)
    assert f"{len(_settings(root)['contracts'])} kept, 0 broken" in said, said


@pytest.mark.parametrize("broken", SAMPLES, ids=[sample["name"] for sample in SAMPLES])
def test_an_import_that_a_contract_forbids_is_rejected(broken: Contract, root: Path, tmp_path: Path) -> None:
    package = _write_package(tmp_path, _layers(root))
    module = package / broken["module"]
    module.parent.mkdir(exist_ok=True)
    (module.parent / "__init__.py").touch()
    module.write_text(broken["text"], encoding="utf-8")
    said = _lint(root, tmp_path)
    assert broken["said"] in said, said
    assert "0 broken" not in said


def test_every_contract_has_a_sample_that_it_rejects(root: Path) -> None:
    names = {contract["name"] for contract in _settings(root)["contracts"]}
    assert {sample["contract"] for sample in SAMPLES} == names


def test_only_the_adapter_imports_the_compiled_module(
    trees: Mapping[Path, ast.Module], nothing_found: Callable[[Iterable[str]], None]
) -> None:
    adapter = Path("src/understudy/engine")
    tests = Path("tests/unit/engine")
    nothing_found(
        f"{path}:{line}: only understudy.engine imports the compiled module"
        for path, tree in trees.items()
        if adapter not in path.parents and tests not in path.parents
        for line in imports_of_the_compiled_module(tree)
    )


def test_imports_of_the_compiled_module_are_rejected(sample: Callable[[str], tuple[str, set[int]]]) -> None:
    text, rejected = sample("compiled.py")
    assert set(imports_of_the_compiled_module(ast.parse(text))) == rejected
