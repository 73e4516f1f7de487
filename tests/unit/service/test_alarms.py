"""What is wrong now."""

from collections.abc import Iterable

from understudy.model.event import Event, EventKind, Severity
from understudy.service.alarms import FEW, Alarms, Cause

DISK = Cause("copies/ENOSPC", "not kept on disk", "no space left")


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


def raise_many(alarms: Alarms, many: Iterable[int], cause: Cause = DISK) -> None:
    for number in many:
        alarms.raise_alarm(f"copy/zone{number}", f"zone{number} is not kept", float(number), cause=cause)


def test_a_few_alarms_of_one_cause_are_each_an_alarm_of_its_own() -> None:
    told: list[Event] = []
    alarms = Alarms(told.append)
    raise_many(alarms, range(FEW))
    assert [each.key for each in alarms.active] == [f"copy/zone{number}" for number in range(FEW)]
    alarms.clear("copy/zone0", 9.0)
    assert told[-1].text == "over: zone0 is not kept"


def test_many_alarms_of_one_cause_are_one_that_counts_them_until_the_last_is_over() -> None:
    told: list[Event] = []
    alarms = Alarms(told.append)
    alarms.raise_alarm("store", "full", 5.0)
    raise_many(alarms, range(1000))
    store, disk = alarms.active[1], alarms.active[0]
    assert (store.key, disk.key, disk.since) == ("store", "copies/ENOSPC", 0.0)
    assert disk.text.startswith("1,000 zones not kept on disk: no space left (such as zone0, zone1, zone2;")
    assert alarms.text("copy/zone7") == "zone7 is not kept", "each by itself is there for who asks"
    assert [each.text.split()[0] for each in told if each.subject == DISK.key] == ["4", "40", "400"]
    assert len(told) == 1 + FEW + 3
    for number in range(999):
        alarms.clear(f"copy/zone{number}", 2000.0)
    assert alarms.active[0].text.startswith("1 zone not kept on disk: no space left (such as zone999;")
    assert len(told) == 1 + FEW + 3
    alarms.clear("copy/zone999", 3000.0)
    assert told[-1].text == "over, for 1,000 zones at the most: not kept on disk: no space left"
    assert [each.key for each in alarms.active] == ["store"]


def test_one_alarm_says_what_is_wrong_with_how_many_in_the_words_of_the_latest() -> None:
    alarms = Alarms(lambda _event: None)
    raise_many(alarms, range(5), Cause("primaries/192.0.2.1:53", "not refreshed", "no answer"))
    raise_many(alarms, range(2), Cause("primaries/192.0.2.1:53", "not served", "expired"))
    raise_many(alarms, range(2, 3), Cause("primaries/192.0.2.1:53", "not refreshed", "it answered REFUSED"))
    (alarm,) = alarms.active
    said = "3 zones not refreshed: it answered REFUSED; 2 zones not served: expired (such as zone0, zone1, zone2;"
    assert alarm.text.startswith(said)


def test_an_alarm_that_has_another_cause_now_is_none_of_the_former() -> None:
    told: list[Event] = []
    alarms = Alarms(told.append)
    raise_many(alarms, range(5))
    raise_many(alarms, range(5), Cause("copies/EROFS", "not kept on disk", "read-only file system"))
    assert [each.key for each in alarms.active] == ["copies/EROFS"]
    raise_many(alarms, range(4))
    alarms.raise_alarm("copy/zone4", "zone4 stands in the way of a record", 9.0)
    assert [each.key for each in alarms.active] == ["copies/ENOSPC", "copy/zone4"]
    for number in range(5):
        alarms.clear(f"copy/zone{number}", 10.0)
    assert alarms.active == []
