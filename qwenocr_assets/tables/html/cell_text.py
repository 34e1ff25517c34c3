"""The text of a table cell as a reader sees it.

What is raised, lowered, struck, hidden or annotated must not run into a number: `5<sup>2</sup>` is 5² and not 52, and a
footnote's mark is no digit of the amount before it.
"""

import re
from html import unescape

from selectolax.lexbor import LexborNode

from qwenocr_assets.raised import lowered, raised, struck

_SPACE = re.compile(r"[ \t\n\f\r]+")
_BROKEN_LINE = re.compile(r"[ \t\f\r]*\n\s*")
_LINE_BREAKING = frozenset(
    "address article blockquote dd div dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre section ul".split()  # noqa: SIM905
)
_SILENT = frozenset(
    """
    script style table template noscript rt rp rtc title head textarea annotation annotation-xml mphantom iframe
    -comment
    """.split()  # noqa: SIM905
)
_STRUCK = frozenset(("s", "strike", "del"))
_APART = frozenset(("small", "big", "a"))
"""Elements that begin something else: cents behind an amount, a link to a note."""
_HIDING = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|font-size\s*:\s*0(?![.\d])|opacity\s*:\s*0(?:\.0+)?\s*(?:;|\Z)",
    re.IGNORECASE,
)
_LEFT_OUT = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_RAISING = re.compile(r"vertical-align\s*:\s*(super|sub)(?![\w-])", re.IGNORECASE)
_STRIKING = re.compile(r"text-decoration(?:-line)?\s*:[^;]*line-through", re.IGNORECASE)
_DIGIT = re.compile(r"\d")


def cell_text(cell: LexborNode) -> str:
    """A cell's text as a browser shows it, with line breaks as newlines and other white space single."""
    style = cell.attributes.get("style") if cell.attributes else None
    if style and _HIDING.search(style):
        return ""
    text = _shown(cell)
    return struck(text).strip() if style and _STRIKING.search(style) else text


def is_left_out(node: LexborNode) -> bool:
    """Whether a row or cell takes no room: those behind it move up."""
    attributes = node.attributes
    return bool(attributes) and (
        "hidden" in attributes or _LEFT_OUT.search(attributes.get("style") or "") is not None
    )


def _shown(cell: LexborNode) -> str:
    only = cell.first_child
    if only is None:
        return ""
    if only.next is None and only.is_text_node:
        text: str = only.text_content or ""
    else:
        text = _inside(cell)
        if "\n" in text:
            return _BROKEN_LINE.sub("\n", text).strip()
    if "&" in text and ";" in text:
        text = unescape(text)  # escaped twice
    if "\n" in text or "  " in text or "\t" in text:
        text = _SPACE.sub(" ", text)
    return text.strip()


_DEEPEST = 12
"""Marks inside of marks that are told apart; models nest them by the thousand."""


def _inside(node: LexborNode, depth: int = 0) -> str:
    """The text of a node's children; as deep as marks that change their text nest by recursion."""
    parts: list[str] = []
    stack: list[LexborNode | str] = []
    stack.extend(list(node.iter(include_text=True))[::-1])
    apart = False
    while stack:
        inner = stack.pop()
        if isinstance(inner, str):
            parts.append(inner)
        elif inner.is_text_node:
            text = _SPACE.sub(" ", inner.text_content or "")
            if apart:
                _append(parts, text)
            else:
                parts.append(text)
            apart = False
        elif inner.tag == "br":
            parts.append("\n")
        elif inner.tag in _SILENT or _is_hidden(inner):
            continue
        elif depth < _DEEPEST and (marked := _marked(inner, depth + 1)) is not None:
            _append(parts, marked)
            apart = True
        else:
            edge = "\n" if inner.tag in _LINE_BREAKING else ""
            stack.append(edge)
            stack.extend(list(inner.iter(include_text=True))[::-1])
            stack.append(edge)
    return "".join(parts)


def _append(parts: list[str], text: str) -> None:
    """Add what stands apart: two numbers never become one."""
    before = next((part for part in reversed(parts) if part), "")
    if before and text and _DIGIT.match(before[-1]) and _DIGIT.match(text[0]):
        parts.append(" ")
    parts.append(text)


def _marked(node: LexborNode, depth: int) -> str | None:
    """The text of an element that changes what its text says; None for any other element."""
    tag = node.tag
    style = node.attributes.get("style") or "" if node.attributes else ""
    raising = _RAISING.search(style) if style else None
    if tag == "sup" or (raising and raising[1].lower() == "super"):
        return raised(_inside(node, depth))
    if tag == "sub" or raising:
        return lowered(_inside(node, depth))
    if tag in _STRUCK or (style and _STRIKING.search(style)):
        return struck(_inside(node, depth))
    if tag in _APART:
        return _inside(node, depth)
    if tag == "input":
        return _input(node)
    if tag == "select":
        options = node.css("option")
        chosen = [option for option in options if "selected" in option.attributes] or options[:1]
        return " ".join(_inside(option, depth).strip() for option in chosen)
    if tag in ("msup", "msub", "msubsup", "mfrac", "mroot", "msqrt"):
        return _formula(node, depth)
    return None


def _formula(node: LexborNode, depth: int) -> str:
    """MathML in one line."""
    held = [_inside_one(child, depth) for child in node.iter()]
    match node.tag, held:
        case "msup", [base, above]:
            return base + raised(above)
        case "msub", [base, below]:
            return base + lowered(below)
        case "msubsup", [base, below, above]:
            return base + lowered(below) + raised(above)
        case "mfrac", [above, below]:
            return f"{above}/{below}"
        case "mroot", [inside, index]:
            return f"{raised(index)}√{inside}"
        case "msqrt", _:
            return "√" + "".join(held)
    return " ".join(held)


def _inside_one(node: LexborNode, depth: int) -> str:
    if node.tag in _SILENT or _is_hidden(node):
        return ""
    marked = _marked(node, depth + 1) if depth < _DEEPEST else None
    return _inside(node, depth) if marked is None else marked


def _input(node: LexborNode) -> str:
    """What a form's field shows."""
    attributes = node.attributes
    kind = (attributes.get("type") or "text").lower()
    if kind in ("checkbox", "radio"):
        return "☑" if "checked" in attributes else "☐"
    return "" if kind in ("hidden", "password", "file", "image") else attributes.get("value") or ""


def _is_hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    if not attributes:
        return False
    return "hidden" in attributes or _HIDING.search(attributes.get("style") or "") is not None
