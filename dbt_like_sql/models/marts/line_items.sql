{{ config(materialized='view') }}

-- The list elements of current documents, in the order of their pages; amounts without a sign are in the only currency
-- that the document shows.
with spoken as (
    select
        document_id,
        min(currency) as currency
    from {{ ref('stg_key_values') }}
    where currency is not null
    group by document_id
    having count(distinct currency) = 1
)

select
    documents.name as document_name,
    items.* replace (coalesce(items.currency, spoken.currency) as currency)
from {{ ref('line_items_history') }} as items
inner join {{ ref('stg_documents') }} as documents on documents.document_id = items.document_id
left join spoken on spoken.document_id = items.document_id
where items.document_id in (select document_id from {{ ref('stg_document_batches') }})
order by documents.name, items.page_id, items.task, items.list_path, items.item_index
