"""Requests and answers, in real time and through the Batch API, and what asks again."""
