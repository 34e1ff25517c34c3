"""Text that is raised, lowered or struck out, written so that it never runs into what it stands beside."""

_RAISED = dict(zip("0123456789+-−=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ", strict=True))
_LOWERED = dict(zip("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎", strict=True))
_NARROW = str.maketrans("０１２３４５６７８９", "0123456789")


def raised(text: str) -> str:
    """A superscript: digits as ¹²³; the digits of other scripts, which have none, behind a `^`."""
    return _shifted(text.strip(), _RAISED, "^")


def lowered(text: str) -> str:
    """A subscript: digits as ₁₂₃, else behind a `_`."""
    return _shifted(text.strip(), _LOWERED, "_")


def struck(text: str) -> str:
    """Text that is struck out, between `~~` as Markdown writes it."""
    inside = text.strip()
    if not inside:
        return text
    behind = " " if inside[-1].isdigit() or text[-1:].isspace() else ""
    return f"{' ' if text[0].isspace() else ''}~~{inside}~~{behind}"


def _shifted(text: str, signs: dict[str, str], mark: str) -> str:
    text = text.translate(_NARROW)
    if not any(char.isdigit() for char in text):
        return text  # letters, stars and daggers make no number of what they stand behind
    if all(char in signs or not char.isdigit() for char in text):
        return "".join(signs.get(char, char) if not char.isalpha() else char for char in text)
    return f"{mark}{text}"
