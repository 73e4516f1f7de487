"""What documents show works: configurations load, commands and make targets exist with the options that are shown."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import typer

from understudy.cli.app import app
from understudy.config.load import load
from understudy.model.errors import ConfigError

Shown: TypeAlias = tuple[int, str]
"""(line, text)"""

_BLOCK = re.compile(r"^```(?P<kind>\w+)[^\n]*\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`(?P<text>(?:understudy|make) [^`\n]+)`")
_PROGRAM = re.compile(r"^(?:\$ |# )?(?:sudo )?(?:\.venv/bin/)?(?P<words>(?:understudy|make)\b.*)$", re.MULTILINE)
_ZONE_FILE = re.compile(r"\bfile:\s*\"?(?P<name>[^\s,}\"]+)")
_TARGET = re.compile(r"^(?P<name>[a-z]+):", re.MULTILINE)

SURROUNDINGS = {"listen": "listen: 127.0.0.1:5300\n", "zones": "zones: {example.com: {file: example.com.zone}}\n"}
"""What a configuration needs, and a shown part of one may leave out."""


def blocks(text: str, kinds: Iterable[str]) -> Iterator[Shown]:
    """Code blocks of these kinds."""
    for found in _BLOCK.finditer(text):
        if found["kind"] in kinds:
            yield text.count("\n", 0, found.start("text")) + 1, found["text"]


def problems_of(shown: str, folder: Path) -> list[str]:
    """What the program says about a shown configuration; zone files that it names are there."""
    missing = [line for key, line in SURROUNDINGS.items() if not re.search(rf"^{key}:", shown, re.MULTILINE)]
    text = shown + "".join(missing)
    for found in _ZONE_FILE.finditer(text):
        if not found["name"].startswith("/"):
            (folder / found["name"]).parent.mkdir(parents=True, exist_ok=True)
            (folder / found["name"]).touch()
    file = folder / "understudy.yaml"
    file.write_text(text, encoding="utf-8")
    try:
        load(file)
    except ConfigError as error:
        return [str(problem).removeprefix(f"{file}:") for problem in error.problems]
    return []


def commands(text: str) -> Iterator[Shown]:
    """Commands of ours in shell blocks and in the prose."""
    for line, block in blocks(text, {"sh", "shell", "console", "bash"}):
        for found in _PROGRAM.finditer(block):
            yield line + block.count("\n", 0, found.start()), found["words"].split("  #")[0]
    for found in _INLINE.finditer(text):
        yield text.count("\n", 0, found.start()) + 1, found["text"]


def fault_of(command: str, targets: set[str]) -> str:
    """Why this command does not exist, or nothing."""
    program, *words = shlex.split(command, comments=True)
    if program == "make":
        return next((f"make has no target {word}" for word in words[:1] if word not in targets), "")
    return _fault_of_words(typer.main.get_command(app), words)


def _fault_of_words(known: Any, words: list[str]) -> str:
    """Follow the words down to a command, then look at its options."""
    while (below := getattr(known, "commands", None)) and words and not words[0].startswith("-"):
        if words[0] not in below:
            return f"there is no command {words[0]}"
        known, words = below[words[0]], words[1:]
    options = {option for parameter in known.params for option in parameter.opts} | {"--help"}
    unknown = [word for word in words if word.startswith("-") and word.split("=")[0] not in options]
    return f"{known.name} has no option {unknown[0]}" if unknown else ""


def _targets(texts: Mapping[Path, str]) -> set[str]:
    return {found["name"] for found in _TARGET.finditer(texts[Path("Makefile")])}


def test_every_configuration_in_a_document_loads(
    markdown: Mapping[Path, str], tmp_path: Path, nothing_found: Callable[[Iterable[str]], None]
) -> None:
    found: list[str] = []
    for path, text in markdown.items():
        for line, shown in blocks(text, {"yaml"}):
            folder = tmp_path / f"{path.name}-{line}"
            folder.mkdir()
            found += [f"{path}:{line}: its line {problem}" for problem in problems_of(shown, folder)]
    nothing_found(found)


def test_every_command_in_a_document_exists(
    markdown: Mapping[Path, str], texts: Mapping[Path, str], nothing_found: Callable[[Iterable[str]], None]
) -> None:
    targets = _targets(texts)
    shown = [(path, *command) for path, text in markdown.items() for command in commands(text)]
    assert shown
    nothing_found(
        f"{path}:{line}: '{command}': {fault}" for path, line, command in shown if (fault := fault_of(command, targets))
    )


def test_configurations_that_do_not_load_are_rejected(
    sample: Callable[[str], tuple[str, set[int]]], tmp_path: Path
) -> None:
    text, _ = sample("examples.md")
    good, bad = (shown for _, shown in blocks(text, {"yaml"}))
    assert not problems_of(good, tmp_path)
    assert len(problems_of(bad, tmp_path)) == 1


def test_commands_that_do_not_exist_are_rejected(
    sample: Callable[[str], tuple[str, set[int]]], texts: Mapping[Path, str]
) -> None:
    text, rejected = sample("examples.md")
    assert {line for line, command in commands(text) if fault_of(command, _targets(texts))} == rejected
