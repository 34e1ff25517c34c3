"""Who a page is from: company, address and addressee among its lines, in several countries' ways."""

import pytest

from qwenocr_assets.engine.understanding.letterhead import Letterhead, company_is_open, letterhead
from tests.engine.written_pages import receipt


@pytest.mark.parametrize(
    ("rows", "head"),
    [
        pytest.param([], Letterhead(), id="blank page"),
        pytest.param(["A0417", "12.30", "---"], Letterhead(), id="numbers only"),
        pytest.param(
            ["Lindqvist Bakery Ltd (481220-K)", "12 Mill Lane,", "Harrow, 40210", "Tel: 020 5550 1234", "Anna"],
            Letterhead("Lindqvist Bakery Ltd", ("12 Mill Lane,", "Harrow, 40210")),
            id="registration number behind the name, address to the telephone",
        ),
        pytest.param(
            ["jane doe", "MORRIS STATIONERY", "(004417-V)", "No. 5, Kiln Road", "50480 Ashby", "GST ID: 000412345678"],
            Letterhead("MORRIS STATIONERY", ("No. 5, Kiln Road", "50480 Ashby")),
            id="the name above a registration number",
        ),
        pytest.param(
            ["Café Noir", "TAX INVOICE", "Owned by", "Noir Holding Ltd (81723-P)"],
            Letterhead("Café Noir"),
            id="the owner under the title is not who it is from",
        ),
        pytest.param(
            ["Bäckerei Huber GmbH", "Lindenstraße 4", "80331 München", "05.03.2024 18:24", "2 x Brezel"],
            Letterhead("Bäckerei Huber GmbH", ("Lindenstraße 4", "80331 München")),
            id="address to the date",
        ),
        pytest.param(
            ["RECEIPT", "Corner Shop", "7 Dock Street", "SIMPLIFIEDTAXINVOICE"],
            Letterhead("Corner Shop", ("7 Dock Street",)),
            id="a title above, and one without its spaces below",
        ),
        pytest.param(
            ["請求書", "東町建設株式会社 御中", "請求日：2024年3月5日", "株式会社みどり機材", "名古屋市中区栄3-1-1",
             "電話：052-5550123", "品名", "数量", "単価"],
            Letterhead("株式会社みどり機材", ("名古屋市中区栄3-1-1",), "東町建設株式会社"),
            id="addressee first",
        ),
        pytest.param(["مكتبة النور", "شارع الورد 5، إربد"], Letterhead("مكتبة النور", ("شارع الورد 5، إربد",)),
                     id="arabic"),
    ],
)  # fmt: skip
def test_letterhead(rows: list[str], head: Letterhead) -> None:
    assert letterhead(receipt(*rows)) == head


@pytest.mark.parametrize(
    ("rows", "is_open"),
    [
        pytest.param([], False, id="blank page"),
        pytest.param(["CORNER GRILL", "7 Dock Street"], True, id="nothing but its place"),
        pytest.param(["Corner Grill Ltd", "7 Dock Street"], False, id="a legal form"),
        pytest.param(["CORNER GRILL", "(004417-V)", "7 Dock Street"], False, id="a registration number"),
    ],
)
def test_whether_another_line_may_be_the_company(rows: list[str], is_open: bool) -> None:
    assert company_is_open(receipt(*rows)) == is_open
