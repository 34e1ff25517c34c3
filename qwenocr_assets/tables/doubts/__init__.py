"""What speaks against texts and numbers: said, not mended."""
