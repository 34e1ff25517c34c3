"""Whole pages as blocks, formulas and tables, whatever a model wrote them in."""
