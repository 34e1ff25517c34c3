"""Answers into rows, held against rules and truths."""
