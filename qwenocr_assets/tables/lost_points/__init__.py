"""Amounts that may have lost their decimal point: said, not mended."""
