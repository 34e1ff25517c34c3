"""What Dagster's UI shows about tables: their columns, their counts, what failed and what it cost."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import dagster as dg

from qwenocr_assets.outgoing import markdown, markdown_code
from qwenocr_assets.schemas import TableSchema

_MOST_ROWS_SHOWN = 50
_SIGNIFICANT_DIGITS = 4


def column_schema(schema: TableSchema[Any]) -> dg.TableSchema:
    """A declared table as Dagster shows it."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                c.name,
                c.type.duckdb,
                description=c.description,
                constraints=dg.TableColumnConstraints(nullable=c.nullable),
            )
            for c in schema.columns
        ]
    )


def table_spec(
    schema: TableSchema[Any], *, group: str, deps: Sequence[str], kinds: set[str] | None = None
) -> dg.AssetSpec:
    """The asset of a declared table; `defs.overlay` adds what its schema says."""
    return dg.AssetSpec(schema.name, deps=deps, group_name=group, kinds=kinds or {"parquet"}, skippable=True)


def usd(amount: Decimal) -> dg.MetadataValue:
    """Money as a number that Dagster can plot over time; the exact amount stands in the tables."""
    return dg.MetadataValue.float(float(amount))


def markdown_table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> dg.MetadataValue:
    """A few rows as a table to read; longer lists end with how many were left out."""
    rows = list(rows)
    lines = [f"| {' | '.join(map(markdown, columns))} |", f"|{' --- |' * len(columns)}"]
    lines += [f"| {' | '.join(_cell(row.get(c)) for c in columns)} |" for row in rows[:_MOST_ROWS_SHOWN]]
    if len(rows) > _MOST_ROWS_SHOWN:
        lines.append(f"\n… and {len(rows) - _MOST_ROWS_SHOWN} more")
    return dg.MetadataValue.md("\n".join(lines))


def markdown_list(texts: Iterable[str]) -> dg.MetadataValue:
    """Texts one below the other."""
    return dg.MetadataValue.md("\n".join(f"* {markdown(text)}" for text in texts))


def code_block(code: str, language: str) -> dg.MetadataValue:
    """Code as it is written."""
    return dg.MetadataValue.md(markdown_code(code, language))


def picture(jpeg: bytes, title: str) -> dg.MetadataValue:
    """A small JPEG to look at in the UI; it is stored in the event log, so keep it under 60 kB."""
    return dg.MetadataValue.md(
        f"![{markdown(title)}](data:image/jpeg;base64,{base64.b64encode(jpeg).decode('ascii')})"
    )


def links(places: Iterable[tuple[str, str]]) -> dg.MetadataValue:
    """Names one below the other, each leading to its address, which is one of ours."""
    places = list(places)
    lines = [f"* [{markdown(name)}]({address})" for name, address in places[:_MOST_ROWS_SHOWN]]
    if len(places) > _MOST_ROWS_SHOWN:
        lines.append(f"\n… and {len(places) - _MOST_ROWS_SHOWN} more")
    return dg.MetadataValue.md("\n".join(lines))


def brief(amount: Decimal | float) -> str:
    """A number with four significant digits and no exponent: 0.009180133 is 0.00918, 12345.6 is 12346."""
    exact = Decimal(str(amount))
    if not exact.is_finite() or exact == 0:
        return str(amount) if not exact.is_finite() else "0"
    places = max(_SIGNIFICANT_DIGITS - 1 - exact.adjusted(), 0)
    text = f"{exact:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return markdown(brief(value) if isinstance(value, Decimal | float) else str(value))
