"""What things cost: the quote before anything is sent."""
