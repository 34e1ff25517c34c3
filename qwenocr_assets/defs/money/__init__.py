"""What batches cost, and the sensors around the budget."""
