"""From a page that was read to the answer of each task."""
