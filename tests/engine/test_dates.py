"""Days as they are printed, cut out of what stands around them."""

import pytest

from qwenocr_assets.engine.understanding.dates import day_parts, days_in


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Date: 25/12/2018 12:31:00", ["25/12/2018"]),
        ("05 Mar 2018 18:24", ["05 Mar 2018"]),
        ("5. März 2024, 9 Uhr", ["5. März 2024"]),
        ("25May2017 09:41am", ["25May2017"]),
        ("March 5, 2024", ["March 5, 2024"]),
        ("5 de marzo de 2024", ["5 de marzo de 2024"]),
        ("2013年06月29日08:20开", ["2013年06月29日"]),
        ("29-01-18 20:38 SH01", ["29-01-18"]),
        ("No. A-17(06/12/2016)", ["06/12/2016"]),
        ("MG12/3-32/ - 36/360", []),
        ("Tel 03-55423228", []),
        ("10.50 12.30", []),
        ("40/50/60", []),
        ("", []),
    ],
)
def test_days(text: str, days: list[str]) -> None:
    assert days_in(text) == days


def test_a_day_is_the_same_with_other_signs() -> None:
    assert day_parts("29-03-2018") == day_parts("29/3/2018") != day_parts("3/29/2018")
    assert day_parts("05 Mar 2018") == day_parts("5 March 2018")
