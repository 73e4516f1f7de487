"""The DNS service: the compiled engine under plain names. Nothing else imports the compiled module."""

from understudy.engine._native import BindError, Engine, Zone, ZoneFileError, ZoneNotFoundError

__all__ = ["BindError", "Engine", "Zone", "ZoneFileError", "ZoneNotFoundError"]
