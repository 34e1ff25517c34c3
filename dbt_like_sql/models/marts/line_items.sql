{{ config(materialized='view') }}

-- The list elements of current documents.
select *
from {{ ref('line_items_history') }}
where document_id in (select document_id from {{ ref('stg_document_batches') }})
