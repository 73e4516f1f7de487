"""Looking at other name servers: those of our zones, regularly; those of any zone, once (ADR 0026)."""
