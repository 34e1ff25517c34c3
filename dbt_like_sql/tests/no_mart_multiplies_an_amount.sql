-- Sums over marts that are not those over current documents, each content and each call counted once.
with documents as (
    select
        document_id,
        sha256
    from {{ ref('stg_documents') }}
),

items as (
    select
        documents.sha256,
        line_items.document_id,
        line_items.page_id,
        line_items.task,
        line_items.item_path,
        line_items.amount
    from {{ ref('line_items') }} as line_items
    left join documents on documents.document_id = line_items.document_id
),

items_once as (
    select any_value(amount) as amount
    from items
    where sha256 is not null
    group by sha256, substr(page_id, length(document_id) + 1), task, item_path
),

sums as (
    select
        'line_items' as mart,
        (select sum(amount) from items) as summed,
        (select sum(amount) from items_once) as expected

    union all

    select
        'documents_overview',
        (select sum(cost_usd) from {{ ref('documents_overview') }}),
        (select sum(cost_usd) from {{ ref('stg_responses') }} where document_id in (select document_id from documents))

    union all

    select
        'cost_by_day',
        (select sum(cost_usd) from {{ ref('cost_by_day') }}),
        (select sum(cost_usd) from {{ ref('stg_cost_ledger') }} where state <> 'released')

    union all

    select
        'cost_by_task',
        (select sum(cost_usd) from {{ ref('cost_by_task') }}),
        (select sum(cost_usd) from {{ ref('stg_cost_ledger') }} where state <> 'released')
)

select * from sums where summed is distinct from expected

union all

-- overlapping cells of broken HTML have one place, so a table may give less than its cells, never more
select
    'table_rows',
    rows_sum.amount,
    cells.amount
from (
    select coalesce(sum(abs(number)), 0) as amount
    from (select unnest(numbers) as number from {{ ref('table_rows') }}) as numbers
) as rows_sum
cross join (select coalesce(sum(abs(number)), 0) as amount from {{ ref('stg_table_cells') }}) as cells
where rows_sum.amount > cells.amount
