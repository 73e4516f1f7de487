"""Settings of every kind of test."""

from __future__ import annotations

from hypothesis import settings

# A drawn case is judged by what it shows, not by how busy the machine is.
settings.register_profile("understudy", deadline=None)
settings.load_profile("understudy")
