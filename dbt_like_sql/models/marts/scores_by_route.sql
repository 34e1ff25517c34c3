-- Experiments side by side: how well each route, model, prompt and resolution does on documents whose truth is known.
with averages as (
    select
        route,
        region,
        model,
        options,
        round(dpi)::integer as dpi,
        task,
        metric,
        better,
        count(*) as documents,
        avg(score) as mean,
        1.96 * stddev_samp(score) / sqrt(count(*)) as half_interval,
        sum(errors) as errors,
        sum(total) as total
    from {{ ref('stg_scores') }}
    group by route, region, model, options, round(dpi), task, metric, better
)

select
    route,
    region,
    model,
    left(md5(options), 6) as asked_with,
    options,
    dpi,
    task,
    metric,
    better,
    documents,
    mean,
    case when documents > 1 then greatest(mean - half_interval, 0) end as interval_low,
    case
        when documents > 1 and better = 'lower' then mean + half_interval
        when documents > 1 then least(mean + half_interval, 1)
    end as interval_high,
    case when better = 'lower' then errors / total else 1 - errors / total end as micro,
    errors,
    total
from averages
