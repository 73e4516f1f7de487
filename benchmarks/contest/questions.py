"""Queries as the load generator reads them: each with the answer that it expects."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

NOERROR, NXDOMAIN = 0, 3
TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "MX": 15, "TXT": 16, "AAAA": 28}
UDP_SIZE = 1232  # what resolvers say since the DNS flag day of 2020


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, the rcode and the number of records in the answer section."""

    name: str
    rtype: str
    rcode: int
    answers: int


@cache
def _labels(text: str) -> bytes:
    return b"".join(bytes([len(label)]) + label for label in text.encode().split(b".")) + b"\0"


_HEAD = struct.pack("!6H", 0, 0, 1, 0, 0, 1)
_OPT = b"\0" + struct.pack("!HHIH", 41, UDP_SIZE, 0, 0)


def message(question: Question) -> bytes:
    """The query with EDNS, as a resolver sends it; its id is 0."""
    host, _, zone = question.name.partition(".")
    name = bytes([len(host)]) + host.encode() + _labels(zone)
    return _HEAD + name + struct.pack("!HH", TYPES[question.rtype], 1) + _OPT


def write(questions: Iterable[Question], path: Path) -> None:
    """For each: length, expected rcode, expected number of answers, message."""
    with path.open("wb") as file:
        for question in questions:
            octets = message(question)
            file.write(struct.pack("!HBB", len(octets), question.rcode, question.answers) + octets)
