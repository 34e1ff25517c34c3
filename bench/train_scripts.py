"""Trains `qwenocr_assets/engine/reading/scripts.npz`: which script a line of print is in.

    python -m bench.train_scripts [--held-out FOLDER] [--lines 110]

Lines of text come from the gettext catalogues of the machine (/usr/share/locale), fonts from Debian's fonts-noto,
fonts-noto-cjk, fonts-dejavu and fonts-liberation. `--held-out` names a folder of other fonts, which are never
trained on: they say how well the network does on print it has not seen. Needs fontconfig (fc-list, fc-query).
"""

import argparse
import gettext
import random
import re
import subprocess
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unicodedata import category, name, normalize

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from qwenocr_assets.engine.reading.pictures import Picture
from qwenocr_assets.engine.reading.scripts import (
    READABLE,
    ScriptModel,
    features,
    group_of,
    observe,
    page_script,
)
from qwenocr_assets.engine.reading.weights import Weights

TARGET = Path(__file__).parents[1] / "qwenocr_assets/engine/reading/scripts.npz"
LOCALES = Path("/usr/share/locale")
TRAINING_FONTS = re.compile(r"/(Noto|DejaVu|Liberation)(?!.*(Rashi|Nastaliq|Math|Symbols|Music))")
ODD_FONTS = re.compile(r"Stam|Dinaru|Pilgi|Gungseo|Quran|LastResort")

LANGUAGES = {
    "latin": "en fr de es it pt_BR nl sv da nb fi pl cs sk hu ro tr hr sl lt lv et ga cy eu ca is sq az id ms eo af",
    "vietnamese": "vi",
    "han": "zh_CN zh_CN zh_TW ja ja",
    "cyrillic": "ru ru uk bg be sr mk kk ky tg",
    "greek": "el",
    "arabic": "ar ar fa ug ckb",
    "hebrew": "he yi",
    "devanagari": "hi mr ne",
    "bengali": "bn as",
    "gurmukhi": "pa",
    "gujarati": "gu",
    "oriya": "or",
    "tamil": "ta",
    "telugu": "te",
    "kannada": "kn",
    "malayalam": "ml",
    "sinhala": "si",
    "thai": "th",
    "lao": "lo",
    "khmer": "km",
    "myanmar": "my",
    "georgian": "ka",
    "armenian": "hy",
    "ethiopic": "am ti",
    "hangul": "ko",
}
NAMES = {"vietnamese": "LATIN", "han": "CJK|HIRAGANA|KATAKANA"}
WEIGHT = {"latin": 6, "han": 5, "cyrillic": 3, "vietnamese": 3, "arabic": 2, "hangul": 2}
"""How many times as many lines as of the other scripts."""
CODES = (
    *("INV-####-#####", "SKU #####-A", "No. ######", "##.##.20##", "##/##/20##", "20##-##-## ##:##"),
    *("$#,###.##", "### ###,## €", "QTY ## USD ###.00", "# x ##.## = ###.##", "##%", "#.# kg", "#", "####"),
    *("+# (###) ###-####", "www.example.com/####", "info##@example.org", "DE## #### #### #### #### ##"),
)
UNSPACED = {"han", "thai", "lao", "khmer", "myanmar"}

Font = tuple[str, int]
"""File and index in it."""
Observed = tuple[NDArray[Any], NDArray[np.float32]]
"""What `observe` returns; the shares of the characters as 16-bit floats, for there are many."""
Floats64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sample:
    """A line with its features, and with those of the same line upside down."""

    script: str
    text: str
    observed: Observed
    upside_down: Observed | None


# --- text ------------------------------------------------------------------------------------------------------


@cache
def sentences(language: str, script: str) -> list[str]:
    found: list[str] = []
    for path in sorted((LOCALES / language / "LC_MESSAGES").glob("*.mo")):
        if path.stat().st_size > 3_000_000 or len(found) > 6000:
            continue
        try:
            with path.open("rb") as file:
                messages = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
        except (OSError, ValueError):
            continue
        for key, value in messages.items():
            text = key if language == "en" else value
            if isinstance(key, str) and text and not any(c in text for c in "%\n\t_|<>{}$\\`*[]\x04"):
                text = " ".join("".join(c for c in text if category(c) != "Cf").split())
                if 4 <= len(text) <= 300 and is_in(text, script):
                    found.append(normalize("NFC", text))
    random.Random(5).shuffle(found)
    return found


def is_in(text: str, script: str) -> bool:
    letters = [c for c in text if c.isalpha()]
    pattern = re.compile(NAMES.get(script, script.upper()))
    return bool(letters) and sum(bool(pattern.match(name(c, ""))) for c in letters) >= 0.6 * len(letters)


def code(rng: random.Random) -> str:
    """Print that any document has: numbers, dates, amounts, addresses."""
    return re.sub("#", lambda _: rng.choice("0123456789"), rng.choice(CODES))


def line_of_text(script: str, rng: random.Random) -> str | None:
    if script == "latin" and rng.random() < 0.22:
        return code(rng)
    pool = sentences(rng.choice(LANGUAGES[script].split()), script)
    if not pool:
        return None
    length = rng.choice([5, 8, 12, 20, 35, 60, 80])
    if script in ("han", "hangul"):
        length = max(length * 2 // 3, 3)
    text = rng.choice(pool)
    while len(text) < length:
        text += ("" if script == "han" else " ") + rng.choice(pool)
    start = rng.randrange(max(1, len(text) - length))
    text = text[start : start + length]
    if script not in UNSPACED and start:
        text = text.partition(" ")[2] or text
    chance = rng.random()
    if chance < 0.1:
        text = text.upper()
    elif chance < 0.25:
        text = rng.choice([f"{code(rng)} {text}", f"{text} {code(rng)}"])
    text = text.strip()
    return text if is_in(text, script) else None


# --- print -----------------------------------------------------------------------------------------------------


def system_fonts() -> list[Font]:
    listed = subprocess.run(
        ["fc-list", "-f", "%{file}\t%{index}\n"], capture_output=True, text=True, check=True
    )
    fonts = {(path, int(index)) for path, index in (row.split("\t") for row in listed.stdout.splitlines())}
    return sorted((path, index) for path, index in fonts if TRAINING_FONTS.search(path) and index < 4)


def folder_fonts(folder: Path) -> list[Font]:
    paths = sorted(path for path in folder.rglob("*.[to]t[fc]") if not ODD_FONTS.search(path.name))
    return [(str(path), 0) for path in paths]


@cache
def charset(font: Font) -> list[tuple[int, int]]:
    path, index = font
    asked = subprocess.run(
        ["fc-query", "-i", str(index), "-f", "%{charset}\n", path], capture_output=True, text=True, check=True
    )
    ranges = asked.stdout.splitlines()[0].split() if asked.stdout.strip() else []
    return sorted((int(r.split("-")[0], 16), int(r.split("-")[-1], 16)) for r in ranges)


def prints(font: Font, text: str) -> bool:
    ranges = charset(font)

    def has(character: str) -> bool:
        at = bisect_right(ranges, (ord(character), 1 << 21)) - 1
        return at >= 0 and ranges[at][0] <= ord(character) <= ranges[at][1]

    return all(c.isspace() or has(c) for c in set(text))


def picture_of(text: str, font: Font, rng: random.Random) -> Picture | None:
    size = rng.choice([13, 15, 17, 20, 23, 27, 32, 40])
    face = ImageFont.truetype(font[0], size, index=font[1])
    left, top, right, bottom = face.getbbox(text)
    pads = [rng.uniform(0.1, 0.35) * size for _ in range(4)]
    width, height = int(right - left + pads[0] + pads[1]), int(bottom - top + pads[2] + pads[3])
    if min(width, height) < 8 or width > 60 * height:
        return None
    image = Image.new("L", (width, height), rng.choice([255, 255, 255, 250, 240, 225, 200]))
    ink = rng.choice([0, 0, 0, 20, 50, 90])
    ImageDraw.Draw(image).text((pads[0] - left, pads[2] - top), text, font=face, fill=ink)
    if rng.random() < 0.1:
        image = image.point(lambda v: 255 - v)
    if rng.random() < 0.3:
        paper = image.getpixel((0, 0))
        image = image.rotate(rng.uniform(-1, 1), resample=Image.Resampling.BICUBIC, fillcolor=paper)
    if rng.random() < 0.4:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.0) * size / 22))
    pixels = np.asarray(image).astype(float)
    if rng.random() < 0.4:
        noise = np.random.default_rng(rng.randrange(1 << 30))
        pixels = pixels + noise.normal(0, rng.uniform(2, 12), pixels.shape)
    return np.asarray(cv2.cvtColor(pixels.clip(0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR), np.uint8)


def samples(
    fonts: Sequence[Font], count: int, seed: int, observed: Callable[[Picture], Observed]
) -> Iterator[Sample]:
    rng = random.Random(seed)
    for script, languages in LANGUAGES.items():
        wanted = count * WEIGHT.get(script, 1)
        common = Counter(
            c
            for language in languages.split()
            for text in sentences(language, script)[:200]
            for c in text
            if is_in(c, script)
        )
        usable = [font for font in fonts if prints(font, "".join(c for c, _ in common.most_common(10)))]
        made = 0
        for _ in range(12 * wanted if usable and common else 0):
            if made == wanted:
                break
            text = line_of_text(script, rng)
            font = rng.choice(usable)
            if text is None or not prints(font, text):
                continue
            picture = picture_of(text, font, rng)
            if picture is None:
                continue
            made += 1
            turned = np.asarray(cv2.rotate(picture, cv2.ROTATE_180), np.uint8)
            yield Sample(script, text, observed(picture), observed(turned) if made % 4 == 0 else None)
        print(f"{script}: {made} lines, {len(usable)} fonts", flush=True)


# --- training --------------------------------------------------------------------------------------------------

CHOSEN, HIDDEN, EPOCHS, BATCH, DROPPED, DECAY, SMOOTHED = 2000, 64, 150, 128, 0.25, 1e-3, 0.05


def choose(lines: Sequence[Sample], scripts: Sequence[str]) -> NDArray[np.int64]:
    """Characters that have most of the ink of any script."""
    means = [
        np.mean([np.sqrt(n.observed[0]) for n in lines if n.script == s], axis=0, dtype=float)
        for s in scripts
    ]
    return np.sort(np.argsort(-np.max(means, axis=0))[:CHOSEN]) + 1


def table(observed: Sequence[Observed], chosen: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.array(
        [features(forced.astype(np.float32), whole, chosen) for forced, whole in observed], np.float64
    )


def train(lines: Sequence[Sample], groups: NDArray[np.int64]) -> ScriptModel:
    scripts = tuple(s for s in LANGUAGES if any(n.script == s for n in lines))
    chosen = choose(lines, scripts)
    raw = table([n.observed for n in lines], chosen)
    mean, deviation = raw.mean(axis=0), raw.std(axis=0) + 0.01
    inputs = (raw - mean) / deviation
    targets = np.eye(len(scripts))[[scripts.index(n.script) for n in lines]]
    hidden, hidden_bias, output, output_bias = fit(inputs, targets * (1 - SMOOTHED) + SMOOTHED / len(scripts))
    both_ways = [n for n in lines if n.upside_down is not None]
    up = table([n.observed for n in both_ways], chosen)
    down = table([n.upside_down for n in both_ways if n.upside_down is not None], chosen)
    parts = {
        "mean": mean,
        "deviation": deviation,
        "hidden": hidden,
        "hidden_bias": hidden_bias,
        "output": output,
        "output_bias": output_bias,
        "upright": fit_difference((up - down) / deviation),
    }
    return ScriptModel(
        scripts, chosen, groups, **{part: array.astype(np.float32) for part, array in parts.items()}
    )


def fit(inputs: Floats64, targets: Floats64) -> list[Floats64]:
    """Softmax network of one hidden layer, by Adam with dropout and weight decay."""
    rng = np.random.default_rng(0)
    width, kinds = inputs.shape[1], targets.shape[1]
    layers = [
        rng.normal(0, np.sqrt(2 / width), (width, HIDDEN)),
        np.zeros(HIDDEN),
        rng.normal(0, np.sqrt(1 / HIDDEN), (HIDDEN, kinds)),
        np.zeros(kinds),
    ]
    adam = Adam(layers)
    for epoch in range(EPOCHS):
        order = rng.permutation(len(inputs))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            seen = inputs[batch] * (rng.random((len(batch), width)) > DROPPED) / (1 - DROPPED)
            middle = np.maximum(seen @ layers[0] + layers[1], 0)
            kept = (rng.random(middle.shape) > DROPPED) / (1 - DROPPED)
            logits = middle * kept @ layers[2] + layers[3]
            powers = np.exp(logits - logits.max(axis=1, keepdims=True))
            slope = (powers / powers.sum(axis=1, keepdims=True) - targets[batch]) / len(batch)
            back = slope @ layers[2].T * kept * (middle > 0)
            gradients = [seen.T @ back, back.sum(axis=0), (middle * kept).T @ slope, slope.sum(axis=0)]
            adam.step(gradients, 0.004 * (1 - epoch / EPOCHS) + 1e-4)
    return layers


class Adam:
    def __init__(self, layers: list[Floats64]) -> None:
        self.layers = layers
        self.means = [np.zeros_like(layer) for layer in layers]
        self.squares = [np.zeros_like(layer) for layer in layers]
        self.steps = 0

    def step(self, gradients: Sequence[Floats64], rate: float) -> None:
        self.steps += 1
        for layer, gradient, mean, square in zip(
            self.layers, gradients, self.means, self.squares, strict=True
        ):
            mean += 0.1 * (gradient - mean)
            square += 0.001 * (gradient**2 - square)
            move = (mean / (1 - 0.9**self.steps)) / (np.sqrt(square / (1 - 0.999**self.steps)) + 1e-8)
            layer -= rate * (move + (DECAY * layer if layer.ndim > 1 else 0))


def fit_difference(differences: Floats64) -> Floats64:
    """Weights with which (upright - upside down) comes out positive: logistic regression without a bias."""
    layers = [np.zeros(differences.shape[1])]
    adam = Adam(layers)
    for step in range(400):
        slope = -1 / (1 + np.exp(differences @ layers[0])) / len(differences)
        adam.step([differences.T @ slope + 0.002 * layers[0]], 0.01 * (1 - step / 400) + 1e-4)
    return layers[0]


# --- how good it is --------------------------------------------------------------------------------------------


def report(model: ScriptModel, lines: Sequence[Sample], title: str) -> None:
    rows = table([n.observed for n in lines], model.chosen).astype(np.float32)
    best = model.probabilities(list(rows)).argmax(axis=1)
    right = np.array([model.classes[b] == n.script for b, n in zip(best, lines, strict=True)])
    print(f"{title}: {len(lines)} lines, script right {right.mean():.1%}")
    both = [n for n in lines if n.upside_down is not None]
    up = model.uprightness(list(table([n.observed for n in both], model.chosen)))
    down = model.uprightness(
        list(table([n.upside_down for n in both if n.upside_down is not None], model.chosen))
    )
    print(f"{title}: upright told from upside down {np.mean(up > down):.1%} by one line")
    print("script        right | said unreadable, of pages of 1, 3, 6, 12 lines | named right of 6")
    rng = np.random.default_rng(1)
    for script in model.classes:
        own = [index for index, n in enumerate(lines) if n.script == script]
        if not own:
            continue
        shares, named = [], 0.0
        for size in (1, 3, 6, 12):
            pages = [rng.choice(own, size) for _ in range(400)]
            said = [
                page_script(list(rows[p]), [len(lines[i].text) / 2 for i in p], model).unreadable
                for p in pages
            ]
            shares.append(f"{np.mean([s is not None for s in said]):7.1%}")
            named = float(np.mean([s == script for s in said])) if size == 6 else named
        wanted = "0 %" if script in READABLE else "100 %"
        print(
            f"{script:12s} {right[own].mean():6.1%} | {' '.join(shares)}  (wanted {wanted:>5s}) | {named:6.1%}"
        )


def save(model: ScriptModel) -> None:
    np.savez_compressed(
        TARGET,
        classes=np.array(model.classes),
        chosen=model.chosen.astype(np.uint16),
        groups=model.groups.astype(np.uint8),
        **{
            part: getattr(model, part).astype(np.float16)
            for part in ("mean", "deviation", "hidden", "hidden_bias", "output", "output_bias", "upright")
        },
    )
    print(f"{TARGET}: {TARGET.stat().st_size / 1000:.0f} kB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--held-out", type=Path, help="folder of fonts to measure with")
    parser.add_argument("--lines", type=int, default=110, help="lines per script")
    options = parser.parse_args()
    weights = Weights()
    groups = np.array([0, *map(group_of, weights.characters[1:])])

    def observed(picture: Picture) -> Observed:
        ((forced, whole),) = (
            observe(posteriors, line, groups) for _, posteriors, line in weights.seen([picture])
        )
        return forced.astype(np.float16), whole

    lines = list(samples(system_fonts(), options.lines, 11, observed))
    model = train(lines, groups)
    save(model)
    report(model, lines, "trained on")
    if options.held_out is not None:
        unseen = list(samples(folder_fonts(options.held_out), max(options.lines // 3, 20), 22, observed))
        report(model, unseen, "fonts never seen")


if __name__ == "__main__":
    main()
