"""What stands between the strings of JSON that a model wrote, made into JSON: values without quotes kept as written."""

import json
import re

QUOTES = "quotes"
COMMAS = "commas"
WIDE = "full-width punctuation"
LEADING_ZEROS = "leading zeros"
WORDS = "words of Python"
UNQUOTED = "unquoted text"
MISSING_VALUES = "missing values"

NUMBER_MARK = "\ue000"
"""Stands before a number in quotes, for readers that would not keep it as written; a character that no page has."""

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_ZEROS = re.compile(r"0[0-9]+")
_DASHES = re.compile(r"[-‐-―−ー－]+")
_WORDS = {
    "none": "null",
    "null": "null",
    "nil": "null",
    "undefined": "null",
    "true": "true",
    "false": "false",
}
_NARROW = {"：": ":", "，": ",", "｛": "{", "｝": "}", "［": "[", "］": "]"}
_SPACE = re.compile(r"\s+")
_KEY = re.compile(r"[^\s,:：{}\[\]｛｝［］][^,:：{}\[\]｛｝［］\n]{0,200}?(?=\s{0,8}[:：])")
_MEMBER_ENDS = re.compile(r"\s*(?:\Z|[}\]｝］,，…]|\.{3}|[^\W\d][\w .-]{0,80}\s{0,8}[:：])")
"""What follows the comma behind a member of an object: a bracket, a key, or a string (where the piece ends)."""
_ENDS = re.compile(r"[,，}\]｝］]")
_ELLIPSIS = re.compile(r"(?:\.{3}|…)")
_SPLIT_NUMBER = re.compile(r"[,，][0-9]")


class Between:
    """Reads what stands between strings, one piece after the other, and says which faults it mended."""

    def __init__(self, *, mark_numbers: bool = False) -> None:
        self.found: set[str] = set()
        self._mark = mark_numbers
        self._stack: list[str] = []
        self._out: list[str] = []
        self._wants = "value"  # or "key", "colon", "comma"
        self._comma_at: int | None = None  # in `_out`, of the comma that nothing has followed yet

    def string(self, quoted: str) -> None:
        """Take over a string, as JSON wants it."""
        self._add(quoted)
        self._wants = "colon" if self._wants == "key" else "comma"

    def gap(self, text: str, *, is_last: bool = False) -> None:
        """Read a piece; of the last one, the closing brackets may be ours, so that a comma before them is no fault."""
        at = 0
        while at < len(text):
            space = _SPACE.match(text, at)
            if space is not None:
                self._out.append(space[0])
                at = space.end()
                continue
            char = _NARROW.get(text[at], text[at])
            if char in "{}[],:" and not (char == ":" and self._wants == "value"):
                if char != text[at]:
                    self.found.add(WIDE)
                self._structure(char, is_fault=not is_last)
                at += 1
            elif self._wants == "key":
                at = self._key(text, at)
            else:
                end = self._end_of_value(text, at)
                self._value(text[at:end])
                at = end

    def text(self) -> str:
        """All that was read, as JSON."""
        return "".join(self._out)

    def _add(self, piece: str) -> None:
        self._out.append(piece)
        self._comma_at = None

    def _structure(self, char: str, *, is_fault: bool) -> None:
        if char in "{[":
            self._add(char)
            self._stack.append(char)
            self._wants = "key" if char == "{" else "value"
        elif char in "}]":
            if self._comma_at is not None:
                self._out[self._comma_at] = ""
                if is_fault:
                    self.found.add(COMMAS)
            elif self._wants == "value" and self._in_object:
                self._no_value()
            self._add(char)
            if self._stack:
                self._stack.pop()
            self._wants = "comma"
        elif char == ",":
            if self._comma_at is not None:
                self.found.add(COMMAS)
                return
            if self._wants == "value" and self._in_object:
                self._no_value()
            self._out.append(char)
            self._comma_at = len(self._out) - 1
            self._wants = "key" if self._in_object else "value"
        else:
            self._add(char)
            self._wants = "value"

    @property
    def _in_object(self) -> bool:
        return bool(self._stack) and self._stack[-1] == "{"

    def _no_value(self) -> None:
        self._add("null")
        self.found.add(MISSING_VALUES)

    def _key(self, text: str, at: int) -> int:
        key = _KEY.match(text, at)
        if key is None:
            dots = _ELLIPSIS.match(text, at)
            if dots is None:
                self._add(text[at])
            return at + 1 if dots is None else dots.end()
        self.found.add(UNQUOTED)
        self._add(json.dumps(key[0].strip(), ensure_ascii=False))
        self._wants = "colon"
        return key.end()

    def _end_of_value(self, text: str, at: int) -> int:
        """Where a value without quotes ends: before a bracket, or a comma that is no part of a number."""
        while (sign := _ENDS.search(text, at)) is not None:
            end = sign.start()
            if sign[0] not in ",，":
                return end
            if self._in_object:
                if _MEMBER_ENDS.match(text, end + 1):
                    return end
            elif _SPLIT_NUMBER.match(text, end) is None or _NUMBER.fullmatch(text[at:end].strip()):
                return end
            at = end + 1
        return len(text)

    def _value(self, written: str) -> None:
        value = written.strip()
        if value.endswith(";"):
            value = value[:-1].rstrip()
            self.found.add(COMMAS)
        if _NUMBER.fullmatch(value):
            self._add(f'"{NUMBER_MARK}{value}"' if self._mark else value)
        elif (word := _WORDS.get(value.lower())) is not None:
            if word != value:
                self.found.add(WORDS)
            self._add(word)
        elif _DASHES.fullmatch(value):
            self.found.add(MISSING_VALUES)
            self._add("null")
        else:
            self.found.add(LEADING_ZEROS if _ZEROS.fullmatch(value) else UNQUOTED)
            self._add(json.dumps(value.replace("\\/", "/"), ensure_ascii=False))
        self._out.append(written[len(written.rstrip()) :])
        self._wants = "comma"
