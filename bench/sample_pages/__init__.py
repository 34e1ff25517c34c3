"""What `bench/render_samples.py` draws: the rendered sample documents, each with its truth."""
