"""The DNS service: the compiled engine under plain names. Nothing else imports the compiled module."""

from understudy.engine._native import (
    BindError,
    Engine,
    Prepared,
    StaleVersionError,
    Zone,
    ZoneFileError,
    ZoneNotFoundError,
)

__all__ = ["BindError", "Engine", "Prepared", "StaleVersionError", "Zone", "ZoneFileError", "ZoneNotFoundError"]
