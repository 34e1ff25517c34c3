"""The answer of the text tasks: what stands on the page, in reading order."""

from qwenocr_assets.engine.page.layout import columns_of, rows_of
from qwenocr_assets.engine.page.read_page import ReadPage


def plain_text(page: ReadPage) -> str:
    """The page's text in reading order, one visual row of print a line; "" for a blank page.

    What stands apart in one row (label and amount, the cells of a table) is joined by one space.
    """
    return "\n".join(
        " ".join(line.text for line in row)
        for block in columns_of(page.upright_lines)
        for row in rows_of(block)
    )
