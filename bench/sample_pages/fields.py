"""What tickets and receipts are made of: labels with their values."""

from .canvas import Sheet, plain
from .faces import Type


def pair(
    sheet: Sheet,
    xy: tuple[int, int],
    label: str,
    value: str,
    type_: Type,
    value_type: Type | None = None,
    *,
    colon: str = ": ",
    rtl: bool = False,
) -> int:
    """Draws "label: value" as one line on the baseline at `xy` and notes the key; returns where it ends, x in px.

    Leftmost point of the line in `xy`, or rightmost if `rtl` (then the line is in one type: `value_type` is
    for lines from left to right).
    """
    sheet.key_values[label] = value
    if rtl or value_type is None:
        box = sheet.text(xy, f"{label}{colon}{value}", type_, anchor="rs" if rtl else "ls", rtl=rtl)
        return box[0] if rtl else box[2]
    x, y = xy
    sheet.text(xy, f"{label}{colon}", type_, anchor="ls")
    sheet.text((x + type_.width_px(f"{label}{colon}"), y), value, value_type, anchor="ls")
    right, left = sheet.lines.pop()["bbox"], sheet.lines.pop()["bbox"]
    box = [left[0], min(left[1], right[1]), right[2], max(left[3], right[3])]
    sheet.lines.append({"text": plain(f"{label}{colon}{value}"), "bbox": box})
    return box[2]
