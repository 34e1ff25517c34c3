"""The database that all processes share: its tables and migrations, leases of batches, signs of life."""
