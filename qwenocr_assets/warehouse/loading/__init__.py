"""Loading table files into a warehouse: what has changed, its rows, and many loaders at once."""
