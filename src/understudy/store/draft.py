"""An entry of the log that nobody has numbered yet, and the shapes of the bodies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from understudy.model.endpoint import Endpoint
from understudy.model.frozen import frozen
from understudy.model.instant import Instant
from understudy.model.log import EntryKind, LogEntry
from understudy.model.name import Name
from understudy.model.override import OverrideKind, Subject
from understudy.store.encoding import encode_endpoint


@frozen
class Draft:
    """What `Store.append` makes an entry of: who changes what, when and why. `body` is plain JSON."""

    kind: EntryKind
    author: str
    reason: str
    at: Instant
    body: Mapping[str, object]

    def numbered(self, generation: int) -> LogEntry:
        """The entry with its place in the log."""
        return LogEntry(generation, self.at, self.author, self.reason, self.kind, self.body)


@frozen
class Signature:
    """Who changes something, why and when; its methods say what: `Signature(...).override(...)`."""

    author: str
    reason: str
    at: Instant

    def configuration(self, text: str, digest: str, plan: Sequence[str] = ()) -> Draft:
        """A load or reload of the file, whole."""
        return self._draft(EntryKind.CONFIGURATION, {"text": text, "digest": digest, "plan": list(plan)})

    def override(self, kind: OverrideKind, subject: Subject, expires_at: Instant | None) -> Draft:
        """A decree; None: until released. Its id becomes the generation of the entry."""
        described = {"kind": str(subject.kind), "name": subject.name, "record": subject.record}
        return self._draft(EntryKind.OVERRIDE, {"override": str(kind), "subject": described, "expires_at": expires_at})

    def release(self, overrides: Iterable[int]) -> Draft:
        """The overrides with these ids end."""
        return self._draft(EntryKind.RELEASE, {"overrides": sorted(overrides)})

    def admit(self, record: Name, endpoints: Iterable[Endpoint]) -> Draft:
        """These endpoints need wait no longer in a record with `failback: manual` (semantics 3.3)."""
        return self._draft(
            EntryKind.RELEASE,
            {"record": str(record), "endpoints": sorted(encode_endpoint(endpoint) for endpoint in endpoints)},
        )

    def promotion(self, origin: Name) -> Draft:
        """A zone from other servers is the primary here."""
        return self._draft(EntryKind.PROMOTION, {"zone": str(origin)})

    def demotion(self, origin: Name) -> Draft:
        """It follows its primaries again."""
        return self._draft(EntryKind.DEMOTION, {"zone": str(origin)})

    def _draft(self, kind: EntryKind, body: Mapping[str, object]) -> Draft:
        return Draft(kind, self.author, self.reason, self.at, body)
