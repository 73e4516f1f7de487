"""Understudy: DNS failover by an authoritative name server that watches the servers behind each name."""

__version__ = "0.1.0"
