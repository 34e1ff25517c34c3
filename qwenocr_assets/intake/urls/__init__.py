"""Lists of URLs as documents: read, fetched from where it is safe, kept by content."""
