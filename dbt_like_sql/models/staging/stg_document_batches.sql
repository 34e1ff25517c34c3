{{ config(materialized='table') }}

-- The current documents, each once: every other staging view, and so every mart, has only their rows.
select
    document_id,
    batch_id,
    last_answered_at,
    batch_hash
from {{ ref('stg_document_versions') }}
where is_current
