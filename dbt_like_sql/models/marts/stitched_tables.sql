-- Tables that go on over pages, as one. A table goes on from the page before when it is the first of its page, that
-- page's last table is as wide, nothing nested is meant, and it has no header of its own or repeats that table's.
with headers as (
    select
        page_id,
        task,
        table_index,
        list(cells order by row_index) as header
    from {{ ref('table_rows') }}
    where is_header
    group by page_id, task, table_index
),

tables as (
    select
        tables.batch_id,
        tables.document_id,
        tables.page_id,
        pages.page_number,
        tables.task,
        tables.table_index,
        tables.column_count,
        tables.header_row_count,
        tables.is_complete,
        headers.header,
        row_number() over (
            partition by tables.document_id, tables.task order by pages.page_number, tables.table_index
        ) as place
    from {{ ref('stg_tables') }} as tables
    inner join {{ ref('stg_pages') }} as pages on pages.page_id = tables.page_id
    left join headers
        on headers.page_id = tables.page_id
        and headers.task = tables.task
        and headers.table_index = tables.table_index
    where tables.parent_table_index is null
),

compared as (
    select
        *,
        lag(page_number) over following as page_before,
        lag(column_count) over following as columns_before
    from tables
    window following as (partition by document_id, task order by place)
),

-- The header that counts is that of the last table with one.
carried as (
    select
        *,
        last_value(header ignore nulls) over (
            partition by document_id, task order by place rows between unbounded preceding and 1 preceding
        ) as header_before
    from compared
),

chained as (
    select
        *,
        sum(
            case
                when page_before = page_number - 1
                    and columns_before = column_count
                    and (header is null or header = header_before)
                    then 0
                else 1
            end
        ) over (partition by document_id, task order by place rows unbounded preceding) as chain
    from carried
),

-- Of a repeated header the first is kept.
kept as (
    select
        chained.batch_id,
        chained.document_id,
        chained.task,
        chained.chain,
        chained.page_number,
        chained.table_index,
        table_rows.page_id,
        table_rows.row_index,
        table_rows.is_header,
        table_rows.cells,
        table_rows.numbers,
        chained.place = min(chained.place) over (
            partition by chained.document_id, chained.task, chained.chain
        ) as is_first,
        count(distinct chained.place) over (
            partition by chained.document_id, chained.task, chained.chain
        ) as table_count,
        bool_and(chained.is_complete) over (
            partition by chained.document_id, chained.task, chained.chain
        ) as is_complete
    from chained
    inner join {{ ref('table_rows') }} as table_rows
        on table_rows.page_id = chained.page_id
        and table_rows.task = chained.task
        and table_rows.table_index = chained.table_index
    qualify is_first or not table_rows.is_header
)

select
    document_id,
    batch_id,
    task,
    chain - 1 as stitched_index,
    row_number() over (
        partition by document_id, task, chain order by page_number, table_index, row_index
    ) - 1 as row_number,
    is_header,
    cells,
    numbers,
    page_id,
    page_number,
    table_index,
    row_index,
    table_count,
    is_complete
from kept
