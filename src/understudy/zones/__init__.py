"""Zones: where their content comes from, and decisions turned into what a zone publishes."""
