"""PDFs into pages: two rasterisers, embedded pictures, the text layer."""
