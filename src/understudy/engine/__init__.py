"""The DNS service: the compiled engine under plain names. Nothing else imports the compiled module."""

from understudy.engine._native import (
    BindError,
    Engine,
    Gathering,
    Incoming,
    IncomingError,
    PlainYaml,
    Prepared,
    SerialSurvey,
    StaleVersionError,
    TsigError,
    TsigKey,
    TsigVerifier,
    Zone,
    ZoneFileError,
    ZoneNotFoundError,
)

__all__ = [
    "BindError",
    "Engine",
    "Gathering",
    "Incoming",
    "IncomingError",
    "PlainYaml",
    "Prepared",
    "SerialSurvey",
    "StaleVersionError",
    "TsigError",
    "TsigKey",
    "TsigVerifier",
    "Zone",
    "ZoneFileError",
    "ZoneNotFoundError",
]
