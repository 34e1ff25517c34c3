"""The Batch API: requests handed over in files, answered within a day or more at half the price."""
