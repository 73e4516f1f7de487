"""What is wrong now."""

from understudy.model.event import Event, EventKind, Severity
from understudy.service.alarms import Alarms


def test_an_alarm_is_told_once_when_it_begins_and_once_when_it_ends() -> None:
    told: list[Event] = []
    alarms = Alarms(told.append)
    alarms.raise_alarm("store", "the disk is full", 10.0)
    alarms.raise_alarm("store", "the disk is still full", 20.0)
    assert [(each.key, each.text, each.since) for each in alarms.active] == [("store", "the disk is still full", 10.0)]
    alarms.clear("store", 30.0)
    alarms.clear("store", 40.0)
    assert [(each.at, each.severity, each.text) for each in told] == [
        (10.0, Severity.ALARM, "the disk is full"),
        (30.0, Severity.INFO, "over: the disk is still full"),
    ]
    assert {each.kind for each in told} == {EventKind.ALARM}
    assert alarms.active == []


def test_a_text_raises_and_none_clears() -> None:
    alarms = Alarms(lambda _event: None)
    alarms.set_alarm("b", "second", 2.0)
    alarms.set_alarm("a", "first", 1.0)
    assert [each.key for each in alarms.active] == ["a", "b"], "the oldest first"
    alarms.set_alarm("a", "", 3.0)
    alarms.set_alarm("c", "", 3.0)
    assert [each.key for each in alarms.active] == ["b"]


def test_an_alarm_that_returns_begins_anew() -> None:
    alarms = Alarms(lambda _event: None)
    alarms.raise_alarm("store", "full", 1.0)
    alarms.clear("store", 2.0)
    alarms.raise_alarm("store", "full", 3.0)
    assert [each.since for each in alarms.active] == [3.0]
