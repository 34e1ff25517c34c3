"""Invoices in English and Japanese, and a small Arabic one."""

from typing import Any

from .canvas import Sheet, points
from .faces import font
from .grid import Cell, Look, draw_table

WIDTH_PX = 1240
MARGIN_PX = 110


def header_row(names: list[str], aligns: list[str]) -> list[Cell]:
    return [Cell(name, header=True, align=align) for name, align in zip(names, aligns, strict=True)]


def body_rows(rows: list[list[str]], aligns: list[str]) -> list[list[Cell]]:
    return [[Cell(text, align=align) for text, align in zip(row, aligns, strict=True)] for row in rows]


def records(names: list[str], rows: list[list[str]]) -> list[dict[str, str]]:
    return [dict(zip(names, row, strict=True)) for row in rows]


def acme() -> Sheet:
    sheet = Sheet.blank()
    regular, bold = font("sans", points(10.5)), font("sans", points(10.5), True)
    right = WIDTH_PX - MARGIN_PX
    sheet.text((MARGIN_PX, 100), "Acme Tools & Supply Co.", font("sans", points(17), True))
    for n, line in enumerate(
        ("4810 Foundry Avenue, Suite 6", "Portland, OR 97210", "billing@acme.example  (503) 555-0142")
    ):
        sheet.text((MARGIN_PX, 152 + n * 34), line, regular)
    sheet.text((right, 96), "INVOICE", font("sans", points(25), True), anchor="ra")

    facts = {
        "Invoice number": "INV-2025-10482",
        "Invoice date": "14 November 2025",
        "Due date": "14 December 2025",
        "Order number": "PO-88213",
    }
    for n, (key, value) in enumerate(facts.items()):
        sheet.text((700, 300 + n * 42), f"{key}:", bold)
        sheet.text((930, 300 + n * 42), value, regular)
    customer = ["Brightwater Marina LLC", "Attn. Dolores Quimby", "77 Wharf Street", "Astoria, OR 97103"]
    sheet.text((MARGIN_PX, 300), "Bill to:", bold)
    for n, line in enumerate(customer):
        sheet.text((MARGIN_PX, 342 + n * 36), line, regular)

    names, aligns = ["Description", "Quantity", "Unit price", "Amount"], ["left", "right", "right", "right"]
    items = [
        ["Stainless deck bolts, M10, box of 50", "6", "$38.40", "$230.40"],
        ["Marine rope, 12 mm, per metre", "150", "$1.85", "$277.50"],
        ["Cordless impact driver, 18 V", "2", "$189.00", "$378.00"],
        ["Epoxy filler, two-part, 1 kg", "9", "$24.75", "$222.75"],
        ["Safety harness, size L", "3", "$112.50", "$337.50"],
        ["Delivery to dock 4", "1", "$65.00", "$65.00"],
    ]
    look = Look(regular, bold, points(10.5), 52, header_shade=225)
    bottom = draw_table(
        sheet,
        (MARGIN_PX, 540),
        [560, 130, 160, 170],
        [header_row(names, aligns), *body_rows(items, aligns)],
        look,
    )
    sums = {"Subtotal": "$1,511.15", "Sales tax (8.25%)": "$124.67", "Total": "$1,635.82"}
    for n, (key, value) in enumerate(sums.items()):
        type_ = bold if key == "Total" else regular
        sheet.text((right - 200, bottom + 40 + n * 44), key, type_, anchor="ra")
        sheet.text((right - 12, bottom + 40 + n * 44), value, type_, anchor="ra")
    sheet.rule(right - 420, bottom + 122, right, bottom + 122)
    for n, line in enumerate(
        (
            "Please pay within 30 days by bank transfer to account 0042-771935, routing 123006800.",
            "Goods remain the property of Acme until paid in full. Returns within 14 days, unopened.",
            "Thank you for your business!",
        )
    ):
        sheet.text((MARGIN_PX, 1260 + n * 44), line, regular)
    sheet.key_values = {**facts, "Bill to": ", ".join(customer), "items": records(names, items), **sums}
    sheet.extracted = {
        "invoice_number": "INV-2025-10482",
        "invoice_date": "2025-11-14",
        "due_date": "2025-12-14",
        "order_number": "PO-88213",
        "seller": "Acme Tools & Supply Co.",
        "customer": "Brightwater Marina LLC",
        "items": extracted_items(items),
        "subtotal": "$1,511.15",
        "tax": "$124.67",
        "total": "$1,635.82",
    }
    return sheet


def extracted_items(rows: list[list[str]]) -> list[dict[str, Any]]:
    return records(["description", "quantity", "unit_price", "amount"], rows)


def japanese() -> Sheet:
    sheet = Sheet.blank()
    regular, bold = font("ja", points(10.5)), font("ja", points(10.5), True)
    right = WIDTH_PX - MARGIN_PX
    sheet.text((WIDTH_PX / 2, 90), "請求書", font("ja", points(24), True), anchor="ma")
    sheet.text((MARGIN_PX, 200), "東雲建設株式会社　御中", font("ja", points(14), True))
    facts = {
        "請求書番号": "SK-2025-1107",
        "請求日": "2025年11月28日",
        "支払期限": "2025年12月31日",
        "注文番号": "TK-5519",
    }
    for n, (key, value) in enumerate(facts.items()):
        sheet.text((720, 200 + n * 42), f"{key}：{value}", regular)
    seller = ["株式会社さくら機材", "〒460-0008 名古屋市中区栄3丁目15番8号", "登録番号：T7180001094623"]
    for n, line in enumerate(seller):
        sheet.text((720, 400 + n * 40), line, bold if n == 0 else regular)
    sheet.text((MARGIN_PX, 300), "下記のとおりご請求申し上げます。", regular)
    sheet.text((MARGIN_PX, 400), "ご請求金額", bold)
    sheet.text((MARGIN_PX + 180, 388), "¥371,690", font("ja", points(17), True))
    sheet.rule(MARGIN_PX, 448, 560, 448)

    names, aligns = ["品名", "数量", "単価", "金額"], ["left", "right", "right", "right"]
    items = [
        ["油圧ショベル賃貸料（5日間）", "1", "165,000", "165,000"],
        ["仮設トイレ", "3", "18,500", "55,500"],
        ["足場用単管パイプ　4m", "120", "640", "76,800"],
        ["防音シート　白", "25", "1,240", "31,000"],
        ["回送運賃", "2", "4,800", "9,600"],
    ]
    bottom = draw_table(
        sheet,
        (MARGIN_PX, 580),
        [520, 140, 170, 190],
        [header_row(names, ["center"] * 4), *body_rows(items, aligns)],
        Look(regular, bold, points(10.5), 56, header_shade=228),
    )
    sums = {"小計": "¥337,900", "消費税（10%）": "¥33,790", "合計": "¥371,690"}
    for n, (key, value) in enumerate(sums.items()):
        sheet.text((right - 200, bottom + 36 + n * 46), key, bold, anchor="ra")
        sheet.text((right - 12, bottom + 36 + n * 46), value, bold, anchor="ra")
    for n, line in enumerate(
        (
            "お振込先：あおぞら信用金庫　栄支店　普通　0387214　カ）サクラキザイ",
            "恐れ入りますが、振込手数料はお客様にてご負担くださいますようお願いいたします。",
            "担当：小野寺　電話：052-241-6630",
        )
    ):
        sheet.text((MARGIN_PX, 1180 + n * 48), line, regular)
    sheet.key_values = {**facts, "ご請求金額": "¥371,690", "items": records(names, items), **sums}
    sheet.extracted = {
        "invoice_number": "SK-2025-1107",
        "invoice_date": "2025-11-28",
        "due_date": "2025-12-31",
        "order_number": "TK-5519",
        "seller": "株式会社さくら機材",
        "customer": "東雲建設株式会社",
        "items": extracted_items([[" ".join(row[0].split()), *row[1:]] for row in items]),
        "subtotal": "¥337,900",
        "tax": "¥33,790",
        "total": "¥371,690",
    }
    return sheet


def arabic() -> Sheet:
    sheet = Sheet.blank((1000, 900))
    regular, bold = font("naskh", points(12)), font("naskh", points(12), True)
    right = 930
    sheet.text((right, 50), "مكتبة القلم الذهبي", font("naskh", points(18), True), anchor="ra", rtl=True)
    sheet.text((70, 50), "فاتورة", font("naskh", points(22), True), rtl=True)
    facts = {
        "رقم الفاتورة": "5107",
        "تاريخ الفاتورة": "2025/10/06",
        "اسم العميل": "مدرسة الأمل الابتدائية",
        "العنوان": "شارع الزيتون، إربد",
    }
    for n, (key, value) in enumerate(facts.items()):
        sheet.text((right, 150 + n * 48), f"{key}: {value}", regular, anchor="ra", rtl=True)
    names, aligns = ["الصنف", "الكمية", "السعر", "المبلغ"], ["right", "center", "center", "center"]
    items = [
        ["دفتر مدرسي كبير", "40", "0.75", "30.00"],
        ["قلم حبر أزرق", "60", "0.40", "24.00"],
        ["علبة ألوان خشبية", "15", "3.20", "48.00"],
        ["سبورة بيضاء", "2", "27.50", "55.00"],
    ]
    bottom = draw_table(
        sheet,
        (70, 370),
        [380, 150, 160, 170],
        [header_row(names, ["center"] * 4), *body_rows(items, aligns)],
        Look(regular, bold, points(12), 60, rtl=True, header_shade=228),
    )
    total = {"المجموع": "157.00 دينار"}
    sheet.text((right, bottom + 36), "المجموع: 157.00 دينار", bold, anchor="ra", rtl=True)
    sheet.text((right, bottom + 92), "شكرًا لتعاملكم معنا", regular, anchor="ra", rtl=True)
    sheet.key_values = {**facts, "items": records(names, items), **total}
    sheet.extracted = {
        "invoice_number": "5107",
        "invoice_date": "2025-10-06",
        "due_date": None,
        "order_number": None,
        "seller": "مكتبة القلم الذهبي",
        "customer": "مدرسة الأمل الابتدائية",
        "items": extracted_items(items),
        "subtotal": None,
        "tax": None,
        "total": "157.00 دينار",
    }
    return sheet
