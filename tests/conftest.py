"""Settings of every kind of test."""

from __future__ import annotations

import signal

from hypothesis import settings

# A drawn case is judged by what it shows, not by how busy the machine is.
settings.register_profile("understudy", deadline=None)
settings.load_profile("understudy")

# What is put into the background by a script ignores SIGINT, and so would every program that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
