"""What the service itself says of an account's models, held against the catalogue. Nothing is taken over by itself."""
