{{ config(materialized='table') }}

-- Every document that was ever found, the batch that stands for it, and the document it is counted as: the same content
-- at several addresses, or under several names, is one. Of its copies one that is current stands, of these the one whose
-- answers are newest; of batches likewise. What was rejected has no content that could count, and stays as it was found.
with answered as (
    select
        document_id,
        batch_id,
        max(answered_at) as last_answered_at
    from {{ source('core', 'ocr_responses') }}
    group by document_id, batch_id
),

chosen as (
    select
        documents.document_id,
        documents.batch_id,
        answered.last_answered_at,
        case when documents.status = 'accepted' then documents.sha256 else documents.document_id end as content
    from {{ source('core', 'documents') }} as documents
    left join answered
        on answered.document_id = documents.document_id
        and answered.batch_id = documents.batch_id
    qualify row_number() over (
        partition by documents.document_id
        order by answered.last_answered_at desc nulls last, documents.batch_id desc
    ) = 1
),

currency as (
    select document_id, bool_or(is_current) as is_current
    from {{ ref('stg_document_addresses') }}
    group by document_id
)

select
    chosen.document_id,
    chosen.batch_id,
    chosen.last_answered_at,
    currency.is_current,
    first_value(chosen.document_id) over (
        partition by chosen.content
        order by currency.is_current desc, chosen.last_answered_at desc nulls last, chosen.batch_id desc, chosen.document_id desc
    ) as counted_as
from chosen
inner join currency on currency.document_id = chosen.document_id
