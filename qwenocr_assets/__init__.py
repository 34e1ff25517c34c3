"""Document images and PDFs into SQL tables, read by Qwen-OCR: a Dagster project."""
