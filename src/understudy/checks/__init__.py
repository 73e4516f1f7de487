"""One file, one kind of check: its settings and its probe. `registry` lists them, `probe` runs one."""
