"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path

from benchmarks.contest.field import Cores


def describe() -> Mapping[str, str]:
    """Processor, cores, kernel, system."""
    return {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "kernel": platform.release(),
        "system": _system(),
        "python": platform.python_version(),
        "rustc": _rustc(),
    }


def cores() -> Cores:
    """The first two cores that may be used. One for both would measure the scheduler."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        raise SystemExit("this measurement needs two cores: one serves, the other asks")
    return Cores(server=usable[0], generator=usable[1])


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def _rustc() -> str:
    try:
        return subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
