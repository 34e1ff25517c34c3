"""Scoring: what was read of documents against the ground truth. docs/scoring.md defines every figure."""
