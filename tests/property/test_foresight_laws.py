"""Whatever happens while a thread finds out what another configuration means, it ends as if that had come first."""

from __future__ import annotations

from typing import TypeAlias

from hypothesis import example, given, settings
from hypothesis import strategies as st

from understudy.model.configuration import Configuration
from understudy.model.instant import Instant
from understudy.model.override import Override, OverrideKind, Subject, SubjectKind
from understudy.model.record import Record
from understudy.model.verdict import LOCAL_MONITOR, ProbeKey, Verdict
from understudy.monitor.verdict import unknown
from understudy.service.pipeline import Pipeline
from understudy.testing.builders import any_of, check, configuration, pool, probe_key, record, verdict

ADDRESSES = ("192.0.2.10", "192.0.2.11", "198.51.100.10", "198.51.100.11")
RECORDS = ("r0.example.com", "r1.example.com", "r2.example.com")
POOLS = ("one", "two")
BEGUN, LED = 0.0, 10.0
ALL = 1000

Answers: TypeAlias = dict[str, object]

MEMBERS = st.lists(st.sampled_from(ADDRESSES), min_size=1, max_size=3, unique=True)
TIERS = st.sampled_from([("one",), ("two",), ("one", "two"), ("two", "one")])


@st.composite
def configurations(draw: st.DrawFn) -> Configuration:
    """Some of the records over two pools, by a check that is the one or the other."""
    layouts = st.tuples(TIERS, st.sampled_from([30, 60]))
    wanted = draw(st.dictionaries(st.sampled_from(RECORDS), layouts, min_size=1))
    return configuration(
        records=[record(name, *tiers, ttl_s=ttl_s) for name, (tiers, ttl_s) in wanted.items()],
        pools=[pool(name, *draw(MEMBERS)) for name in POOLS],
        checks=[check(text=draw(st.sampled_from(["fake", "other"])))],
    )


NEWS = st.lists(st.tuples(st.sampled_from(["fall", "drain", "settle", "settle one"]), st.sampled_from(ADDRESSES)))


class Run:
    """A pipeline with the verdicts that it looks at."""

    def __init__(self, before: Configuration, down: list[str]) -> None:
        self.table = {probe_key(each): verdict("down" if each in down else "up") for each in ADDRESSES}
        self.pipeline = Pipeline(before, {LOCAL_MONITOR: self.table})
        self._assign()
        self._drained: list[Override] = []
        self.pipeline.settle(BEGUN, ALL)

    def _assign(self) -> None:
        """The monitor looks at what the configuration names, and at nothing else."""
        wanted = self.pipeline.index.assignments.keys()
        known: dict[ProbeKey, Verdict] = {key: self.table.get(key, unknown(LED)) for key in wanted}
        self.table.clear()
        self.table.update(known)

    def hear(self, news: list[tuple[str, str]], at: Instant) -> None:
        """All of it, at this instant."""
        for kind, address in news:
            if kind == "fall" and probe_key(address) in self.table:
                self.table[probe_key(address)] = verdict("down", at)
                self.pipeline.note(probe_key(address))
            elif kind == "drain":
                subject = Subject(SubjectKind.ENDPOINT, address)
                self._drained.append(
                    Override(len(self._drained) + 1, OverrideKind.DRAIN, subject, "", "ops", at, 999.0)
                )
                self.pipeline.decree(self._drained, at)
            elif kind.startswith("settle"):
                self.pipeline.settle(at, 1 if kind == "settle one" else ALL)

    def arrive(self, at: Instant) -> Answers:
        """Where everything stands when nothing is left over."""
        self._assign()
        while not self.pipeline.is_settled:
            self.pipeline.settle(at, 1)
        pipeline = self.pipeline
        decisions = [each for past in pipeline.past.values() for each in past.decisions.values()]
        return {
            "healths": {key: (each.state, each.flags) for key, each in pipeline.healths.items()},
            "decisions": {(each.record, each.family): (each.mode, each.variants, each.ttl_s) for each in decisions},
            "due": pipeline.next_due(),
        }


def of_two(*records: Record) -> Configuration:
    """These over a pool of one address each."""
    return configuration(records=records, pools=[pool("one", ADDRESSES[0]), pool("two", ADDRESSES[1])])


FIRST, SECOND = record(RECORDS[0], "one", "two"), record(RECORDS[1], "one", "two")
OTHERWISE = record(RECORDS[1], "one", "two", requirement=any_of("web"))


@example(before=of_two(FIRST), after=of_two(FIRST, SECOND), down=[], news=[("drain", ADDRESSES[0])])
@example(before=of_two(FIRST), after=of_two(FIRST, SECOND), down=[], news=[("fall", ADDRESSES[0]), ("settle", "")])
@example(before=of_two(FIRST), after=of_two(FIRST, OTHERWISE), down=[], news=[("fall", ADDRESSES[0]), ("settle", "")])
@settings(derandomize=True)  # how long a newcomer waits may depend on which came first, and both are right
@given(before=configurations(), after=configurations(), down=st.lists(st.sampled_from(ADDRESSES)), news=NEWS)
def test_what_is_foreseen_gives_way_to_what_happens_meanwhile(
    before: Configuration, after: Configuration, down: list[str], news: list[tuple[str, str]]
) -> None:
    ahead, at_once = Run(before, down), Run(before, down)
    branch = ahead.pipeline.branch({LOCAL_MONITOR: ahead.table.copy()})
    settled = branch.lead(ahead.pipeline.step_to(after), LED)
    for run in (ahead, at_once):
        run.hear(news, LED)
    ahead.pipeline.take(branch, settled, LED)
    at_once.pipeline.configure(at_once.pipeline.step_to(after))
    assert ahead.arrive(LED) == at_once.arrive(LED)


@given(before=configurations(), after=configurations(), down=st.lists(st.sampled_from(ADDRESSES)))
def test_without_news_nothing_is_left_over_and_everything_is_told_once(
    before: Configuration, after: Configuration, down: list[str]
) -> None:
    run = Run(before, down)
    branch = run.pipeline.branch({LOCAL_MONITOR: run.table.copy()})
    step = run.pipeline.step_to(after)
    untouched = (run.pipeline.healths.copy(), run.pipeline.past.copy(), run.pipeline.next_due())
    settled = branch.lead(step, LED)
    assert (run.pipeline.healths, run.pipeline.past, run.pipeline.next_due()) == untouched
    taken = run.pipeline.take(branch, settled, LED)
    assert taken == settled
    assert run.pipeline.is_settled
    assert {change.record for change in taken.decisions} >= step.records
    assert run.pipeline.past.keys() == after.records.keys()
