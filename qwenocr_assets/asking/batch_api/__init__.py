"""Jobs of the Batch API as this project keeps them: planned, handed over, watched, taken back."""
