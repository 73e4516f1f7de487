"""Verdicts, time and overrides folded into one health per endpoint and one standing per record. Pure."""
