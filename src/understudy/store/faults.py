"""What the disk and SQLite complain of, as errors that tell an operator what to do."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from pathlib import Path

from understudy.model.errors import StoreError

_FULL_HINT = "free space, or name a state_dir on another disk"
_WRITE_HINT = "let the server's user write there, or name another state_dir"
_FOLDER_HINT = "name a folder, or a path where one can be made, as state_dir"

_BY_ERRNO = {
    errno.ENOSPC: ("store.full", "the disk is full", _FULL_HINT),
    errno.EDQUOT: ("store.full", "the quota is used up", _FULL_HINT),
    errno.EROFS: ("store.read-only", "the file system is read-only", _WRITE_HINT),
    errno.EACCES: ("store.read-only", "no permission", _WRITE_HINT),
    errno.EPERM: ("store.read-only", "no permission", _WRITE_HINT),
    errno.ENOTDIR: ("store.no-folder", "a file stands in the way", _FOLDER_HINT),
    errno.EEXIST: ("store.no-folder", "a file stands in the way", _FOLDER_HINT),
    errno.ENOENT: ("store.no-folder", "it cannot be made", _FOLDER_HINT),
}
_BY_SQLITE_CODE = {
    sqlite3.SQLITE_FULL: ("store.full", "the disk is full", _FULL_HINT),
    sqlite3.SQLITE_READONLY: ("store.read-only", "it cannot be written", _WRITE_HINT),
    sqlite3.SQLITE_CANTOPEN: ("store.read-only", "it cannot be opened", _WRITE_HINT),
    sqlite3.SQLITE_PERM: ("store.read-only", "no permission", _WRITE_HINT),
    sqlite3.SQLITE_BUSY: ("store.busy", "another program holds it", "end the program that has the file open"),
    sqlite3.SQLITE_LOCKED: ("store.busy", "another program holds it", "end the program that has the file open"),
    sqlite3.SQLITE_CORRUPT: ("store.damaged", "the file is damaged", "it is set aside at the next start"),
    sqlite3.SQLITE_NOTADB: ("store.damaged", "the file is no database", "it is set aside at the next start"),
    sqlite3.SQLITE_IOERR: ("store.io", "the disk reports an error", "look at the system's log for the disk's faults"),
}
_INDEX_OCTETS = 32 * 1024  # of a write-ahead log, at least: SQLite's "WAL-index file format"
_PRIMARY_CODE = 0xFF  # SQLite's extended result codes keep the primary one in the low octet


def from_os(error: OSError, path: Path) -> StoreError:
    """What stands in the way of a folder or a file."""
    code, text, hint = _BY_ERRNO.get(error.errno or 0, ("store.io", "the system refuses", ""))
    return StoreError(f"{path}: {text} ({error.strerror or error})", code=code, hint=hint)


def from_sqlite(error: sqlite3.Error, path: Path) -> StoreError:
    """What stands in the way of the database."""
    sqlite_code = _sqlite_code(error)
    if sqlite_code == sqlite3.SQLITE_IOERR and _is_full(path.parent):
        sqlite_code = sqlite3.SQLITE_FULL
    code, text, hint = _BY_SQLITE_CODE.get(sqlite_code, ("store.io", "SQLite refuses", ""))
    return StoreError(f"{path}: {text} ({error})", code=code, hint=hint)


def _is_full(folder: Path) -> bool:
    """SQLite calls it an input or output error if what is missing is room for the index of its write-ahead log."""
    try:
        return shutil.disk_usage(folder).free < _INDEX_OCTETS
    except OSError:
        return False


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file's content is at fault, so that no retry helps."""
    return _sqlite_code(error) in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def is_contradiction(error: sqlite3.Error) -> bool:
    """Whether a statement of ours does not fit the tables: what they are called is not what was written."""
    return _sqlite_code(error) == sqlite3.SQLITE_ERROR


def _sqlite_code(error: sqlite3.Error) -> int:
    code = getattr(error, "sqlite_errorcode", None)  # absent where Python, not SQLite, complains
    return code & _PRIMARY_CODE if isinstance(code, int) else -1
