"""What stands on a page that was read: lines, boxes, rows and columns, tables."""
