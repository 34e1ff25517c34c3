-- Current is what came last of each file, by its address; of an archive, the members of the version that came last.
-- When a batch is deleted, the newest of what is left is current again.
with addressed as (
    select
        document_id,
        coalesce(version, 1) as version,
        modified_at,
        batch_id,
        case
            when uri like 'zip://%::%' then substr(uri, strpos(uri, '::') + 2)
            else uri
        end as file_uri
    from {{ source('core', 'documents') }}
),

ranked as (
    select
        document_id,
        rank() over (
            partition by file_uri
            order by version desc, modified_at desc nulls last, batch_id desc
        ) as place
    from addressed
),

currency as (
    select document_id, min(place) = 1 as is_current from ranked group by document_id
)

select
    documents.*,
    currency.is_current
from {{ source('core', 'documents') }} as documents
inner join {{ ref('stg_document_batches') }} as chosen
    on chosen.document_id = documents.document_id
    and chosen.batch_id = documents.batch_id
inner join currency on currency.document_id = documents.document_id
