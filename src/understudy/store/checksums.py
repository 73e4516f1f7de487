"""A checksum of each row that a start goes by: SQLite gives back whatever the disk does (ADR 0040)."""

from __future__ import annotations

import sqlite3
from zlib import crc32

SqlValue = str | float | bytes | None


def row_checksum(*values: SqlValue) -> int:
    """Of what a row holds: text and its octets are the same, and so are numbers of both kinds if they are equal."""
    crc = 0
    for value in values:
        octets = _octets(value)
        crc = crc32(octets, crc32(len(octets).to_bytes(4), crc))
    return crc


def _octets(value: SqlValue) -> bytes:
    if isinstance(value, bytes):
        return value
    return value.encode() if isinstance(value, str) else repr(value if value is None else float(value)).encode()


def know_checksums(connection: sqlite3.Connection) -> None:
    """From now on SQL has the function `checksum`."""
    connection.create_function("checksum", -1, row_checksum, deterministic=True)
