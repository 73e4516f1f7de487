"""Where two responses to the same message differ, part by part.

The same are, by the RFCs, two responses that differ in the order of records, in the case of names, in extended errors
(RFC 8914 section 1: they change nothing), and, where one has TC set, in their sections (RFC 2181 section 9). The
additional section is a matter of taste except in a referral: elsewhere we must have what all others have, and may have
nothing that none of them has. Of messages with the same contents ours may not be the longest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal, TypeAlias

from understudy.model.frozen import frozen
from understudy.testing.side_by_side.messages import COOKIE, EXTENDED_ERROR, Case
from understudy.testing.side_by_side.reading import Response, UnreadableError, read

Part: TypeAlias = Literal[
    "reply",
    "rcode",
    "flags",
    "question",
    "answer",
    "authority",
    "additional",
    "edns",
    "signature",
    "size",
    "compression",
]

EVERYBODY = "all others"
"""Stands for the peer where one is compared with all of them together."""

_COOKIE_OCTETS = 24


@frozen
class Finding:
    """A part of our response to `case` that is not as a peer's. A response is None where none came.

    `company` are the peers whose part is as ours; `origins` are those of all zones that are served, in lower case.
    """

    case: Case
    peer: str
    part: Part
    ours: Response | None
    theirs: Response | None
    text: str
    company: frozenset[str]
    origins: frozenset[bytes]

    @property
    def mine(self) -> Response:
        """Our response, in a finding about a part that both have. Raises ValueError in one about silence."""
        return _present(self.ours)

    @property
    def other(self) -> Response:
        """Theirs, likewise."""
        return _present(self.theirs)

    def __str__(self) -> str:
        """For people."""
        return f"{self.case}: {self.part} of {self.peer}: {self.text}"


def _present(response: Response | None) -> Response:
    if response is None:
        raise ValueError("one of the servers is silent")
    return response


def compare(
    case: Case, ours: bytes | None, theirs: Mapping[str, bytes | None], *, origins: frozenset[bytes]
) -> Iterator[Finding]:
    """Every difference. Raises UnreadableError if our response is no DNS message."""
    our_response = read(ours) if ours else None
    responses = {peer: _read_theirs(octets) for peer, octets in theirs.items()}
    differing = {peer: dict(_differences(our_response, response)) for peer, response in responses.items()}
    for peer, response in responses.items():
        for part, text in differing[peer].items():
            company = frozenset(other for other, parts in differing.items() if not {part, "reply"} & parts.keys())
            yield Finding(case, peer, part, our_response, response, text, company, origins)
    if our_response and our_response.wrongly_compressed:
        text = f"of types {sorted(our_response.wrongly_compressed)}, which RFC 3597 section 4 forbids"
        yield Finding(case, EVERYBODY, "compression", our_response, None, text, frozenset(), origins)
    alike = [each for each in responses.values() if each and _is_comparable(our_response, each)]
    if our_response and alike and len(alike) == len(responses):
        for part, text in _against_everybody(our_response, alike):
            yield Finding(case, EVERYBODY, part, our_response, alike[0], text, frozenset(), origins)


def _is_comparable(ours: Response | None, theirs: Response) -> bool:
    """Both are there, whole, and say the same in principle, so that what helps in one would help in the other."""
    return ours is not None and ours.rcode == theirs.rcode and not ours.is_truncated and not theirs.is_truncated


def _read_theirs(octets: bytes | None) -> Response | None:
    """What cannot be read counts as nothing: it shows as a difference all the same."""
    try:
        return read(octets) if octets else None
    except UnreadableError:
        return None


def _differences(ours: Response | None, theirs: Response | None) -> Iterator[tuple[Part, str]]:
    if ours is None or theirs is None:
        if ours is not theirs:
            yield "reply", "they are silent" if theirs is None else f"they say {theirs.rcode}, we are silent"
        return
    for part, value in _PARTS.items():
        if value(ours) != value(theirs):
            yield part, f"{value(theirs)}, ours {value(ours)}"
    if not ours.is_truncated and not theirs.is_truncated:
        yield from _sections(ours, theirs)


def _sections(ours: Response, theirs: Response) -> Iterator[tuple[Part, str]]:
    for part, section in _SECTIONS.items():
        if part != "additional" or ours.is_referral or theirs.is_referral:
            mine, other = section(ours), section(theirs)
            if mine != other:
                yield part, _told(mine, other)


def _told(ours: tuple[object, ...], theirs: tuple[object, ...]) -> str:
    """What only one of them has."""
    more, less = [each for each in ours if each not in theirs], [each for each in theirs if each not in ours]
    return f"only we have {more}, only they have {less}" if more or less else "one of us has records twice"


def _against_everybody(ours: Response, theirs: list[Response]) -> Iterator[tuple[Part, str]]:
    mine, others = frozenset(ours.additional), [frozenset(each.additional) for each in theirs]
    if missing := frozenset.intersection(*others) - mine:
        yield "additional", f"all others have {sorted(missing)}"
    if more := mine.difference(*others):
        yield "additional", f"only we have {sorted(more)}"
    if len(mine) != len(ours.additional):
        yield "additional", "we have records twice"
    if all(_contents(each) == _contents(ours) for each in theirs):
        longest = max(_octets(each) for each in theirs)
        if _octets(ours) > longest:
            yield "size", f"at most {longest} octets, ours {_octets(ours)}"


def _contents(response: Response) -> tuple[object, ...]:
    return tuple(value(response) for value in (*_PARTS.values(), *_SECTIONS.values()))


def _octets(response: Response) -> int:
    """The length without extended errors."""
    options = response.edns.options if response.edns else ()
    return len(response.octets) - sum(4 + len(octets) for code, octets in options if code == EXTENDED_ERROR)


def _edns(response: Response) -> object:
    """Of a cookie counts that it is whole (RFC 9018 section 4)."""
    if response.edns is None:
        return None
    options = tuple(
        (code, len(octets) == _COOKIE_OCTETS if code == COOKIE else octets)
        for code, octets in response.edns.options
        if code != EXTENDED_ERROR
    )
    return response.edns.version, response.edns.udp_size, response.edns.flags, options


_PARTS: Mapping[Part, Callable[[Response], object]] = {
    "rcode": lambda response: (response.opcode, response.rcode),
    "flags": lambda response: sorted(response.flags),
    "question": lambda response: response.questions,
    "edns": _edns,
    "signature": lambda response: response.tsig_error,
}

_SECTIONS: Mapping[Part, Callable[[Response], tuple[object, ...]]] = {
    "answer": lambda response: response.answer,
    "authority": lambda response: response.authority,
    "additional": lambda response: response.additional,
}
