"""Durations as people write them: `100us`, `500ms`, `5s`, `2m`, `1h`."""

from __future__ import annotations

import re

_UNITS_S = {"us": 0.000001, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(us|ms|s|m|h|d)")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")


class DurationSyntaxError(ValueError):
    """Text that is no duration."""


def parse_duration(text: str | float) -> float:
    """Seconds of `500ms`, `5s`, `1h30m`, `1d`; a bare number is seconds. Never negative. Raises DurationSyntaxError."""
    if isinstance(text, int | float) and not isinstance(text, bool):
        seconds = float(text)
    elif isinstance(text, str) and _WHOLE.fullmatch(text.strip()):
        seconds = sum(float(amount) * _UNITS_S[unit] for amount, unit in _PART.findall(text))
    else:
        raise DurationSyntaxError(f"'{text}' is no duration; write 500ms, 5s, 2m, 1h or 1h30m")
    if not 0 <= seconds < float("inf"):
        raise DurationSyntaxError(f"'{text}' is no duration: it must be at least 0 and finite")
    return seconds


def format_duration(seconds: float) -> str:
    """The shortest exact text down to a millisecond, or below one to a nanosecond: 0.5 -> `500ms`, 90 -> `1m30s`."""
    if seconds < 0:
        return "-" + format_duration(-seconds)
    microseconds, milliseconds = round(seconds * 1_000_000, 3), round(seconds * 1000)
    if 0 < microseconds < 1000:  # noqa: PLR2004  # a millisecond
        return f"{microseconds:.6g}us"
    if milliseconds < 1000:  # noqa: PLR2004  # a second
        return f"{milliseconds}ms" if milliseconds else "0s"
    parts = []
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        amount, milliseconds = divmod(milliseconds, size)
        if amount:
            parts.append(f"{amount}{unit}")
    return "".join(parts)
