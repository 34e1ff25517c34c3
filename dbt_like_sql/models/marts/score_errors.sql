-- Which values are wrong: one row per value of a scored document that differs from its truth.
with differing as (
    select
        document_id,
        batch_id,
        route,
        model,
        task,
        unnest(from_json(differences, '[{"path": "VARCHAR", "kind": "VARCHAR", "truth": "VARCHAR", "read": "VARCHAR"}]'))
            as difference
    from {{ ref('stg_scores') }}
    where differences is not null
)

select
    differing.document_id,
    differing.batch_id,
    documents.name as document_name,
    differing.route,
    differing.model,
    differing.task,
    differing.difference.path as path,
    differing.difference.kind as kind,
    differing.difference.truth as truth_value,
    differing.difference.read as read_value
from differing
inner join {{ ref('stg_documents') }} as documents on documents.document_id = differing.document_id
order by document_name, differing.document_id, differing.task, path
