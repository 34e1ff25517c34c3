"""What a document is: found, settled, hashed, cut into batches, recognised by content, given a route."""
