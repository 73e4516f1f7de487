"""What callers hand over, made fit for a file before it waits there: nothing that waits may fail for what it says."""

from __future__ import annotations

import math
from dataclasses import replace

from understudy.model.decision import Decision
from understudy.model.errors import InvariantError
from understudy.model.event import Event
from understudy.model.instant import Instant
from understudy.store.draft import Draft
from understudy.store.encoding import decode_json, encode_json


def admit_draft(draft: Draft) -> Draft:
    """The draft as it will be read back. Raises InvariantError for what no file can hold."""
    _check_instant(draft.at)
    body = decode_json(_encode(draft.body))
    return replace(draft, author=_plain(draft.author), reason=_plain(draft.reason), body=body)


def admit_event(event: Event, sequence: int) -> Event:
    """The event as it will be read back, with its sequence. Raises InvariantError for what no file can hold."""
    _check_instant(event.at)
    detail = decode_json(_encode(event.detail)) if event.detail else {}
    return replace(event, subject=_plain(event.subject), text=_plain(event.text), detail=detail, sequence=sequence)


def admit_decision(decision: Decision) -> Decision:
    """The decision itself. Raises InvariantError for one without a time."""
    _check_instant(decision.decided_at)
    return decision


def _check_instant(instant: Instant) -> None:
    if not math.isfinite(instant):
        raise InvariantError(f"{instant} is no instant", code="store.instant")


def _encode(document: object) -> str:
    try:
        return encode_json(document)
    except (TypeError, ValueError) as error:
        raise InvariantError(f"not plain JSON: {error}", code="store.document") from error


def _plain(text: str) -> str:
    """Lone surrogates, which a script's output may leave behind, become `?`."""
    return text if text.isascii() else text.encode(errors="replace").decode()
