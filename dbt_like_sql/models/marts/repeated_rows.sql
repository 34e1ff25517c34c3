{{ config(materialized='view') }}

-- Rows of a table that say word for word what a row of a table on the page before says: pages that overlap, a page
-- that was scanned twice, or rows that a model wrote again. Headers and rows with little text are left out.
with rows as (
    select
        document_id,
        batch_id,
        document_name,
        task,
        page_id,
        page_number,
        table_index,
        row_index,
        cells,
        length(replace(array_to_string(cells, ''), ' ', '')) as character_count
    from {{ ref('table_rows') }}
    where not is_header
)

select
    later.document_id,
    later.batch_id,
    later.document_name,
    later.task,
    later.page_id,
    later.page_number,
    later.table_index,
    later.row_index,
    min(earlier.page_id) as earlier_page_id,
    min(earlier.row_index) as earlier_row_index,
    later.cells
from rows as later
inner join rows as earlier
    on earlier.document_id = later.document_id
    and earlier.task = later.task
    and earlier.page_number = later.page_number - 1
    and earlier.cells = later.cells
where later.character_count >= 8
group by
    later.document_id, later.batch_id, later.document_name, later.task, later.page_id, later.page_number, later.table_index,
    later.row_index, later.cells
