"""Standings turned into decisions: the common rules, and one file per policy. Pure."""
