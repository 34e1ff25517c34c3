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
),

neighboured as (
    select
        *,
        lag(is_header) over rows_down as header_before,
        lag(page_number) over rows_down as page_above,
        lag(cells) over rows_down as cells_before,
        lag(numbers) over rows_down as numbers_before,
        count(*) filter (where not is_header and cells[1] = '') over (
            partition by document_id, task, chain
        ) as rows_without_first
    from kept
    window rows_down as (partition by document_id, task, chain order by page_number, table_index, row_index)
),

-- A row that the end of the page cut goes on in the first row of the next: cells are missing, no column has a number in
-- both, and either its first cell is missing, as in no other row, or a text plainly goes on.
cut as (
    select
        *,
        coalesce(
            page_above < page_number
            and not header_before
            and not is_header
            and list_contains(cells, '')
            and len([cell for cell in cells if cell <> '']) > 0
            and len([
                place for place in generate_series(1, len(cells))
                if numbers[place] is not null and numbers_before[place] is not null
            ]) = 0
            and (
                (cells[1] = '' and cells_before[1] <> '' and rows_without_first = 1)
                or len([
                    place for place in generate_series(1, len(cells))
                    if cells[place] <> '' and cells_before[place] <> ''
                    and (
                        regexp_matches(cells[place], '^[\p{Ll})\]）」』】]')
                        or regexp_matches(cells_before[place], '[-‐,、，،(（/&]$')
                    )
                ]) > 0
            ),
            false
        ) as goes_on
    from neighboured
),

followed as (
    select
        *,
        coalesce(lead(goes_on) over rows_down, false) as is_joined,
        lead(cells) over rows_down as cells_behind,
        lead(numbers) over rows_down as numbers_behind
    from cut
    window rows_down as (partition by document_id, task, chain order by page_number, table_index, row_index)
),

joined as (
    select
        * exclude (cells, numbers),
        case
            when is_joined then [
                case
                    when cells[place] = '' or cells_behind[place] = '' then cells[place] || cells_behind[place]
                    -- a word that was divided
                    when regexp_matches(cells[place], '\p{L}[-‐]$') and regexp_matches(cells_behind[place], '^\p{Ll}')
                        then left(cells[place], len(cells[place]) - 1) || cells_behind[place]
                    when regexp_matches(cells[place], '[\p{Han}\p{Hiragana}\p{Katakana}、，（]$')
                        then cells[place] || cells_behind[place]
                    else cells[place] || ' ' || cells_behind[place]
                end
                for place in generate_series(1, len(cells))
            ]
            else cells
        end as cells,
        case
            when is_joined then [
                coalesce(numbers[place], numbers_behind[place]) for place in generate_series(1, len(cells))
            ]
            else numbers
        end as numbers
    from followed
    where not goes_on
)

select
    joined.document_id,
    joined.batch_id,
    documents.name as document_name,
    joined.task,
    joined.chain - 1 as stitched_index,
    row_number() over (
        partition by joined.document_id, joined.task, joined.chain
        order by joined.page_number, joined.table_index, joined.row_index
    ) - 1 as row_number,
    joined.is_header,
    joined.cells,
    joined.numbers,
    joined.page_id,
    joined.page_number,
    joined.table_index,
    joined.row_index,
    joined.table_count,
    joined.is_complete,
    joined.is_joined
from joined
inner join {{ ref('stg_documents') }} as documents on documents.document_id = joined.document_id
