"""Pages that are mostly a table: with borders, without, with merged cells, and a long one."""

from .canvas import Sheet, points
from .faces import font
from .grid import Cell, Look, draw_table
from .invoices import body_rows, header_row


def bordered() -> Sheet:
    sheet = Sheet.blank((1240, 900))
    regular, bold = font("sans", points(10.5)), font("sans", points(10.5), True)
    sheet.text((110, 90), "Harbour crane inspections, spring 2025", font("sans", points(15), True))
    names = ["Crane", "Inspector", "Date", "Load (t)", "Result"]
    aligns = ["left", "left", "center", "right", "left"]
    rows = [
        ["K-01 Nordkai", "A. Lindqvist", "2025-03-04", "12.5", "passed"],
        ["K-02 Nordkai", "A. Lindqvist", "2025-03-04", "12.5", "passed"],
        ["K-07 Timber quay", "R. Okafor", "2025-03-11", "40.0", "new cable needed"],
        ["K-11 Ferry berth", "M. Castellanos", "2025-03-19", "8.0", "passed"],
        ["K-12 Ferry berth", "M. Castellanos", "2025-03-19", "8.0", "locked, brake worn"],
        ["M-03 Mobile", "R. Okafor", "2025-04-02", "63.0", "passed"],
        ["M-04 Mobile", "J. Petrescu", "2025-04-08", "63.0", "hook replaced"],
    ]
    bottom = draw_table(
        sheet,
        (110, 170),
        [230, 220, 170, 130, 270],
        [header_row(names, aligns), *body_rows(rows, aligns)],
        Look(regular, bold, points(10.5), 56, header_shade=222),
    )
    sheet.text(
        (110, bottom + 40), "Next round: 14 to 18 September. Keep this sheet with the log book.", regular
    )
    return sheet


def borderless() -> Sheet:
    sheet = Sheet.blank((1240, 900))
    regular, bold = font("serif", points(11)), font("serif", points(11), True)
    sheet.text((120, 90), "Passengers by line and quarter (thousands)", font("serif", points(15), True))
    names = ["Line", "Q1", "Q2", "Q3", "Q4", "Year"]
    aligns = ["left", "right", "right", "right", "right", "right"]
    rows = [
        ["Airport Express", "412.6", "455.1", "508.9", "431.0", "1,807.6"],
        ["Riverside", "1,220.4", "1,198.7", "1,043.2", "1,251.8", "4,714.1"],
        ["Old Town loop", "88.3", "140.9", "171.5", "95.7", "496.4"],
        ["University", "734.0", "690.2", "301.8", "758.6", "2,484.6"],
        ["Night bus", "59.1", "71.4", "83.0", "66.2", "279.7"],
        ["Ferry", "17.8", "102.3", "164.4", "31.5", "316.0"],
    ]
    draw_table(
        sheet,
        (120, 170),
        [270, 140, 140, 140, 140, 150],
        [header_row(names, aligns), *body_rows(rows, aligns)],
        Look(regular, bold, points(11), 58, borders="none"),
    )
    return sheet


def merged_cells() -> Sheet:
    sheet = Sheet.blank((1240, 960))
    regular, bold = font("sans", points(10.5)), font("sans", points(10.5), True)
    sheet.text((110, 80), "Energy use by building, 2024 and 2025", font("sans", points(15), True))

    def head(text: str, rows: int = 1, columns: int = 1) -> Cell:
        return Cell(text, rows, columns, header=True, align="center")

    def number(text: str) -> Cell:
        return Cell(text, align="right")

    rows = [
        [head("Site", 2), head("Building", 2), head("Electricity (MWh)", 1, 2), head("Heat (MWh)", 1, 2)],
        [head("2024"), head("2025"), head("2024"), head("2025")],
        [Cell("North campus", 3), Cell("Library"), *map(number, ("318", "296", "540", "512"))],
        [Cell("Laboratory"), *map(number, ("1,074", "1,102", "883", "861"))],
        [Cell("Canteen"), *map(number, ("205", "199", "167", "158"))],
        [Cell("Hospital", 2), Cell("Ward A"), *map(number, ("640", "655", "1,210", "1,187"))],
        [Cell("Ward B"), number("611"), Cell("closed for rebuilding", 1, 3, align="center")],
        [Cell("Depot"), Cell("Garage"), *map(number, ("92", "87", "75", "70"))],
        [Cell("Total", 1, 2, header=True), *map(number, ("2,940", "2,339", "2,875", "2,788"))],
    ]
    draw_table(
        sheet,
        (110, 150),
        [220, 200, 150, 150, 150, 150],
        rows,
        Look(regular, bold, points(10.5), 60, header_shade=226),
    )
    return sheet


def load_table() -> Sheet:
    """30 rows × 6 columns of numbers: a span table for steel beams, computed, not typed."""
    sheet = Sheet.blank()
    regular, bold = font("sans", points(9.5)), font("sans", points(9.5), True)
    sheet.text((110, 70), "Permissible uniform load on beams, kN/m", font("sans", points(14), True))
    names = ["Span (m)", "B 120", "B 160", "B 200", "B 240", "B 300"]
    moduli_cm3 = (53.0, 109.0, 194.0, 324.0, 557.0)
    rows = []
    for step in range(30):
        span_m = 2.0 + 0.25 * step
        # q = 8 · W · f / L², with f = 213.6 N/mm²
        loads = [8 * modulus * 0.2136 / span_m**2 for modulus in moduli_cm3]
        rows.append([f"{span_m:.2f}", *(f"{load:,.2f}" for load in loads)])
    aligns = ["right"] * 6
    bottom = draw_table(
        sheet,
        (110, 130),
        [170] * 6,
        [header_row(names, aligns), *body_rows(rows, aligns)],
        Look(regular, bold, points(9.5), 47, header_shade=230),
    )
    sheet.text((110, bottom + 24), "Self-weight included; lateral restraint assumed.", regular)
    return sheet
