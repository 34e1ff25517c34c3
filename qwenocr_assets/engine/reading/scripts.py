"""Which script a line of print is in, also one that the recogniser cannot read.

The weights know Latin, Chinese and Japanese characters. Of any other print the recogniser makes look-alikes, or
leaves it out, and often is sure of what it made. But how it errs depends on the script: which characters stand in
for which, and how much ink gets none. So a line's script is told from the recogniser's own probabilities: a bag of
the characters it would see if it had to see one, and how much of the ink it left unread, weighed by a network of
one small hidden layer. `bench/train_scripts.py` trains it on rendered lines; its weights are `scripts.npz`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from unicodedata import category, name

import numpy as np
from numpy.typing import NDArray

Evidence = NDArray[np.float32]
"""What a line tells of its script: features of the network below."""

Floats = NDArray[np.float32]

READABLE = ("latin", "han")
"""Scripts that the weights read."""

_INK_CONTRAST = 0.3
"""A step along the line holds ink when its contrast is this part of the line's."""
_REACHES = (2, 3, 6)
"""Steps from a character within which ink counts as read; a line is about as high as six steps are wide."""
_MOST = 0.6
"""A page on which unreadable scripts have this share of the print cannot be read."""
_LEAST_LENGTH = 30.0
"""Less print than this (in line heights) tells its script only where all of it agrees."""
_ALL_OF_LITTLE = 0.95
"""Share of the print that unreadable scripts must have where there is too little to tell them by most of it."""
_SOME = 0.15
"""From this share on, a script has lines of its own on the page."""
_SURE = 0.9
"""Probability from which a line is taken to be in another script than most of its page."""

_GROUPS = ("blank", "digit", "small", "capital", "latin", "latin more", "han", "hiragana", "katakana", "greek",
           "ascii", "wide", "P", "S", "N", "L", "other")  # fmt: skip


def group_of(character: str) -> int:
    """Index of the group that a character of the recogniser belongs to."""
    first = character[0]
    described = name(first, "")
    if first.isascii():
        if first.isalpha():
            return _GROUPS.index("small" if first.islower() else "capital")
        return _GROUPS.index("digit" if first.isdigit() else "ascii")
    by_name = {
        "LATIN": "latin" if ord(first) < 0x180 else "latin more",
        "CJK": "han",
        "HIRAGANA": "hiragana",
        "KATAKANA": "katakana",
        "GREEK": "greek",
        "FULLWIDTH": "wide",
        "HALFWIDTH": "wide",
        "IDEOGRAPHIC": "wide",
    }
    kind = by_name.get(described.split(" ")[0].split("-")[0], category(first)[0])
    return _GROUPS.index(kind if kind in _GROUPS else "other")


def observe(posteriors: Floats, strip: Floats, groups: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """How a line of print looks to the recogniser.

    `posteriors` is steps × classes, class 0 is "no character"; `strip` is the line's picture as the recogniser was
    given it, channels × height × width; both without the recogniser's padding. `groups` has the group of each class.

    Returns the share of the ink that each character (classes 1 and up) would have if every step had to be one, and
    a few numbers about the whole line: what is read, what is left unread, shares of the groups.
    """
    inked = _inked(strip, len(posteriors))
    counted = inked if inked.any() else np.ones(len(posteriors), np.bool_)
    seen = np.maximum(1 - posteriors[:, 0], 1e-12)
    shares_of_steps = np.where(counted, (np.ones_like(seen), 1 / seen), 0).astype(np.float32) / counted.sum()
    # einsum: these matrices are so flat that BLAS with its threads takes seven times as long.
    plain, forced = np.einsum("ks,sc->kc", shares_of_steps, posteriors)[:, 1:]
    read, places = np.flatnonzero(posteriors.argmax(axis=1) != 0), np.flatnonzero(inked)
    far = np.abs(places[:, None] - read[None, :]).min(axis=1) if len(read) else np.full(len(places), 99)
    unread = [float((far > reach).mean()) if len(places) else 0.0 for reach in _REACHES]
    surest = float(posteriors[:, 1:].max(axis=1)[counted].mean())
    summary = np.array(
        [1 - float(seen[counted].mean()), 1 - surest, *unread, len(read) / max(len(places), 1)]
    )
    shares = [np.sqrt(np.bincount(groups[1:], bag, len(_GROUPS))) for bag in (plain, forced)]
    return forced, np.concatenate([summary, np.log(summary + 0.003), *shares]).astype(np.float32)


def _inked(strip: Floats, steps: int) -> NDArray[np.bool_]:
    """Which steps along a strip hold ink."""
    grey = strip.mean(axis=0)
    edges = np.linspace(0, grey.shape[1], steps + 1).astype(int)[:-1]
    high, low = grey.max(axis=0), grey.min(axis=0)
    contrast = np.maximum.reduceat(high, edges) - np.minimum.reduceat(low, edges)
    return np.asarray(contrast > _INK_CONTRAST * max(float(np.percentile(contrast, 95)), 1e-6), np.bool_)


def features(forced: Floats, whole: Floats, chosen: NDArray[np.int64]) -> Evidence:
    """What `observe` returns, as the network is given it."""
    return np.concatenate([np.sqrt(forced[chosen - 1]), whole]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class ScriptModel:
    """The trained network."""

    classes: tuple[str, ...]
    chosen: NDArray[np.int64]
    """Characters (classes of the recogniser) whose shares are features of their own."""
    groups: NDArray[np.int64]
    mean: Floats
    deviation: Floats
    hidden: Floats
    hidden_bias: Floats
    output: Floats
    output_bias: Floats
    upright: Floats
    """Weights by which a line's features tell how likely it stands the right way up, for comparison only."""

    def evidence(self, posteriors: Floats, strip: Floats) -> Evidence:
        """Features of a line; for the arguments see `observe`."""
        return features(*observe(posteriors, strip, self.groups), self.chosen)

    def probabilities(self, lines: Sequence[Evidence]) -> NDArray[np.float64]:
        """Lines × classes: how likely each line is in each script."""
        middle = np.maximum(self._scaled(lines) @ self.hidden + self.hidden_bias, 0)
        logits = middle @ self.output + self.output_bias
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float64)

    def uprightness(self, lines: Sequence[Evidence]) -> NDArray[np.float64]:
        """A number for each line, higher the right way up than upside down."""
        return np.asarray(self._scaled(lines) @ self.upright, np.float64)

    def _scaled(self, lines: Sequence[Evidence]) -> NDArray[np.float64]:
        return (np.array(lines, np.float64) - self.mean) / self.deviation


@cache
def script_model() -> ScriptModel:
    """The network that ships with the package."""
    with as_file(files(__package__) / "scripts.npz") as path, np.load(path) as stored:
        return ScriptModel(
            tuple(str(script) for script in stored["classes"]),
            stored["chosen"].astype(np.int64),
            stored["groups"].astype(np.int64),
            *(
                stored[part].astype(np.float32)
                for part in ("mean", "deviation", "hidden", "hidden_bias", "output", "output_bias", "upright")
            ),
        )


@dataclass(frozen=True, slots=True)
class PageScript:
    """What script of a page the weights cannot read."""

    unreadable: str | None
    """The script when most of the page is in it, or in others that the weights cannot read."""
    foreign: str | None
    """The same, also when it is only a good part of the page."""
    foreign_lines: tuple[int, ...]
    """Which lines are to be read as `foreign`."""


def page_script(
    lines: Sequence[Evidence], lengths: Sequence[float], model: ScriptModel | None = None
) -> PageScript:
    """What script of a page the weights cannot read, from its lines; `lengths` (in line heights) weighs them."""
    model = model or script_model()
    if not sum(lengths):
        return PageScript(None, None, ())
    is_little = sum(lengths) < _LEAST_LENGTH
    probabilities = model.probabilities(lines)
    readable = probabilities[:, [model.classes.index(script) for script in READABLE]].sum(axis=1)
    shares = dict(zip(model.classes, np.average(probabilities, axis=0, weights=lengths), strict=True))
    foreign = max(shares.keys() - set(READABLE), key=lambda script: shares[script])
    if 1 - np.average(readable, weights=lengths) >= (_ALL_OF_LITTLE if is_little else _MOST):
        others = np.flatnonzero(readable < _SURE)
        return PageScript(foreign, foreign, tuple(int(index) for index in others))
    sure = np.flatnonzero(probabilities[:, model.classes.index(foreign)] >= _SURE)
    if is_little or shares[foreign] < _SOME or not len(sure):
        return PageScript(None, None, ())
    return PageScript(None, foreign, tuple(int(index) for index in sure))
