"""Text of others on its way out of the program: in every kind of exit it stays text and steers nothing.

Names of files, values, keys and messages may hold what a terminal, Markdown, a spreadsheet or an XML parser obeys.
Each kind of exit has one function here and one place that calls it.
"""

import re

_CONTROLS = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n"} | {0x7F: 0x2421}
_OTHERS = dict.fromkeys([*range(0x80, 0xA0), 0x202D, 0x202E, *range(0xD800, 0xE000)], 0xFFFD)
_VISIBLE = _CONTROLS | _OTHERS
_NOT_IN_XML = _CONTROLS | dict.fromkeys([*range(0xD800, 0xE000), 0xFFFE, 0xFFFF], 0xFFFD)

_STEERS_MARKDOWN = re.compile(r"[\\`*\[\]<>|~!#{}]|(?<![^\W_])_|_(?![^\W_])")
_FENCE = re.compile(r"`{3,}")

BEGINS_LIKE_A_FORMULA = r"^'*[=+\-@\t\r\n＝＋－＠]"
"""What spreadsheets run, or may after taking away what is not seen. For `re` and for DuckDB's RE2."""
_FORMULA = re.compile(BEGINS_LIKE_A_FORMULA)


def visible(text: str) -> str:
    """For terminals, logs and messages: control characters as their pictures (␛), tabs and line feeds as they are.

    What no UTF-8 can hold, and what turns the direction of all that follows, becomes U+FFFD.
    """
    return text if text.isprintable() else text.translate(_VISIBLE)


def markdown(text: str) -> str:
    """For Markdown: one line that is shown as it is, and is no link, picture, markup, HTML or cell's end."""
    line = " ".join(visible(text).split()).replace("&", "&amp;")
    return _STEERS_MARKDOWN.sub(lambda found: f"\\{found[0]}", line)


def markdown_code(code: str, language: str) -> str:
    """For Markdown: a block of code that nothing in it ends."""
    longest = max((len(found) for found in _FENCE.findall(code)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{visible(code)}\n{fence}"


def xml(text: str) -> str:
    """For XML 1.0: without the characters that it cannot hold; quoting is the writer's."""
    return text.translate(_NOT_IN_XML)


def spreadsheet(text: str) -> str:
    """For CSV that spreadsheets open: with an apostrophe before it where it would be taken for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def from_spreadsheet(text: str) -> str:
    """The text without that apostrophe."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
