{{ config(materialized='table') }}

-- Which intake batch stands for a document that was run in several: the one whose answers are newest. Batches
-- without any answer come last; of equals the batch_id that sorts last wins.
with answered as (
    select
        document_id,
        batch_id,
        max(answered_at) as last_answered_at
    from {{ source('core', 'ocr_responses') }}
    group by document_id, batch_id
),

loaded as (
    select
        batch_id,
        md5(string_agg(sha256, ' ' order by table_name)) as batch_hash
    from {{ source('ops', 'load_log') }}
    where table_name <> 'corrections'
    group by batch_id
),

-- what people said about one document changes nothing about the others of its batch
corrected as (
    select
        document_id,
        string_agg(correction_id, ' ' order by correction_id) as corrections
    from {{ source('core', 'corrections') }}
    group by document_id
)

select
    documents.document_id,
    documents.batch_id,
    answered.last_answered_at,
    case
        when corrected.corrections is null then loaded.batch_hash
        else md5(concat_ws(' ', loaded.batch_hash, corrected.corrections))
    end as batch_hash
from {{ source('core', 'documents') }} as documents
left join answered
    on answered.document_id = documents.document_id
    and answered.batch_id = documents.batch_id
left join loaded on loaded.batch_id = documents.batch_id
left join corrected on corrected.document_id = documents.document_id
qualify row_number() over (
    partition by documents.document_id
    order by answered.last_answered_at desc nulls last, documents.batch_id desc
) = 1
