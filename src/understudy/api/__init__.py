"""The HTTP API, an edge: it asks `service.operations` and says what that answers."""
