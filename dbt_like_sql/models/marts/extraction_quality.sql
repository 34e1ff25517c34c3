-- How well each route and model does, task by task: answers that are whole, values that stand on the page, time, cost.
with checked as (
    select
        page_id,
        task,
        count(*) filter (where model_ground <> 'not_found') as values_found,
        count(*) filter (where model_ground = 'not_found') as values_not_found
    from (
        select page_id, task, model_ground from {{ ref('stg_key_values') }}
        union all
        select page_id, task, model_ground from {{ ref('stg_table_cells') }}
    ) as grounded
    group by page_id, task
),

-- what was drawn at random speaks for all values, what was in the queue for another reason does not
audited as (
    select
        route,
        region,
        model,
        task,
        sum(values_reviewed) as values_audited,
        sum(values_right) as values_right
    from {{ ref('field_accuracy') }}
    where reviewed_because = 'audit'
    group by all
)

select
    requests.route,
    requests.region,
    requests.model,
    requests.task,
    count(distinct requests.document_id) as documents,
    count(*) as requests,
    count(*) filter (where responses.status = 'ok') as answers_ok,
    count(*) filter (where responses.status = 'partial') as answers_partial,
    count(*) filter (where responses.status in ('rejected', 'failed')) as answers_failed,
    count(*) filter (where responses.status in ('skipped', 'unfunded')) as answers_not_asked,
    count(*) filter (where coalesce(responses.status, 'missing') = 'missing') as answers_missing,
    -- of those that were asked
    round(
        count(*) filter (where responses.status = 'ok')
        / nullif(count(*) filter (where responses.status in ('ok', 'partial', 'rejected', 'failed')), 0),
        4
    ) as ok_rate,
    coalesce(sum(checked.values_found), 0) as values_found,
    coalesce(sum(checked.values_not_found), 0) as values_not_found,
    round(
        sum(checked.values_found) / nullif(sum(checked.values_found) + sum(checked.values_not_found), 0), 4
    ) as found_rate,
    coalesce(max(audited.values_audited), 0) as values_audited,
    round(max(audited.values_right) / max(audited.values_audited), 4) as audited_accuracy,
    round(quantile_cont(responses.latency_ms, 0.5)) as latency_median_ms,
    round(quantile_cont(responses.latency_ms, 0.95)) as latency_p95_ms,
    sum(responses.input_tokens) as input_tokens,
    sum(responses.output_tokens) as output_tokens,
    sum(responses.cost_usd) as cost_usd
from {{ ref('stg_requests') }} as requests
left join {{ ref('stg_responses') }} as responses
    on responses.page_id = requests.page_id
    and responses.task = requests.task
left join checked
    on checked.page_id = requests.page_id
    and checked.task = requests.task
left join audited
    on audited.route = requests.route
    and audited.region = requests.region
    and audited.model = requests.model
    and audited.task = requests.task
group by requests.route, requests.region, requests.model, requests.task
