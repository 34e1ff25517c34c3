-- One row per region, model, task and route: what was spent, beside what was quoted.
select
    region,
    model,
    task,
    route,
    count(*) as calls,
    sum(cost_usd) as cost_usd,
    sum(expected_cost_usd) as expected_cost_usd,
    sum(estimated_input_tokens) filter (where state = 'settled') as estimated_input_tokens,
    sum(input_tokens) as input_tokens,
    sum(output_tokens) as output_tokens,
    avg(output_tokens) as mean_output_tokens
from {{ ref('stg_cost_ledger') }}
where state <> 'released'
group by region, model, task, route
