"""Write tables/values/cldr.json: names of months and weekdays, codes and signs of currencies, from CLDR through Babel.

`python -m bench.cldr_words`. At run time only the file is read: Babel's data of a few hundred languages take a second
and tens of megabytes of memory in every process, and these words change about once a year.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from babel import localedata
from babel.core import get_global
from babel.numbers import get_currency_precision

from qwenocr_assets.tables.values.written import words

TARGET = Path(__file__).parents[1] / "qwenocr_assets" / "tables" / "values" / "cldr.json"

LANGUAGES = words(
    "af|am|ar|az|be|bg|bn|bs|ca|cs|cy|da|de|el|en|es|et|eu|fa|fi|fil|fr|ga|gl|gu|he|hi|hr|hu|hy|id|is|it|ja|ka|kk|km|"
    "kn|ko|ky|lo|lt|lv|mk|ml|mn|mr|ms|my|nb|ne|nl|nn|no|pa|pl|ps|pt|ro|ru|si|sk|sl|sq|sr|sv|sw|ta|te|th|tr|uk|ur|uz|"
    "vi|yue|zh|zu"
)
"""What CLDR covers well and business papers are written in. Rarer languages share short forms with these."""

_SINCE = date(1995, 1, 1)
"""Money that was no tender any more by then is on no paper that anybody reads by machine."""


def written() -> dict[str, Any]:
    """What the file says."""
    months: dict[str, set[int]] = defaultdict(set)
    weekdays: dict[str, set[int]] = defaultdict(set)
    signs: dict[str, set[str]] = defaultdict(set)
    codes = _codes()
    for _locale, data in _locales():
        for number, name in _names(data, "months"):
            months[name].add(number)
        for number, name in _names(data, "days"):
            weekdays[name].add(number)
        for code, sign in (data.get("currency_symbols") or {}).items():
            if code in codes and sign.strip() and sign not in codes:
                signs[sign].add(code)
        for form in (data.get("currency_names_plural") or {}).get("EUR", {}).values():
            signs[form.casefold()].add(
                "EUR"
            )  # the one currency that every language has a word of its own for
    return {
        "months": {name: sorted(numbers) for name, numbers in sorted(months.items())},
        "weekdays": {name: sorted(numbers) for name, numbers in sorted(weekdays.items())},
        "decimals": {code: get_currency_precision(code) for code in codes},
        "signs": {sign: sorted(of) for sign, of in sorted(signs.items())},
    }


def main() -> None:
    TARGET.write_text(json.dumps(written(), ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


def _codes() -> list[str]:
    spans = (span for of in get_global("territory_currencies").values() for span in of)
    return sorted(
        {code for code, _, end, is_tender in spans if is_tender and (end is None or date(*end) >= _SINCE)}
    )


def _locales() -> Iterator[tuple[str, Any]]:
    for locale in sorted(localedata.locale_identifiers()):
        if locale.split("_")[0] in LANGUAGES:
            yield locale, localedata.load(locale, merge_inherited=False)


def _names(data: Any, kind: str) -> Iterator[tuple[int, str]]:
    """Full and short names of the calendar's months or days; not those that only count, as `11月` does."""
    for widths in (data.get(kind) or {}).values():
        for width, names in widths.items() if isinstance(widths, dict) else ():
            if width in ("wide", "abbreviated", "short") and isinstance(names, dict):
                for number, name in names.items():
                    name = name.casefold().strip(" .")
                    if name and not any(sign.isdigit() for sign in name):
                        yield number, name


if __name__ == "__main__":
    main()
