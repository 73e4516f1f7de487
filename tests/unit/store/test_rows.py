"""Rows that somebody or something damaged: skipped, counted, never a crash."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from understudy.clock.clock import SystemClock
from understudy.model.decision import Decision, Mode, RecordMemory, Selector
from understudy.model.endpoint import Family
from understudy.model.event import Event, EventKind, Severity
from understudy.model.override import OverrideKind, Subject, SubjectKind
from understudy.model.verdict import Verdict, VerdictState
from understudy.store.database import DATABASE_NAME
from understudy.store.draft import Signature
from understudy.store.log import SNAPSHOT_EVERY, decode_desired, encode_desired
from understudy.store.observed import Observed
from understudy.store.sqlite_store import SqliteStore, open_store
from understudy.testing.builders import name, probe_key

WWW = (name("www.example.com"), Family.IPV4)
VERDICT = Verdict(VerdictState.UP, 1.0, 2.0)


def opened(tmp_path: Path) -> SqliteStore:
    return open_store(tmp_path, SystemClock())


def sql(tmp_path: Path, statement: str, *values: object) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(tmp_path / DATABASE_NAME)
    rows = connection.execute(statement, values).fetchall()
    connection.commit()
    connection.close()
    return rows


def write_log(tmp_path: Path, count: int) -> None:
    async def story() -> None:
        now = SystemClock().now()
        for number in range(count):
            subject = Subject(SubjectKind.ENDPOINT, f"192.0.2.{number % 250}")
            draft = Signature("ops", f"#{number}", now).override(OverrideKind.DRAIN, subject, None)
            await store.append(draft, expected_generation=store.desired.generation)

    store = opened(tmp_path)
    asyncio.run(story())
    store.close()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE log SET body = '{' WHERE generation = 2",
        "UPDATE log SET body = '[]' WHERE generation = 2",
        'UPDATE log SET body = \'{"override": "explode"}\' WHERE generation = 2',
        "UPDATE log SET kind = 'novelty' WHERE generation = 2",
        "UPDATE log SET at = 'yesterday' WHERE generation = 2",
        "UPDATE log SET body = x'ff00ff' WHERE generation = 2",
        "DELETE FROM log WHERE generation = 2",
    ],
)
def test_a_damaged_entry_is_counted_and_changes_nothing(tmp_path: Path, damage: str) -> None:
    write_log(tmp_path, 3)
    sql(tmp_path, damage)
    sql(tmp_path, "DELETE FROM snapshot")
    store = opened(tmp_path)
    assert store.start.desired.generation == 3
    assert set(store.start.desired.overrides) == {1, 3}
    assert store.start.unreadable == 1
    assert [alarm.severity for alarm in store.start.alarms] == [Severity.WARNING]
    asyncio.run(store.entries())
    store.close()


@pytest.mark.parametrize("document", ["{", "", "[]", '{"v":2,"generation":3}', '{"v":1,"generation":-7}'])
def test_a_damaged_snapshot_costs_time_only(tmp_path: Path, document: str) -> None:
    write_log(tmp_path, 3)
    sql(tmp_path, "UPDATE snapshot SET document = ?", document)
    store = opened(tmp_path)
    assert set(store.start.desired.overrides) == {1, 2, 3}
    assert store.start.unreadable == 0
    store.close()


def test_a_snapshot_of_more_than_the_log_has_is_not_believed(tmp_path: Path) -> None:
    write_log(tmp_path, 3)
    sql(tmp_path, "DELETE FROM log WHERE generation = 3")
    store = opened(tmp_path)
    assert store.start.desired.generation == 2
    assert set(store.start.desired.overrides) == {1, 2}
    store.close()


def test_a_start_needs_only_what_came_after_the_snapshot(tmp_path: Path) -> None:
    write_log(tmp_path, SNAPSHOT_EVERY + 3)
    (row,) = sql(tmp_path, "SELECT document FROM snapshot")
    snapshot = decode_desired(str(row[0]))
    assert snapshot.generation == SNAPSHOT_EVERY + 3  # closed cleanly
    assert decode_desired(encode_desired(snapshot)) == snapshot
    sql(tmp_path, "UPDATE log SET body = '{' WHERE generation <= ?", snapshot.generation)
    store = opened(tmp_path)
    assert store.start.desired == snapshot
    store.close()


def test_a_snapshot_is_made_without_waiting_for_the_end(tmp_path: Path) -> None:
    async def story() -> int:
        for number in range(SNAPSHOT_EVERY + 1):
            sign = Signature("ops", "", 0.0)
            await store.append(sign.release([number]), expected_generation=number)
        await store.flush()
        (row,) = sql(tmp_path, "SELECT document FROM snapshot")
        return decode_desired(str(row[0])).generation

    store = opened(tmp_path)
    assert SNAPSHOT_EVERY <= asyncio.run(story()) <= SNAPSHOT_EVERY + 1
    store.close()


def save(tmp_path: Path, observed: Observed) -> None:
    store = opened(tmp_path)
    store.observe(observed)
    store.close()


@pytest.mark.parametrize(
    ("kind", "key", "document"),
    [
        ("verdicts", '["192.0.2.9","web"]', "{"),
        ("verdicts", '["192.0.2.9","web"]', '{"v":2,"state":"up","since":1,"refreshed_at":1}'),
        ("verdicts", '["192.0.2.9","web"]', '{"v":1,"state":"elated","since":1,"refreshed_at":1}'),
        ("verdicts", '["192.0.2.999","web"]', '{"v":1,"state":"up","since":1,"refreshed_at":1}'),
        ("verdicts", '["two..dots.","web"]', '{"v":1,"state":"up","since":1,"refreshed_at":1}'),
        ("verdicts", "not json", '{"v":1,"state":"up","since":1,"refreshed_at":1}'),
        ("verdicts", '["192.0.2.9","web"]', b"\xff\xfe"),
        ("verdicts", '["192.0.2.9","web"]', 7),
        ("healths", '["192.0.2.9",{"at_least":1}]', '{"v":1,"state":"up","since":1,"first_seen":1}'),
        ("memories", '["www.example.com","A"]', '{"v":1,"tier":"first"}'),
        ("decisions", '["www.example.com","TXT"]', "{}"),
        ("novelties", "x", "{}"),
        ("generation", "", "many"),
    ],
)
def test_a_damaged_row_is_skipped_counted_and_swept(tmp_path: Path, kind: str, key: str, document: object) -> None:
    save(tmp_path, Observed(verdicts={probe_key(): VERDICT}, memories={WWW: RecordMemory(1)}))
    sql(tmp_path, "REPLACE INTO observed (kind, key, document) VALUES (?, ?, ?)", kind, key, document)
    store = opened(tmp_path)
    assert store.start.unreadable == 1
    assert store.start.observed.verdicts == {probe_key(): VERDICT}
    store.observe(store.start.observed)
    store.close()
    swept = opened(tmp_path)
    assert swept.start.unreadable == 0
    assert swept.start.observed.verdicts == {probe_key(): VERDICT}
    swept.close()


def test_damaged_history_is_left_out(tmp_path: Path) -> None:
    now = SystemClock().now()
    store = opened(tmp_path)
    store.add_events([Event(now, EventKind.ZONE, "a", "1"), Event(now, EventKind.ZONE, "a", "2")])
    decision = Decision(*WWW, Mode.NODATA, -1, Selector.ONE, variants=(), ttl_s=30, due=None, decided_at=now)
    store.add_decisions([decision, decision])
    store.close()
    sql(tmp_path, "UPDATE event SET detail = 'x' WHERE sequence = 1")
    sql(tmp_path, "UPDATE decision SET document = '{}' WHERE number = 2")
    again = opened(tmp_path)
    assert [event.text for event in asyncio.run(again.events())] == ["2"]
    assert asyncio.run(again.decision_at(WWW, now)) == decision
    again.close()
