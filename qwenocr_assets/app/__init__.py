"""The local web page: drop files, correct values, look at documents and tables, and an endpoint for programs."""
