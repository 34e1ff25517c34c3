"""Reports: a folder of plain HTML that shows what was read from documents, beside the pages it was read from."""
