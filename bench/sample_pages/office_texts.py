"""What is written on the office documents, by path below `data/samples/`; all of it is invented."""

from typing import Any

from .office import Office


def _items(names: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> list[dict[str, Any]]:
    return [dict(zip(names, row, strict=True)) for row in rows]


_GROCERIES = (("Oat bread", "2", "7.00"), ("Butter 250 g", "1", "3.20"), ("Pears 1 kg", "1", "4.10"))
_GOODS = (("Hinges, brass", "24"), ("Door handles", "12"), ("Screws, box of 200", "3"))
_ORDERED = (("Copy paper A4", "40", "$4.90", "$196.00"), ("Toner, black", "2", "$71.50", "$143.00"))
_MOVES = (
    ("2 March 2025", "Rent, unit 4", "-$1,250.00"),
    ("7 March 2025", "Salary Northfield Mills", "$3,410.55"),
    ("19 March 2025", "Card payment, Quay Books", "-$38.20"),
)
_RESULTS = (("Haemoglobin", "13.9", "g/dL"), ("Glucose", "5.1", "mmol/L"), ("Ferritin", "88", "ug/L"))
_DISHES = (("Leek soup", "$6.50"), ("Baked trout", "$17.00"), ("Plum tart", "$5.80"))
_RAIN = (
    ("January", "81.2", "14"),
    ("February", "63.7", "11"),
    ("March", "70.4", "12"),
    ("April", "52.9", "9"),
)

OFFICE: dict[str, Office] = {
    "receipts/shop-receipt.png": Office(
        "TAX INVOICE",
        ("Lindqvist Bakery Ltd", "12 Mill Lane,", "Harrow, 40210", "Tel: 020 5550 1234"),
        {"Receipt number": "R-20418", "Date": "25 May 2025", "Cashier": "Ines"},
        {"company": "Lindqvist Bakery Ltd", "address": "12 Mill Lane, Harrow, 40210", "date": "2025-05-25",
         "receipt_number": "R-20418", "items": _items(("description", "quantity", "amount"), _GROCERIES),
         "subtotal": "$14.30", "tax": "$0.86", "total": "$15.16"},
        ("Item", "Qty", "Amount"), _GROCERIES, (420, 160, 200),
        {"Subtotal": "$14.30", "Sales tax (6%)": "$0.86", "Total": "$15.16", "Cash": "$20.00", "Change": "$4.84"},
        ("Thank you!",), (1000, 1240),
    ),
    "office/delivery-note.png": Office(
        "Delivery note",
        ("Hallam Ironmongery Ltd", "3 Forge Street,", "Dunmore, 6120"),
        {"Delivery note number": "DN-7731", "Delivery date": "4 June 2025", "Order number": "PO-1190",
         "Customer": "Rowan Joinery"},
        {"delivery_note_number": "DN-7731", "delivery_date": "2025-06-04", "order_number": "PO-1190",
         "seller": "Hallam Ironmongery Ltd", "customer": "Rowan Joinery",
         "items": _items(("description", "quantity"), _GOODS)},
        ("Description", "Quantity"), _GOODS, (560, 200), {}, ("Received in good order.",),
    ),
    "office/order.png": Office(
        "Purchase order",
        ("Maple Street Library", "90 Maple Street,", "Ashgrove, 2210"),
        {"Order number": "MSL-0557", "Order date": "13 January 2025", "Supplier": "Tern Office Supplies",
         "Delivery date": "20 January 2025"},
        {"order_number": "MSL-0557", "order_date": "2025-01-13", "delivery_date": "2025-01-20",
         "supplier": "Tern Office Supplies",
         "items": _items(("description", "quantity", "unit_price", "amount"), _ORDERED), "total": "$339.00"},
        ("Description", "Quantity", "Unit price", "Amount"), _ORDERED, (440, 160, 200, 200), {"Total": "$339.00"},
    ),
    "office/bank-statement.png": Office(
        "Account statement",
        ("Harbour Savings Bank", "1 Exchange Square,", "Kingsport, 3000"),
        {"Account holder": "Tomas Ferreira", "Account number": "0071 4429 18", "Statement date": "31 March 2025",
         "Opening balance": "$2,018.40", "Closing balance": "$4,140.75"},
        {"account_holder": "Tomas Ferreira", "account_number": "0071 4429 18", "statement_date": "2025-03-31",
         "opening_balance": "$2,018.40", "closing_balance": "$4,140.75",
         "transactions": _items(("date", "description", "amount"), _MOVES)},
        ("Date", "Description", "Amount"), _MOVES, (280, 440, 240),
    ),
    "office/payslip.png": Office(
        "Payslip",
        ("Northfield Mills Inc", "55 Canal Road,", "Northfield, 7714"),
        {"Employee": "Greta Halloran", "Employee number": "E-0392", "Pay period": "March 2025",
         "Payment date": "28 March 2025", "Gross pay": "$4,120.00", "Income tax": "$709.45", "Net pay": "$3,410.55"},
        {"employer": "Northfield Mills Inc", "employee": "Greta Halloran", "employee_number": "E-0392",
         "pay_period": "March 2025", "payment_date": "2025-03-28", "gross_pay": "$4,120.00",
         "income_tax": "$709.45", "net_pay": "$3,410.55"},
    ),
    "office/utility-bill.png": Office(
        "Electricity bill",
        ("Clearwater Energy Ltd", "8 Turbine Way,", "Clearwater, 5150"),
        {"Customer": "Ada Winslow", "Customer number": "CW-22107", "Bill date": "15 April 2025",
         "Due date": "30 April 2025", "Meter number": "M-884120", "Consumption": "412 kWh"},
        {"supplier": "Clearwater Energy Ltd", "customer": "Ada Winslow", "customer_number": "CW-22107",
         "bill_date": "2025-04-15", "due_date": "2025-04-30", "meter_number": "M-884120",
         "consumption": "412 kWh", "total": "$96.30"},
        sums={"Amount due": "$96.30"},
    ),
    "office/contract.png": Office(
        "Service agreement",
        ("Fenwick & Daughters Ltd", "14 Priory Walk,", "Fenwick, 4402"),
        {"Contract number": "FD-2025-031", "Date": "13 February 2025", "Customer": "Orchard Primary School",
         "Subject": "Care of the school garden", "Start date": "1 March 2025", "End date": "28 February 2027"},
        {"contract_number": "FD-2025-031", "date": "2025-02-13", "contractor": "Fenwick & Daughters Ltd",
         "customer": "Orchard Primary School", "subject": "Care of the school garden",
         "start_date": "2025-03-01", "end_date": "2027-02-28"},
        notes=("Signed in two copies, one for each party.",),
    ),
    "office/form.png": Office(
        "Registration form",
        ("Lakeside Chess Club",),
        {"Surname": "Okafor", "First name": "Nkem", "Date of birth": "17 August 1994", "Email": "nkem@lakeside.example",
         "Phone": "555 0177", "Member since": "2019"},
        {"surname": "Okafor", "first_name": "Nkem", "birth_date": "1994-08-17", "email": "nkem@lakeside.example",
         "phone": "555 0177", "member_since": "2019"},
    ),
    "office/identity-card.png": Office(
        "Identity card",
        ("Republic of Ostavia",),
        {"Surname": "Virtanen", "Given names": "Saara Ilona", "Nationality": "Ostavian", "Sex": "F",
         "Date of birth": "30 November 1988", "Card number": "OS4471902", "Date of expiry": "29 October 2031"},
        {"surname": "Virtanen", "given_names": "Saara Ilona", "nationality": "Ostavian", "sex": "F",
         "birth_date": "1988-11-30", "card_number": "OS4471902", "expiry_date": "2031-10-29"},
        size=(1000, 800),
    ),
    "office/certificate.png": Office(
        "Certificate of completion",
        ("Brightmoor College",),
        {"Name": "Pavel Dragan", "Course": "Timber framing, level 2", "Date of issue": "20 June 2025",
         "Certificate number": "BC-55120", "Grade": "Merit"},
        {"name": "Pavel Dragan", "course": "Timber framing, level 2", "issue_date": "2025-06-20",
         "certificate_number": "BC-55120", "grade": "Merit", "issuer": "Brightmoor College"},
    ),
    "office/lab-report.png": Office(
        "Laboratory report",
        ("Eastgate Laboratory Ltd", "2 Clinic Lane,", "Eastgate, 8830"),
        {"Patient": "Maud Ellery", "Date of birth": "22 July 1969", "Sample date": "16 May 2025",
         "Report number": "L-90417"},
        {"laboratory": "Eastgate Laboratory Ltd", "patient": "Maud Ellery", "birth_date": "1969-07-22",
         "sample_date": "2025-05-16", "report_number": "L-90417",
         "results": _items(("test", "result", "unit"), _RESULTS)},
        ("Test", "Result", "Unit"), _RESULTS, (420, 200, 200),
    ),
    "office/menu.png": Office(
        "Menu",
        ("The Copper Kettle",),
        {"Opening hours": "from noon to ten"},
        {"restaurant": "The Copper Kettle", "dishes": _items(("name", "price"), _DISHES)},
        ("Dish", "Price"), _DISHES, (560, 200),
        size=(1000, 800),
    ),
    "office/table-page.png": Office(
        "Rainfall in Ashgrove",
        ("Ashgrove Weather Station",),
        {"Year": "2024"},
        {"issuer": "Ashgrove Weather Station", "year": "2024",
         "months": _items(("month", "rain", "days"), _RAIN)},
        ("Month", "Rain", "Days"), _RAIN, (400, 200, 200),
        size=(1000, 800),
    ),
}  # fmt: skip
