"""The command line, an edge: it asks the running server over its API, and shows what that says."""
