"""What is due when."""

from hypothesis import given
from hypothesis import strategies as st

from understudy.service.agenda import SLACK, Agenda


def test_what_is_due_is_taken_once_and_the_earliest_first() -> None:
    agenda: Agenda[str] = Agenda()
    for key, due in (("late", 30.0), ("soon", 10.0), ("next", 20.0)):
        agenda.put(key, due)
    assert agenda.next_due() == 10
    assert list(agenda.take(20.0)) == ["soon", "next"]
    assert list(agenda.take(20.0)) == []
    assert agenda.next_due() == 30


def test_a_key_that_moves_is_due_only_where_it_is_now() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.put("key", 10.0)
    agenda.put("key", 50.0)
    assert agenda.next_due() == 50
    agenda.put("key", None)
    assert agenda.next_due() is None
    assert list(agenda.take(100.0)) == []


def test_a_key_that_never_rests_costs_no_memory() -> None:
    agenda: Agenda[str] = Agenda()
    for number in range(10_000):
        agenda.put("restless", float(number))
    assert len(agenda._heap) <= 2 + SLACK
    assert list(agenda.take(1e9)) == ["restless"]


@given(st.lists(st.tuples(st.integers(0, 5), st.one_of(st.none(), st.floats(0, 100)), st.booleans()), max_size=200))
def test_an_agenda_is_a_dictionary_of_what_is_due(steps: list[tuple[int, float | None, bool]]) -> None:
    agenda: Agenda[int] = Agenda()
    plain: dict[int, float] = {}
    for key, due, is_taking in steps:
        agenda.put(key, due)
        plain.pop(key, None)
        if due is not None:
            plain[key] = due
        if is_taking:
            expected = {each for each, instant in plain.items() if instant <= 50}
            assert set(agenda.take(50.0)) == expected
            plain = {each: instant for each, instant in plain.items() if each not in expected}
        assert agenda.next_due() == min(plain.values(), default=None)
