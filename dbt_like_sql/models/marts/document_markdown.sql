{{ config(materialized='view') }}

-- One row per document: its text as Markdown. Pages that were parsed give their headings, lists, formulas and tables;
-- of other pages come the lines as they are read, and the tables that were recognised.
with table_lines as (
    select
        page_id,
        task,
        table_index,
        row_index,
        '| '
        -- chr(31), the unit separator, keeps the cells apart until their own bars are escaped.
        || replace(
            replace(replace(array_to_string(cells, chr(31)), '|', '\|'), chr(10), '<br>'), chr(31), ' | '
        )
        || ' |'
        || case
            -- Markdown wants a header; a table without one has its first row there.
            when row_index = greatest(count(*) filter (where is_header) over one_table, 1) - 1
                then chr(10) || '|' || repeat(' --- |', len(cells))
            else ''
        end as line
    from {{ ref('table_rows') }}
    window one_table as (partition by page_id, task, table_index)
),

tables as (
    select
        page_id,
        task,
        table_index,
        string_agg(line, chr(10) order by row_index) as markdown
    from table_lines
    group by page_id, task, table_index
),

blocks as (
    select
        page_id,
        task,
        block_index,
        block_type,
        level,
        text,
        -- The n-th block that is a table holds the n-th table.
        row_number() over (partition by page_id, task, block_type order by block_index) - 1 as place
    from {{ ref('stg_document_blocks') }}
),

parsed as (
    select
        blocks.page_id,
        string_agg(
            case blocks.block_type
                when 'title' then '# ' || replace(blocks.text, chr(10), ' ')
                when 'section' then repeat('#', least(blocks.level + 1, 6)) || ' ' || replace(blocks.text, chr(10), ' ')
                when 'list_item' then repeat('  ', blocks.level - 1) || '* ' || replace(blocks.text, chr(10), ' ')
                when 'formula' then '$$' || chr(10) || blocks.text || chr(10) || '$$'
                when 'table' then coalesce(tables.markdown, blocks.text)
                when 'figure' then '*' || coalesce(nullif(blocks.text, ''), 'figure') || '*'
                else blocks.text
            end,
            chr(10) || chr(10) order by blocks.block_index
        ) as markdown
    from blocks
    left join tables
        on tables.page_id = blocks.page_id
        and tables.task = blocks.task
        and blocks.block_type = 'table'
        and tables.table_index = blocks.place
    group by blocks.page_id
),

plain as (
    select
        page_text.page_id,
        concat_ws(chr(10) || chr(10), page_text.text, found.markdown) as markdown
    from {{ ref('page_text') }} as page_text
    left join (
        select
            page_id,
            string_agg(markdown, chr(10) || chr(10) order by task, table_index) as markdown
        from tables
        where task in (select task from {{ ref('stg_tasks') }} where form = 'tables')
        group by page_id
    ) as found on found.page_id = page_text.page_id
)

select
    documents.document_id,
    documents.batch_id,
    documents.name as document_name,
    count(pages.page_id) as page_count,
    string_agg(
        coalesce(parsed.markdown, plain.markdown), chr(10) || chr(10) order by pages.page_number
    ) as markdown
from {{ ref('stg_documents') }} as documents
left join {{ ref('stg_pages') }} as pages on pages.document_id = documents.document_id
left join parsed on parsed.page_id = pages.page_id
left join plain on plain.page_id = pages.page_id
group by documents.document_id, documents.batch_id, documents.name
