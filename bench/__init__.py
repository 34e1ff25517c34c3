"""Measurements: every claim about speed or accuracy, repeatable."""
