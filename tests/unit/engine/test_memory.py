"""Zones that are too large for the memory: they are refused, and the process goes on. In a process whose address space
is limited, because nothing else shows it: who asks for more than there is, is ended.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PRELUDE = """
import resource, struct, sys
from pathlib import Path
from understudy.engine import Incoming, IncomingError, Zone

ROOM, MOST, EACH = 96 << 20, 600_000, 500
APEX = b"\\xc0\\x0c"

def record(owner, rtype, rdata):
    return owner + struct.pack("!HHIH", rtype, 1, 60, len(rdata)) + rdata

def soa(serial):
    return record(APEX, 6, b"\\x02ns" + APEX + b"\\x04root" + APEX + struct.pack("!5I", serial, 60, 60, 86400, 60))

def message(qtype, *records):
    head = struct.pack("!6H", 77, 0x8400, 1, len(records), 0, 0)
    return head + b"\\7example\\3com\\0" + struct.pack("!HH", qtype, 1) + b"".join(records)

def address(number):
    return record(b"\\x09h%08d" % number + APEX, 1, struct.pack("!I", number))

def limit():
    used = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmSize"))
    most = int(used.split()[1]) * 1024 + ROOM
    resource.setrlimit(resource.RLIMIT_AS, (most, most))

ERRORS = []

def outcome(make):
    try:
        return make()
    except IncomingError as error:
        ERRORS.append(error)  # with what was under way, as whoever tells of it later has it
        return error.code
    except OSError as error:
        return f"{error.errno} {error.strerror}"

def grow(make):
    limit()
    size, last = 5000, "made"
    while last == "made" and size <= MOST:
        last = outcome(lambda: make(size))
        size += size // 8
    print(last, size, outcome(lambda: make(size // 2)))
"""

TRANSFERRED = """
HEAD = [] if WHOLE else [soa(1), soa(2)]
KIND = 252 if WHOLE else 251
HELD = None if WHOLE else Zone.parse("example.com.", b"@ 60 SOA ns root 1 60 60 86400 60\\n@ 60 NS ns\\n")
NS = [record(APEX, 2, b"\\x02ns" + APEX)] if WHOLE else []
BODY = [message(KIND, *map(address, range(at, at + EACH))) for at in range(0, MOST, EACH)]

def make(size):
    incoming = Incoming("example.com.", 77, held=HELD, is_incremental=not WHOLE, limit_octets=1 << 40)
    incoming.feed(message(KIND, soa(2), *HEAD, *NS))
    for part in BODY[:size // EACH]:
        incoming.feed(part)
    assert incoming.feed(message(KIND, soa(2)))
    assert incoming.finish().record_count >= size // EACH * EACH
    return "made"

grow(make)
"""

READ = """
FILE = Path(sys.argv[1])
HEAD = "@ 60 SOA ns root 2 60 60 86400 60\\n@ 60 NS ns\\n"

def make(size):
    with FILE.open("w") as stream:
        stream.write(HEAD)
        stream.writelines(LINES(size))
    assert Zone.load("example.com.", str(FILE)).record_count >= size
    return "made"

grow(make)
"""


def run(script: str, folder: Path) -> tuple[str, int, str]:
    """What became of the largest, its size, and what became of one of half the size behind it."""
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + script, str(folder / "zone")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    largest, size, small = done.stdout.strip().rsplit(" ", 2)
    return largest, int(size), small


@pytest.mark.parametrize(("is_whole", "least"), [(True, 100_000), (False, 10_000)])
def test_a_transfer_that_is_too_large_for_the_memory_is_refused_and_smaller_ones_are_taken(
    tmp_path: Path, is_whole: bool, least: int
) -> None:
    largest, size, small = run(f"WHOLE = {is_whole}\n{TRANSFERRED}", tmp_path)
    assert (largest, small) == ("transfer.memory", "made")
    assert size > least


@pytest.mark.parametrize(
    "lines",
    [
        'return (f"h{number:08} 60 A 192.0.2.1\\n" for number in range(size))',
        'return [f"$GENERATE 1-{size} h$ 60 A 192.0.2.1\\n"]',
        'yield "; " + "x" * 70_000 + "\\n"\n    yield from (f"{number:x} 60 A 1.2.3.4\\n" for number in range(size))',
    ],
    ids=["plain", "generated", "unlike its beginning"],
)
def test_a_file_that_is_too_large_for_the_memory_is_refused_and_smaller_ones_are_read(
    tmp_path: Path, lines: str
) -> None:
    largest, size, small = run(f"def LINES(size):\n    {lines}\n{READ}", tmp_path)
    assert largest.startswith("12 the zone needs at least ")
    assert largest.endswith("MiB: the limit of the address space (ulimit -v, LimitAS=)")
    assert small == "made"
    assert size > 100_000
