"""A second answerer, simple and slow, on dnspython: what the RFCs say, to be compared with what the engine does."""

from understudy.testing.reference.answerer import Transport, answer
from understudy.testing.reference.comparison import differences
from understudy.testing.reference.expected import Expected, Habits
from understudy.testing.reference.plain_zone import PlainZone

__all__ = ["Expected", "Habits", "PlainZone", "Transport", "answer", "differences"]
