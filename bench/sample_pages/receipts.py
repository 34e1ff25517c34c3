"""A taxi receipt of an invented firm in an invented town, as a telephone's camera sees it."""

from .canvas import Sheet
from .faces import font
from .fields import pair
from .photograph import photographed

FIELDS = {
    "发票代码": "153002412045",
    "发票号码": "08371526",
    "单位": "云岭捷行出租汽车公司",
    "电话": "0870-5550123",
    "车号": "云AT5183",
    "证号": "205518",
    "日期": "2025-11-08",
    "上车": "14:21",
    "下车": "14:47",
    "单价": "2.30元",
    "里程": "11.6公里",
    "等候": "00:03:20",
    "金额": "32.40元",
}
ASKED_FOR = ("发票代码", "发票号码", "车号", "日期", "上车", "下车", "单价", "里程", "等候", "金额")


def taxi_receipt() -> Sheet:
    """The flat slip: 640 × 1180 px, grey."""
    sheet = Sheet.blank((640, 1180))
    sheet.ink = 40
    sheet.text((320, 92), "云岭市出租汽车发票", font("zh", 44, bold=True), anchor="ms")
    sheet.text((320, 152), "发票联", font("zh", 32), anchor="ms")
    sheet.rule(50, 184, 590, 184, width=3)
    plain = font("zh", 34)
    y = 250
    for label, value in FIELDS.items():
        weight = font("zh", 36, bold=True) if label == "金额" else plain
        pair(sheet, (60, y), label, value, weight, colon="：")
        y += 62
    sheet.rule(50, y - 30, 590, y - 30, width=3)
    sheet.text((320, y + 32), "样票，仅供识别测试", font("zh", 30), anchor="ms")
    sheet.extracted = {label: value for label, value in FIELDS.items() if label in ASKED_FOR}
    return sheet


def photographed_taxi_receipt() -> Sheet:
    """1000 × 1400 px in colour; boxes are quads."""
    corners = ((168.0, 74.0), (846.0, 112.0), (868.0, 1318.0), (118.0, 1292.0))
    return photographed(taxi_receipt(), (1000, 1400), corners, seed=20251108)
