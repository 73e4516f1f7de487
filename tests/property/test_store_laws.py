from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from hypothesis import given
from hypothesis import strategies as st

from understudy.model.check import AtLeast, CheckRef, Requirement
from understudy.model.decision import Decision, Mode, RecordMemory, Selector, Step, Variant
from understudy.model.endpoint import Endpoint, Family
from understudy.model.health import Health, HealthKey, HealthState
from understudy.model.name import Name
from understudy.model.override import OverrideKind, Subject, SubjectKind
from understudy.model.verdict import ProbeKey, Verdict, VerdictState
from understudy.store import encoding
from understudy.store.desired import fold
from understudy.store.draft import Draft, Signature
from understudy.store.log import decode_desired, encode_desired
from understudy.store.observed import Ledger, Observed

instants = st.floats(allow_nan=False, allow_infinity=False)
counts = st.integers(min_value=0, max_value=2**31)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
labels = st.text("abcxyz0189-_*/.\\@\"'", min_size=1, max_size=10).map(str.encode)
names = st.lists(labels, max_size=5).map(lambda each: Name(tuple(each)))
endpoints = st.builds(
    Endpoint,
    st.one_of(
        st.integers(0, 2**32 - 1).map(IPv4Address),
        st.integers(0, 2**128 - 1).map(IPv6Address),
        names,
        st.sampled_from(["192.0.2.1", "10", "1.2.3.4"]).map(Name.parse),
    ),
)
requirements: st.SearchStrategy[Requirement] = st.recursive(
    st.builds(CheckRef, texts),
    lambda inner: st.builds(AtLeast, counts, st.lists(inner, min_size=1, max_size=3).map(tuple)),
    max_leaves=6,
)
families = st.sampled_from(Family)
record_keys = st.tuples(names, families)
verdicts = st.builds(
    Verdict,
    state=st.sampled_from(VerdictState),
    since=instants,
    refreshed_at=instants,
    count=counts,
    reason=texts,
    text=texts,
)
healths = st.builds(
    Health,
    state=st.sampled_from(HealthState),
    since=instants,
    first_seen=instants,
    falls=st.lists(instants, max_size=4).map(tuple),
)
memories = st.builds(
    RecordMemory,
    tier=st.integers(-1, 9),
    waiting=st.frozensets(endpoints, max_size=3),
    last_healthy=st.lists(endpoints, max_size=3).map(tuple),
)
decisions = st.builds(
    Decision,
    record=names,
    family=families,
    mode=st.sampled_from(Mode),
    tier=st.integers(-1, 9),
    selector=st.sampled_from(Selector),
    variants=st.lists(st.builds(Variant, st.lists(endpoints, max_size=3).map(tuple), counts), max_size=3).map(tuple),
    ttl_s=counts,
    due=st.none() | instants,
    decided_at=instants,
    steps=st.lists(st.builds(Step, texts, texts, texts), max_size=3).map(tuple),
)
signatures = st.builds(Signature, texts, texts, st.floats(0, 1e6))
subjects = st.builds(Subject, st.sampled_from(SubjectKind), texts, texts)
drafts = st.one_of(
    st.builds(Signature.configuration, signatures, texts, texts, st.lists(texts, max_size=2)),
    st.builds(Signature.override, signatures, st.sampled_from(OverrideKind), subjects, st.none() | st.floats(0, 1e6)),
    st.builds(Signature.release, signatures, st.lists(st.integers(1, 12), max_size=3)),
)


@given(endpoints)
def test_an_endpoint_is_read_as_it_was_written(value: Endpoint) -> None:
    assert encoding.decode_endpoint(encoding.encode_endpoint(value)) == value


@given(st.builds(ProbeKey, endpoints, texts), st.builds(HealthKey, endpoints, st.none() | requirements), record_keys)
def test_keys_are_read_as_they_were_written(probe: ProbeKey, health: HealthKey, record: encoding.RecordKey) -> None:
    assert encoding.decode_probe_key(encoding.encode_probe_key(probe)) == probe
    assert encoding.decode_health_key(encoding.encode_health_key(health)) == health
    assert encoding.decode_record_key(encoding.encode_record_key(record)) == record


@given(st.lists(st.builds(HealthKey, endpoints, st.none() | requirements), max_size=6))
def test_different_keys_are_written_differently(keys: list[HealthKey]) -> None:
    assert len({encoding.encode_health_key(key) for key in keys}) == len(set(keys))


@given(verdicts)
def test_a_verdict_is_read_as_it_was_written(value: Verdict) -> None:
    assert encoding.decode_verdict(encoding.encode_verdict(value)) == value


@given(healths)
def test_what_is_kept_of_a_health_is_read_as_it_was_written(value: Health) -> None:
    assert encoding.decode_health(encoding.encode_health(value)) == value


@given(memories)
def test_a_memory_is_read_as_it_was_written(value: RecordMemory) -> None:
    assert encoding.decode_memory(encoding.encode_memory(value)) == value


@given(decisions)
def test_a_decision_is_read_as_it_was_written(value: Decision) -> None:
    assert encoding.decode_decision(encoding.encode_decision(value)) == value


@given(st.lists(drafts, max_size=12), st.data())
def test_a_fold_from_a_stored_snapshot_is_the_fold_of_everything(written: list[Draft], data: st.DataObject) -> None:
    entries = [draft.numbered(number) for number, draft in enumerate(written, 1)]
    cut = data.draw(st.integers(0, len(entries)))
    snapshot = decode_desired(encode_desired(fold(entries[:cut])))
    assert fold(entries[cut:], snapshot) == fold(entries)
    assert fold(entries).unreadable == 0


tables = st.builds(
    Observed,
    generation=counts,
    verdicts=st.dictionaries(st.builds(ProbeKey, endpoints, st.sampled_from(["web", "db"])), verdicts, max_size=4),
    memories=st.dictionaries(record_keys, memories, max_size=3),
)


@given(st.lists(tables, max_size=4))
def test_the_changes_since_the_last_save_make_the_whole(saves: list[Observed]) -> None:
    ledger = Ledger()
    disk: dict[tuple[str, str], str] = {}
    for observed in saves:
        changes = ledger.compare(observed)
        for name in changes.deletes:
            del disk[name]
        disk.update({(kind, key): document for kind, key, document in changes.upserts})
        ledger.confirm(changes)
        whole = Ledger().compare(observed)
        rows = {(kind, key): document for kind, key, document in whole.upserts}
        assert {name: row for name, row in disk.items() if name[0] != "generation"} == {
            name: row for name, row in rows.items() if name[0] != "generation"
        }
        assert not ledger.compare(observed).upserts


@given(tables, tables)
def test_what_a_disk_refused_is_written_by_the_next_save_of_the_same_tables(
    before: Observed, observed: Observed
) -> None:
    ledger = Ledger()
    ledger.confirm(ledger.compare(before))
    refused = ledger.compare(observed)
    again = ledger.compare(observed)
    assert (again.upserts, again.deletes) == (refused.upserts, refused.deletes)


@given(st.text(st.characters(), max_size=20), st.text(st.characters(categories=["Cs"]), max_size=20))
def test_text_that_no_file_can_hold_costs_its_characters_and_nothing_else(reason: str, text: str) -> None:
    written = encoding.encode_verdict(Verdict(VerdictState.DOWN, 1.0, 2.0, 3, reason, text))
    written.encode()
    expected = Verdict(
        VerdictState.DOWN, 1.0, 2.0, 3, *(each.encode(errors="replace").decode() for each in (reason, text))
    )
    assert encoding.decode_verdict(written) == expected


def test_a_lone_surrogate_is_written_as_a_question_mark() -> None:
    assert encoding.encode_json({"a\udcff": ["\udcff", ("b\udcff", 1)]}) == '{"a?":["?",["b?",1]]}'
