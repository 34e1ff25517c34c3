"""A train ticket of our own design with invented stations, train and passenger; it says that it is a specimen."""

import math
import random

from PIL import Image

from .canvas import Sheet
from .faces import font
from .fields import pair

SIZE = (1100, 660)
PAPER, EDGE, WAVE, INK, BAR = (233, 241, 249), (120, 150, 185), (214, 227, 241), (28, 32, 44), (38, 84, 140)


def train_ticket() -> Sheet:
    """1100 × 660 px in colour; every field has its label printed before it."""
    sheet = Sheet.blank(SIZE, colour=True)
    sheet.ink = INK
    _paper(sheet)
    small, plain = font("zh", 25), font("zh", 30)
    bold, big = font("zh", 30, bold=True), font("zh", 44, bold=True)

    sheet.text((70, 85), "铁路车票", font("zh", 36, bold=True), anchor="ls", ink="white")
    sheet.text((1030, 83), "样票", plain, anchor="rs", ink="white")
    pair(sheet, (70, 172), "票号", "C083512746", small, bold, colon="：")
    pair(sheet, (720, 172), "日期", "2025-11-08", small, bold, colon="：")

    pair(sheet, (70, 266), "出发站", "青川北", small, big, colon="：")
    pair(sheet, (445, 266), "车次", "G3172", small, big, colon="：")
    pair(sheet, (720, 266), "到达站", "云岭南", small, big, colon="：")
    sheet.rule(70, 304, 1030, 304, width=2)

    pair(sheet, (70, 368), "座位号", "07车12F号", small, bold, colon="：")
    pair(sheet, (445, 368), "席别类型", "二等座", small, bold, colon="：")
    pair(sheet, (70, 436), "票价", "￥183.50元", small, bold, colon="：")
    pair(sheet, (70, 504), "购票人姓名", "林晓雨", small, bold, colon="：")
    pair(sheet, (70, 572), "身份证号", "4107281991****5515", small, bold, colon="：")
    _square_code(sheet, (850, 352), 6)
    sheet.text((1030, 572), "仅供识别测试，不作乘车凭证", font("zh", 20), anchor="rs")
    sheet.extracted = dict(sheet.key_values)
    return sheet


def few_colours(image: Image.Image, count: int = 32) -> Image.Image:
    """The same picture in a palette of `count` colours."""
    return image.quantize(count, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)


def _paper(sheet: Sheet) -> None:
    width, height = SIZE
    sheet.draw.rounded_rectangle((20, 20, width - 20, height - 20), 26, fill=PAPER, outline=EDGE, width=3)
    for start in range(130, height - 40, 22):
        wave = [(x, start + 9 * math.sin(x / 58 + start / 40)) for x in range(30, width - 29, 6)]
        sheet.draw.line(wave, fill=WAVE, width=2)
    sheet.draw.rounded_rectangle((22, 22, width - 22, 112), 24, fill=BAR)
    sheet.draw.rectangle((22, 80, width - 22, 112), fill=BAR)


def _square_code(sheet: Sheet, corner: tuple[int, int], module: int) -> None:
    """Something that looks like a two-dimensional code and means nothing."""
    dice = random.Random(3172)
    side = 29
    x, y = corner
    sheet.draw.rectangle((x - 6, y - 6, x + side * module + 5, y + side * module + 5), fill="white")

    def square(column: int, row: int, size: int, fill: object) -> None:
        left, top = x + column * module, y + row * module
        sheet.draw.rectangle((left, top, left + size * module - 1, top + size * module - 1), fill=fill)

    for row in range(side):
        for column in range(side):
            if dice.random() < 0.48:
                square(column, row, 1, INK)
    for column, row in ((0, 0), (side - 7, 0), (0, side - 7)):
        for inset, fill in ((-1, "white"), (0, INK), (1, "white"), (2, INK)):
            square(column + inset, row + inset, 7 - 2 * inset, fill)
