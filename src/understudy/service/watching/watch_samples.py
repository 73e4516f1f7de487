"""Questions about steered records whose answers are known."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.model.name import Name
from understudy.model.zone import AnswerKind, SteeredSet
from understudy.service.pipeline import Pipeline
from understudy.zones.sighting import Sample
from understudy.zones.steered import steered_sets

OWNERS_MAX = 3  # chosen: records that are compared at one look; the next look takes the next ones


class Samples:
    """The steered records of one zone, some at each look, all of them in turn."""

    def __init__(self, pipeline: Pipeline, origin: Name) -> None:
        self._pipeline = pipeline
        self._origin = origin
        self._configuration: object = None
        self._owners: list[Name] = []

    @property
    def owners(self) -> list[Name]:
        """The names of the records."""
        configuration = self._pipeline.configuration
        if configuration is not self._configuration:
            self._configuration = configuration
            self._owners = [record.name for record in configuration.records_in(self._origin)]
        return self._owners

    def take(self, turn: int) -> list[Sample]:
        """The questions of a server's look number `turn`; each turn has the next records."""
        owners, count = self.owners, len(self.owners)
        begin = turn * OWNERS_MAX
        chosen = [owners[(begin + step) % count] for step in range(min(count, OWNERS_MAX))]
        return [sample for owner in chosen for sample in self._of(owner)]

    def _of(self, owner: Name) -> Iterator[Sample]:
        past = self._pipeline.past.get(owner)
        if past is None or not past.decisions:
            return
        for each in steered_sets(owner, tuple(past.decisions.values())):
            if each.kind in {AnswerKind.ANSWER, AnswerKind.NODATA}:
                yield _sample(each)


def _sample(steered: SteeredSet) -> Sample:
    """What a plain copy has, which is everything that may go out, or what a server that decides for itself picks."""
    variants = [frozenset(_text(steered.rtype, rdata) for rdata in rdatas) for _, rdatas in steered.variants]
    import dns.rdatatype  # as late as servers are looked at

    whole = frozenset[str]().union(*variants)
    rtype = dns.rdatatype.to_text(dns.rdatatype.RdataType.make(steered.rtype))
    return Sample(steered.owner.absolute, rtype, tuple(dict.fromkeys((whole, *variants))))


def _text(rtype: int, octets: bytes) -> str:
    import dns.rdata  # as above
    import dns.rdataclass
    import dns.rdatatype

    kind = dns.rdatatype.RdataType.make(rtype)
    return dns.rdata.from_wire(dns.rdataclass.IN, kind, octets, 0, len(octets)).to_text()
