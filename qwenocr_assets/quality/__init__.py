"""Whether what came back can be relied on."""
