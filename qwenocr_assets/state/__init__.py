"""The database that all processes share: leases of batches, signs of life."""
