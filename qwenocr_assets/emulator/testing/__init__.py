"""For tests against the service: virtual time, an app on a port, answers that are always the same."""
