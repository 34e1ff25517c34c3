"""Where the words that were looked for are in an excerpt, in whatever form they are written there."""

import re

from qwenocr_assets.warehouse.texts.folding import fold_word


def marked(excerpt: str, words: str) -> list[tuple[str, bool]]:
    """The excerpt in pieces, each with whether it is one of the words, or holds one."""
    wanted = [folded for folded in map(fold_word, words.split()) if folded]
    return [
        (piece, any(word in fold_word(piece) for word in wanted))
        for piece in re.split(r"(\S+)", excerpt)
        if piece
    ]
