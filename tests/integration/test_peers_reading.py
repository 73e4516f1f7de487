"""Master files as BIND, Knot and NSD read them: our exports, and zones in which something was changed at random."""

import random
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from understudy.engine import Zone, ZoneFileError
from understudy.testing.other_servers import find_program
from understudy.testing.side_by_side.zones import large_zone

FOLDER = Path(__file__).parent / "zones" / "side_by_side"
ORIGINS = {path: "." if path.stem == "root" else f"{path.stem}." for path in sorted(FOLDER.glob("*.zone"))}
CHANGES = 120
LETTERS = '"\\();@$.* \t\n0123456789abcXYZ-#/\0\x7f\xe9'
IGNORING = [word for option in "imkMSTW" for word in (f"-{option}", "none" if option == "i" else "ignore")]

# RFC 6672 section 2.4 forbids the second, and RFC 1035 section 5.1 has no value for a first record without a TTL.
STRICTER = {"zone.ttl.missing", "zone.dname.delegation"}

# What is written for people, and these versions do not know. All of it is read back by us and by BIND.
UNKNOWN_TO: dict[str, dict[str, str]] = {
    "kzonecheck": {
        "svc.test.": "invalid parameter",  # dohpath
    },
}


@dataclass(frozen=True, slots=True)
class Reading:
    """What another make says of a file."""

    is_read: bool
    said: str


def run(program: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [find_program(program), *words]
    return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=60, check=False)


def read_by(checker: str, origin: str, file: Path) -> Reading:
    """Knot's checker also fails for glue that is missing, which does not keep its server from loading."""
    words = ["-v", "-o", origin, str(file)] if checker == "kzonecheck" else [origin, str(file)]
    seen = run(checker, *words)
    said = seen.stdout + seen.stderr
    return Reading(seen.returncode == 0 or ("missing glue" in said and "error:" not in said), said)


def as_bind_reads(origin: str, file: Path) -> frozenset[str] | None:
    """The zone's records in BIND's own form, in small letters; None if it does not load the file."""
    seen = run("named-compilezone", *IGNORING, "-s", "full", "-o", "-", origin, str(file))
    if seen.returncode:
        return None
    return frozenset(" ".join(line.lower().split()) for line in seen.stdout.splitlines() if not line.startswith("$"))


def without_ttl(records: frozenset[str]) -> frozenset[str]:
    return frozenset(re.sub(r"^(\S+) \d+ ", r"\1 ", record) for record in records)


def exported(zone: Zone, folder: Path) -> Path:
    file = folder / "exported"
    file.write_text(zone.to_master_file(), encoding="utf-8")
    return file


@pytest.mark.parametrize("path", ORIGINS, ids=lambda path: path.stem)
def test_an_export_says_the_same_to_bind_as_the_file_it_was_read_from(path: Path, tmp_path: Path) -> None:
    records = as_bind_reads(ORIGINS[path], path)
    assert records, "the zone of the test itself"
    assert as_bind_reads(ORIGINS[path], exported(Zone.load(ORIGINS[path], str(path)), tmp_path)) == records


def test_a_large_zone_is_exported_whole(tmp_path: Path) -> None:
    file = tmp_path / "large.test.zone"
    file.write_text(large_zone(), encoding="utf-8")
    records = as_bind_reads("large.test.", file)
    assert records
    assert as_bind_reads("large.test.", exported(Zone.load("large.test.", str(file)), tmp_path)) == records


@pytest.mark.parametrize("checker", ["kzonecheck", "nsd-checkzone"])
@pytest.mark.parametrize("path", ORIGINS, ids=lambda path: path.stem)
def test_an_export_is_read_elsewhere_but_for_what_is_not_known_there(path: Path, checker: str, tmp_path: Path) -> None:
    origin = ORIGINS[path]
    reading = read_by(checker, origin, exported(Zone.load(origin, str(path)), tmp_path))
    unknown = UNKNOWN_TO.get(checker, {}).get(origin)
    assert reading.is_read == (unknown is None), reading.said
    faults = [line for line in reading.said.splitlines() if re.search(r"error.*line \d+|: error: .*:\d+:", line)]
    assert all(re.search(f"{unknown}|syntax error", line) for line in faults), reading.said


def loaded(origin: str, file: Path) -> Zone | set[str]:
    """Our own reading: the zone, or the codes of what is wrong."""
    try:
        return Zone.load(origin, str(file))
    except ZoneFileError as error:
        return {code for _, _, _, code, _ in error.problems}


def changed(dice: random.Random, lines: Sequence[str]) -> list[str]:
    """One line is not as it was."""
    at = dice.randrange(len(lines))
    line = lines[at]
    place = dice.randrange(len(line) + 1)
    words = re.split(r"(\s+)", line)
    word = dice.randrange(len(words))
    instead = dice.choice(
        [
            line[:place] + dice.choice(LETTERS) + line[place:],
            line[:place] + line[place + 1 :],
            line[:place] + dice.choice(LETTERS) + line[place + 1 :],
            "".join((*words[:word], dice.choice(words), *words[word + 1 :])),
            f"{line}\n{dice.choice(lines)}",
            dice.choice(lines),
        ]
    )
    return [*lines[:at], instead, *lines[at + 1 :]]


@pytest.mark.parametrize("seed", range(CHANGES))
def test_a_file_that_was_changed_at_random_is_read_as_others_read_it(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)
    path = dice.choice(list(ORIGINS))
    origin, file = ORIGINS[path], tmp_path / "changed"
    lines = changed(dice, path.read_text(encoding="utf-8").splitlines())
    file.write_bytes("\n".join([*lines, ""]).encode("latin-1"))
    bind = as_bind_reads(origin, file)
    others = [bind is not None, *(read_by(each, origin, file).is_read for each in ("kzonecheck", "nsd-checkzone"))]
    zone = loaded(origin, file)
    if not isinstance(zone, Zone):
        assert sum(others) < 2 or zone <= STRICTER, zone
        return
    assert any(others), "nobody else reads it"
    if bind is not None:
        ours = as_bind_reads(origin, exported(zone, tmp_path))
        assert ours is not None
        # Where the TTLs of a set differ, BIND takes the first and we the least (RFC 2181 section 5.2).
        assert without_ttl(ours) == without_ttl(bind)
