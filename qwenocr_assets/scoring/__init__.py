"""Scoring: what was read of documents against what truly stands on them. docs/scoring.md defines every figure."""
