{{ config(materialized='view') }}

-- One row per row of a table, as a rectangle: a text that spans several places stands in each of them, its number in the
-- first only, so that no sum counts it twice.
with places as (
    select
        cells.page_id,
        cells.task,
        cells.table_index,
        cells.text,
        case
            when covered_row.row_index = cells.row_index and covered_column.column_index = cells.column_index
                then cells.number
        end as number,
        cells.is_header,
        covered_row.row_index,
        covered_column.column_index
    from {{ ref('stg_table_cells') }} as cells,
        unnest(generate_series(cells.row_index, cells.row_index + cells.row_span - 1)) as covered_row (row_index),
        unnest(generate_series(cells.column_index, cells.column_index + cells.column_span - 1)) as covered_column (column_index)
),

-- Where cells overlap, as in broken HTML, the first text stands.
single as (
    select
        page_id,
        task,
        table_index,
        row_index,
        column_index,
        min(text) as text,
        min(number) as number,
        bool_or(is_header) as is_header
    from places
    group by page_id, task, table_index, row_index, column_index
),

grid as (
    select
        tables.batch_id,
        tables.document_id,
        tables.page_id,
        tables.task,
        tables.table_index,
        tables.header_row_count,
        tables.column_count,
        place_row.row_index,
        place_column.column_index
    from {{ ref('stg_tables') }} as tables,
        unnest(generate_series(0, tables.row_count - 1)) as place_row (row_index),
        unnest(generate_series(0, tables.column_count - 1)) as place_column (column_index)
)

select
    grid.batch_id,
    grid.document_id,
    documents.name as document_name,
    grid.page_id,
    pages.page_number,
    grid.task,
    grid.table_index,
    grid.row_index,
    grid.row_index < grid.header_row_count as is_header,
    list(coalesce(single.text, '') order by grid.column_index) as cells,
    list(single.number order by grid.column_index) as numbers
from grid
inner join {{ ref('stg_pages') }} as pages on pages.page_id = grid.page_id
inner join {{ ref('stg_documents') }} as documents on documents.document_id = grid.document_id
left join single
    on single.page_id = grid.page_id
    and single.task = grid.task
    and single.table_index = grid.table_index
    and single.row_index = grid.row_index
    and single.column_index = grid.column_index
group by
    grid.batch_id, grid.document_id, documents.name, grid.page_id, pages.page_number, grid.task, grid.table_index,
    grid.header_row_count, grid.row_index
order by documents.name, pages.page_number, grid.task, grid.table_index, grid.row_index
