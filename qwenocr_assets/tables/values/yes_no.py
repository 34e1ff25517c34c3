"""A text → yes or no: words that say nothing else, ticked and empty boxes, of several boxes the one that is ticked."""

import re
from typing import Final

from qwenocr_assets.tables.values.written import words

_YES: Final = words(
    "true|yes|ja|oui|sí|si|sì|sim|да|так|tak|ano|áno|evet|kyllä|igen|ναι|نعم|بله|ہاں|כן|हाँ|हां|ใช่|có|ya|jah|"
    "jā|taip|是|对|對|有|はい|有り|あり|예|네|真|wahr|vrai|verdadero|verdadeiro|vero|on|checked|ticked|selected|"
    ":selected:|angekreuzt|coché|marcado|已选|已勾选|選択済み|チェックあり"
)
_NO: Final = words(
    "false|no|nein|non|não|nao|нет|ні|nie|ne|hayır|ei|nem|όχι|لا|خیر|نہیں|לא|नहीं|ไม่ใช่|không|tidak|nē|否|不是|"
    "不|无|無|いいえ|無し|なし|아니요|아니오|假|falsch|faux|falso|off|unchecked|unticked|unselected|not checked|"
    "not ticked|not selected|:unselected:|nicht angekreuzt|non coché|no marcado|não marcado|未选|未勾选|未選択|"
    "チェックなし"
)
_TICKS: Final = "☑✓✔✅🗹🗸"
_FILLED: Final = "◉⦿●■◼⬛"
_CROSSED_BOXES: Final = "☒🗷⊠"
_EMPTY: Final = "☐▢□◻⬜◌⚪🔲"
_RINGS: Final = "○◯"
_CROSSES: Final = "✗✘❌✕✖"
_TIMES: Final = "×"
SETTLED_AROUND: Final = frozenset(_CROSSED_BOXES + _RINGS + _TIMES)
"""Signs that say one thing beside some signs and the opposite beside others."""

_BRACKETED: Final = re.compile(r"[\[(]\s?([xX✓✔✗✘*]?)\s?[\])]")
_IS_TICKED: Final = _TICKS + _FILLED + _CROSSED_BOXES
_BOX: Final = f"[{_IS_TICKED}{_EMPTY}{_RINGS}]"
_NO_BOX: Final = f"[^{_IS_TICKED}{_EMPTY}{_RINGS}]"
_BEFORE_WORD: Final = re.compile(f"({_BOX})({_NO_BOX}*)")
_BEHIND_WORD: Final = re.compile(f"({_NO_BOX}*)({_BOX})")


def read_yes_no(text: str, around: str = "") -> bool | None:
    """True and false that a text says, None when it says neither.

    `text` is as `written.seen` has it; `around` are the signs that stand for the other values of the same answer.
    """
    text = _BRACKETED.sub(lambda box: "☑" if box[1] else "☐", text).casefold()
    if text in _YES or text in _NO:
        return text in _YES
    if len(text) == 1:
        return _sign(text, set(around))
    return _ticked_choice(text)


def _sign(sign: str, around: set[str]) -> bool | None:
    """What a single sign says. A box with a cross is a ticked one, as word processors draw it, but not beside ☑."""
    if sign in _CROSSED_BOXES:
        is_opposite = not around.isdisjoint(_TICKS)
        return None if is_opposite and not around.isdisjoint(_EMPTY) else not is_opposite
    if sign in _RINGS:
        # maru and batsu, or a radio button
        is_yes, is_empty = not around.isdisjoint(_TIMES + _CROSSES), not around.isdisjoint(_FILLED)
        return is_yes if is_yes != is_empty else None
    if sign in _TIMES:
        return None if around.isdisjoint(_RINGS) else False
    if sign in _TICKS or sign in _FILLED:
        return True
    return False if sign in _EMPTY or sign in _CROSSES else None


def _ticked_choice(text: str) -> bool | None:
    """`☑ Yes ☐ No`, `是□ 否☑`: the one choice that is ticked, where it is yes or no."""
    if re.match(_BOX, text):
        choices = _BEFORE_WORD.findall(text)
    elif re.search(f"{_BOX}\\Z", text):
        choices = [(box, word) for word, box in _BEHIND_WORD.findall(text)]
    else:
        return None
    ticked = {word.strip(" ,;/|:") for box, word in choices if box in _IS_TICKED}
    word = ticked.pop() if len(ticked) == 1 else ""
    return True if word in _YES else False if word in _NO else None
