"""What LaTeX commands print that pylatexenc draws otherwise or not at all."""

SYMBOLS: dict[str, str] = {
    "textasciicircum": "^",
    "textasciitilde": "~",
    "textless": "<",
    "textgreater": ">",
    "textbar": "|",
    "textquotesingle": "'",
    "textunderscore": "_",
    "textbraceleft": "{",
    "textbraceright": "}",
    "textpercent": "%",
    "percent": "%",
    "slash": "/",
    "textminus": "−",
    "textbullet": "•",
    "textdegree": "°",
    "degree": "°",
    "celsius": "°C",
    "degreeCelsius": "°C",
    "ohm": "Ω",
    "permil": "‰",
    "No": "№",
    "S": "§",
    "P": "¶",
    "ddag": "‡",
    "copyright": "©",
    "textcopyright": "©",
    "textregistered": "®",
    "euro": "€",
    "texteuro": "€",
    "EUR": "€",
    "pounds": "£",
    "textsterling": "£",
    "yen": "¥",
    "textyen": "¥",
    "rupee": "₹",
    "INR": "₹",
    "textrupee": "₹",
    "textwon": "₩",
    "checkmark": "✓",
    "cmark": "✓",
    "Checkmark": "✓",
    "CheckmarkBold": "✓",
    "faCheck": "✓",
    "tick": "✓",
    "xmark": "✗",
    "crossmark": "✗",
    "XSolid": "✗",
    "XSolidBrush": "✗",
    "faTimes": "✗",
    "square": "□",
    "Square": "□",
    "Box": "□",
    "ballotbox": "☐",
    "CheckBox": "☐",
    "checkbox": "☐",
    "faSquare": "☐",
    "faSquareO": "☐",
    "CheckedBox": "☑",
    "ballotcheck": "☑",
    "faCheckSquare": "☑",
    "faCheckSquareO": "☑",
    "XBox": "☒",
    "ballotx": "☒",
    "bigstar": "★",
    "triangle": "△",
    "Diamond": "◇",
    "clubsuit": "♣",
    "heartsuit": "♥",
    "spadesuit": "♠",
    "diamondsuit": "♦",
    "female": "♀",
    "phone": "☎",
    "Letter": "✉",
    "TeX": "TeX",
    "LaTeX": "LaTeX",
    "and": " ",
    "quad": " ",
    "qquad": " ",
    "enspace": " ",
    "enskip": " ",
    "thinspace": " ",
    "hfill": " ",
    "hfil": " ",
    "dotfill": " ",
    "hrulefill": " ",
    ",": " ",
    ";": " ",
    ":": " ",
    " ": " ",
    "!": "",
    "-": "",
    "/": "",
    "hbox": "",
    "vbox": "",
}

_LETTERS_OF_UNITS = "m g s A K mol cd Hz N Pa J W V L l h min kg cm mm km ml mg kW kWh MWh dB ppm rpm".split()  # noqa: SIM905
UNITS: dict[str, str] = {
    **{name: name for name in _LETTERS_OF_UNITS},
    **{
        "metre": "m",
        "meter": "m",
        "gram": "g",
        "kilogram": "kg",
        "second": "s",
        "minute": "min",
        "hour": "h",
        "day": "d",
        "litre": "L",
        "liter": "L",
        "ampere": "A",
        "volt": "V",
        "watt": "W",
        "hertz": "Hz",
        "newton": "N",
        "pascal": "Pa",
        "joule": "J",
        "kelvin": "K",
        "mole": "mol",
        "kilo": "k",
        "mega": "M",
        "milli": "m",
        "micro": "µ",
        "centi": "c",
        "per": "/",
        "square": "",
        "squared": "²",
        "cubed": "³",
        "percent": "%",
        "degree": "°",
        "celsius": "°C",
        "degreeCelsius": "°C",
    },
}
"""Macros inside a unit of siunitx."""

_DINGBATS_ELSEWHERE = {
    37: "☎",
    42: "☛",
    43: "☞",
    72: "★",
    108: "●",
    110: "■",
    115: "▲",
    116: "▼",
    117: "◆",
    119: "◗",
    168: "♣",
    169: "♦",
    170: "♥",
    171: "♠",
    213: "→",
    214: "↔",
    215: "↕",
}
_DINGBATS = (
    (range(33, 127), 0x2701),
    (range(161, 168), 0x2761),
    (range(172, 182), 0x2460),
    (range(182, 213), 0x2776),
    (range(216, 240), 0x2798),
    (range(241, 255), 0x27B1),
)
"""Codes of the Zapf Dingbats typeface and the characters they are in Unicode."""


def dingbat(code: str) -> str:
    """The sign of `\\ding{51}`; empty for a code that has none."""
    number = int(code) if code.isascii() and code.isdigit() and len(code) < 4 else 0
    if number == 212:
        return "➔"
    if number in _DINGBATS_ELSEWHERE:
        return _DINGBATS_ELSEWHERE[number]
    return next((chr(first + number - codes[0]) for codes, first in _DINGBATS if number in codes), "")


_IDEOGRAPHS = "一二三四五六七八九十"


def circled(text: str) -> str:
    """A number, letter or ideograph in a circle, as one sign where there is one, else in brackets."""
    if text.isascii() and text.isdigit() and len(text) < 3:
        number = int(text)
        for numbers, first in ((range(1, 21), 0x2460), (range(21, 36), 0x3251), (range(36, 51), 0x32B1)):
            if number in numbers:
                return chr(first + number - numbers[0])
        if number == 0:
            return "⓪"
    elif len(text) == 1:
        if "A" <= text <= "Z":
            return chr(0x24B6 + ord(text) - ord("A"))
        if "a" <= text <= "z":
            return chr(0x24D0 + ord(text) - ord("a"))
        if text in _IDEOGRAPHS:
            return chr(0x3280 + _IDEOGRAPHS.index(text))
    return f"({text})" if text else ""
