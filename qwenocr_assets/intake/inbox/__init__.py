"""The folder or bucket where people drop files: looked at again and again, cut into intake batches."""
