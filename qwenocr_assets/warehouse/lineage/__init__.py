"""Where the columns of models come from."""
