"""Transparency: what lies under a picture that one can see through is chosen so that its writing stands out."""

from PIL import Image, ImageChops

from qwenocr_assets.imaging.page_image import Change

_MOST_SAMPLES = 1_000_000
_BLOCK_PX = 8
"""Writing on a transparent ground has both in blocks of this size; writing on paper that is cut out does not."""
_VISIBLE = 128
"""Alpha from which a pixel counts as ink."""
_FAINT = 64
"""Levels of grey, of 255, that ink and ground have to differ by."""
_LEAST_LOST = 0.005
"""Share of the ink beside transparency that may vanish in white before another ground is tried."""
_MOST_OUTER = 0.1
"""Share of the ink that is beside transparency where a sheet of paper is cut out; of letters it is more."""
_LEAST_WRITING = 0.002
"""Share of such a sheet that stands out of white: without, it is no paper but large pale letters."""
_GROUNDS = {"white": 255, "black": 0, "grey": 128, "dark grey": 64, "light grey": 192}
"""In the order they are preferred: paper is white, and screens are black."""


def has_transparency(image: Image.Image) -> bool:
    """Whether the picture has an alpha channel or a transparent colour."""
    return image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info


def flattened(image: Image.Image) -> tuple[Image.Image, Change]:
    """A picture that `has_transparency` in mode L or RGB, and what was put under it."""
    colours, alpha = _split(image)
    change = {"step": "flatten", "from_mode": image.mode}
    if alpha.getextrema() in (
        (255, 255),
        (0, 0),
    ):  # all clear: nobody makes an empty picture, so it is no alpha
        return colours, {**change, "background": "none"}
    name = _ground(_sampled(colours).convert("L"), _sampled(alpha))
    level = _GROUNDS[name]
    below = Image.new(colours.mode, colours.size, level if colours.mode == "L" else (level,) * 3)
    below.paste(colours, mask=alpha)
    return below, {**change, "background": name}


def _sampled(band: Image.Image) -> Image.Image:
    """A picture with few enough of its pixels that looking at them costs little."""
    share = (_MOST_SAMPLES / (band.width * band.height)) ** 0.5
    if share >= 1:
        return band
    size = (max(1, round(band.width * share)), max(1, round(band.height * share)))
    return band.resize(size, Image.Resampling.NEAREST)


def _split(image: Image.Image) -> tuple[Image.Image, Image.Image]:
    """Colours (mode L or RGB) and alpha (mode L) of a picture."""
    if image.mode in ("L", "1", "LA", "La"):
        colours, alpha = image.convert("LA").split()
        return colours, alpha
    rgba = image.convert("RGBA")
    return rgba.convert("RGB"), rgba.getchannel("A")


def _ground(grey: Image.Image, alpha: Image.Image) -> str:
    """The ground in which the least ink vanishes."""
    blocks = alpha.reduce(_BLOCK_PX).point([255 if 4 <= value < 252 else 0 for value in range(256)])
    beside = blocks.resize(
        (blocks.width * _BLOCK_PX, blocks.height * _BLOCK_PX), Image.Resampling.NEAREST
    ).crop((0, 0, *alpha.size))
    visible = alpha.point([255 if value >= _VISIBLE else 0 for value in range(256)])
    all_ink, outer_ink = grey.histogram(visible), grey.histogram(ImageChops.darker(beside, visible))

    def lost(name: str) -> float:
        """Share of the outer ink that hardly differs from a ground."""
        return _near(outer_ink, _GROUNDS[name]) / max(sum(outer_ink), 1)

    is_paper = sum(outer_ink) <= _MOST_OUTER * sum(all_ink) and sum(all_ink) - _near(
        all_ink, 255
    ) >= _LEAST_WRITING * sum(all_ink)
    if is_paper or lost("white") <= _LEAST_LOST:
        return "white"
    return min(_GROUNDS, key=lost)


def _near(counts: list[int], level: int) -> int:
    return sum(counts[max(level - _FAINT + 1, 0) : level + _FAINT])
