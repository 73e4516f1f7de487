"""The same queries to Understudy, BIND, Knot and NSD over the same zones, compared section by section."""
