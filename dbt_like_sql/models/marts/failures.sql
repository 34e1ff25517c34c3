-- Everything that failed or is incomplete, one row each with the reason: rejected documents, rejected pages, answers that
-- are not ok, and requests that have no answer.
with spent as (
    select
        batch_id,
        request_key,
        sum(cost_usd) as cost_usd
    from {{ ref('stg_cost_ledger') }}
    group by batch_id, request_key
)

select
    documents.document_id,
    documents.batch_id,
    documents.name as document_name,
    cast(null as varchar) as page_id,
    cast(null as bigint) as page_number,
    cast(null as varchar) as task,
    'document' as stage,
    documents.status,
    cast(null as varchar) as error_class,
    cast(null as varchar) as error_code,
    documents.reason,
    cast(null as bigint) as attempts,
    cast(null as decimal(24, 12)) as cost_usd,
    cast(null as timestamp) as answered_at
from {{ ref('stg_documents') }} as documents
where documents.status <> 'accepted'

union all

select
    pages.document_id,
    pages.batch_id,
    documents.name as document_name,
    pages.page_id,
    pages.page_number,
    cast(null as varchar) as task,
    'page' as stage,
    pages.status,
    cast(null as varchar) as error_class,
    cast(null as varchar) as error_code,
    pages.reason,
    cast(null as bigint) as attempts,
    cast(null as decimal(24, 12)) as cost_usd,
    cast(null as timestamp) as answered_at
from {{ ref('stg_pages') }} as pages
inner join {{ ref('stg_documents') }} as documents on documents.document_id = pages.document_id
where pages.status = 'rejected'

union all

select
    responses.document_id,
    responses.batch_id,
    documents.name as document_name,
    responses.page_id,
    pages.page_number,
    responses.task,
    'answer' as stage,
    responses.status,
    responses.error_class,
    responses.error_code,
    responses.reason,
    coalesce(responses.attempts_in_all, responses.attempts) as attempts,
    coalesce(spent.cost_usd, responses.cost_usd) as cost_usd,
    responses.answered_at
from {{ ref('stg_responses') }} as responses
inner join {{ ref('stg_documents') }} as documents on documents.document_id = responses.document_id
left join {{ ref('stg_pages') }} as pages on pages.page_id = responses.page_id
left join spent on spent.batch_id = responses.batch_id and spent.request_key = responses.request_key
where responses.status <> 'ok'

union all

select
    requests.document_id,
    requests.batch_id,
    documents.name as document_name,
    requests.page_id,
    pages.page_number,
    requests.task,
    'answer' as stage,
    'missing' as status,
    cast(null as varchar) as error_class,
    cast(null as varchar) as error_code,
    'No answer is recorded for this request; run the intake again.' as reason,
    cast(null as bigint) as attempts,
    cast(null as decimal(24, 12)) as cost_usd,
    cast(null as timestamp) as answered_at
from {{ ref('stg_requests') }} as requests
inner join {{ ref('stg_documents') }} as documents on documents.document_id = requests.document_id
left join {{ ref('stg_pages') }} as pages on pages.page_id = requests.page_id
left join {{ ref('stg_responses') }} as responses
    on responses.page_id = requests.page_id
    and responses.task = requests.task
where responses.page_id is null
