-- One row per document: what reading it has cost, in whichever batches and under whichever names, and what a page and a row of it cost.
with costs as (
    select
        copies.counted_as as document_id,
        count(*) as calls,
        sum(ledger.cost_usd) as cost_usd,
        coalesce(sum(ledger.cost_usd) filter (where ledger.state = 'uncertain'), 0) as uncertain_usd
    from {{ ref('stg_cost_ledger') }} as ledger
    inner join {{ ref('stg_document_copies') }} as copies on copies.document_id = ledger.document_id
    where ledger.state <> 'released'
    group by copies.counted_as
),

extracted as (
    select document_id from {{ ref('stg_text_lines') }}
    union all
    select document_id from {{ ref('stg_key_values') }}
    union all
    select document_id from {{ ref('stg_table_cells') }}
    union all
    select document_id from {{ ref('stg_document_blocks') }}
    union all
    select document_id from {{ ref('stg_formulas') }}
),

counted as (
    select document_id, count(*) as row_count from extracted group by document_id
)

select
    documents.document_id,
    documents.name as document_name,
    documents.name,
    documents.route,
    documents.page_count,
    coalesce(counted.row_count, 0) as extracted_rows,
    coalesce(costs.calls, 0) as calls,
    coalesce(costs.cost_usd, 0) as cost_usd,
    coalesce(costs.uncertain_usd, 0) as uncertain_usd,
    coalesce(costs.cost_usd, 0) / nullif(documents.page_count, 0) as cost_per_page_usd,
    coalesce(costs.cost_usd, 0) / nullif(counted.row_count, 0) as cost_per_row_usd
from {{ ref('stg_documents') }} as documents
left join costs on costs.document_id = documents.document_id
left join counted on counted.document_id = documents.document_id
