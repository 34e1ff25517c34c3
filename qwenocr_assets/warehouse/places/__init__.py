"""Where the warehouse lies for its readers: a file, or versions in a bucket."""
