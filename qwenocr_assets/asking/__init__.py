"""Asking for a batch of pages and keeping what comes back: journals, reuse, retries, the Batch API's jobs."""
