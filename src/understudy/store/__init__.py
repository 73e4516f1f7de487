"""Desired state and history as one log, and what was observed last; kept in SQLite."""
