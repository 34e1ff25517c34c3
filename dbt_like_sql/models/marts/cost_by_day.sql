-- One row per day (UTC), region and model: what was spent, and how sure that is.
select
    day,
    region,
    model,
    count(*) as calls,
    count(*) filter (where state = 'settled') as calls_settled,
    sum(input_tokens) as input_tokens,
    sum(output_tokens) as output_tokens,
    sum(cost_usd) as cost_usd,
    coalesce(sum(cost_usd) filter (where state = 'uncertain'), 0) as uncertain_usd
from {{ ref('stg_cost_ledger') }}
where state <> 'released'
group by day, region, model
