"""Answers into rows: pure functions, no I/O. `flatten.flatten` is the way in."""
