"""Pixels into lines: the page upright, its print found and recognised, its rulings."""
