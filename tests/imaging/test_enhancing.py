"""Enhancement: each step does what its name says, says so, and leaves alone what needs nothing."""

import io
from typing import get_args

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageStat

from qwenocr_assets.imaging.coordinates import original_point
from qwenocr_assets.imaging.enhancing import STEPS, enhance
from qwenocr_assets.imaging.page_image import PageImage
from qwenocr_assets.imaging.pages import pages_of_document
from qwenocr_assets.imaging.recipe import Recipe
from qwenocr_assets.intake.media_types import MediaType
from qwenocr_assets.intake.routes import EnhanceStep

TEXT = "The quick brown fox jumps over the lazy dog while judges pack boxes of quartz."


def text_page(mode: str = "L") -> Image.Image:
    image = Image.new("L", (1000, 800), 255)
    font = ImageFont.load_default(size=22)
    for row in range(18):
        line = (TEXT + " " + TEXT)[7 * row % len(TEXT) :][:72]  # no two lines alike, as on real pages
        ImageDraw.Draw(image).text((70, 60 + 38 * row), line, 0, font)
    return image.convert(mode)


def difference(a: Image.Image, b: Image.Image) -> float:
    return max(ImageStat.Stat(ImageChops.difference(a, b)).mean)


def changed(image: Image.Image, *steps: str) -> tuple[Image.Image, dict]:
    result, changes, _ = enhance(image, steps)
    assert [change["step"] for change in changes] == list(steps)
    return result, dict(changes[-1])


def test_routes_know_the_same_steps():
    assert list(get_args(EnhanceStep)) == list(STEPS)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_every_step_takes_every_mode(step, mode):
    result, _, _ = enhance(text_page(mode), [step])
    assert result.mode in ("1", "L", "RGB")
    again, _, _ = enhance(text_page(mode), [step])
    assert result.tobytes() == again.tobytes()


@pytest.mark.parametrize("degrees", [-4.3, -1.0, 0.6, 3.7])
def test_a_skewed_page_is_set_straight(degrees):
    skewed = text_page().rotate(degrees, Image.Resampling.BICUBIC, fillcolor=255)
    _, change = changed(skewed, "deskew")
    assert change["degrees"] == pytest.approx(-degrees, abs=0.15)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_page_is_set_upright(turns):
    page = text_page()
    lying = page.rotate(90 * turns, expand=True)
    upright, change = changed(lying, "orientation")
    assert change["degrees"] % 360 == (-90 * turns) % 360
    assert upright.size == page.size
    assert difference(upright, page) < 5


@pytest.mark.parametrize("step", ["deskew", "orientation", "greyscale"])
@pytest.mark.parametrize("image", [text_page(), Image.new("L", (300, 300), 255)], ids=["upright", "blank"])
def test_what_needs_nothing_is_left_alone(step, image):
    result, changes, _ = enhance(image, [step])
    assert result is image
    assert changes == ()


def shaded(image: Image.Image) -> Image.Image:
    """The page under a lamp: from 90 to 220 of 255 across it."""
    light = Image.linear_gradient("L").rotate(90).resize(image.size).point(lambda value: 90 + value // 2)
    return ImageChops.multiply(image, light)


def paper(image: Image.Image) -> tuple[int, int]:
    """How bright the paper is at the page's left and right margin."""
    return image.getpixel((20, 20)), image.getpixel((980, 780))


def test_shaded_paper_becomes_white():
    page = shaded(text_page())
    assert abs(paper(page)[0] - paper(page)[1]) > 60
    whitened, _ = changed(page, "whiten")
    assert min(paper(whitened)) > 240
    assert difference(whitened, text_page()) < 0.1 * difference(page, text_page())


@pytest.mark.parametrize(("step", "better"), [("denoise_median", 0.3), ("denoise_mean", 0.75)])
def test_noise_goes_away(step, better):
    page = text_page().point(lambda value: 210 if value > 128 else 20)
    noise = Image.effect_noise(page.size, 60)
    noisy = Image.composite(Image.new("L", page.size), page, noise.point(lambda value: 255 * (value > 250)))
    area = (0, 0, 1000, 50)  # the margin, where there is nothing but paper

    def roughness(image: Image.Image) -> float:
        return ImageStat.Stat(image.crop(area)).stddev[0]

    result, _ = changed(noisy, step)
    assert roughness(result) < better * roughness(noisy)


def test_faint_print_gains_contrast():
    faint = text_page().point(lambda value: 150 + value // 8)
    for step in ("contrast", "equalise"):
        result, _ = changed(faint, step)
        assert ImageStat.Stat(result).stddev[0] > 1.5 * ImageStat.Stat(faint).stddev[0]


def test_a_chain_is_recorded_on_the_page_and_leads_back(encoded):
    page = text_page("RGB")
    ImageDraw.Draw(page).ellipse((888, 688, 912, 712), fill="black")
    lying = page.rotate(3, Image.Resampling.BICUBIC, fillcolor="white").rotate(90, expand=True)
    content = encoded(lying, "PNG")
    steps = ("orientation", "deskew", "greyscale", "contrast")
    (made,) = pages_of_document(content, MediaType.PNG, Recipe(enhance=steps))
    assert isinstance(made, PageImage)
    assert [change["step"] for change in made.changes] == list(steps)
    assert made.origin == "converted"
    straight = Image.open(io.BytesIO(made.content))
    assert straight.mode == "L"
    # the dot, found where the way back says it was
    darkest = max(
        (
            (x, y)
            for x in range(0, straight.width - 24, 4)
            for y in range(straight.height - 200, straight.height - 24, 4)
        ),
        key=lambda at: -ImageStat.Stat(straight.crop((*at, at[0] + 24, at[1] + 24))).mean[0],
    )
    x, y = original_point(made.to_original, darkest[0] + 12, darkest[1] + 12)
    around = lying.convert("L").crop((int(x) - 4, int(y) - 4, int(x) + 4, int(y) + 4))
    assert ImageStat.Stat(around).mean[0] < 60


def test_without_steps_nothing_is_touched(encoded):
    content = encoded(text_page(), "PNG")
    (made,) = pages_of_document(content, MediaType.PNG, Recipe(enhance=()))
    assert made.content == content
