"""Answers that are no answer: refusals, thoughts, pictures' addresses, and one thing said over and over."""
