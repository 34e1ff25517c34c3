"""Asking what of a batch has no answer yet: which questions are open, and asking them in real time."""
