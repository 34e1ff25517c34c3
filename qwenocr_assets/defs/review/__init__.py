"""What people corrected."""
