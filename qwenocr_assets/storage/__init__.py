"""Where data lies: the data folder's layout, table files, and the journal of raw answers."""
