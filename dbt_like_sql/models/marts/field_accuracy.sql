-- How often the model is right, field by field, by what people said. Values drawn at random (audit) speak for all; those
-- of the queue are the doubtful ones, so each kind has rows of its own. docs/review.md explains.
with reviewed as (
    select
        page_id,
        task,
        regexp_replace(path, '\[\d+\]', '[]', 'g') as field,
        reviewed_because,
        model_value,
        value as human_value
    from {{ ref('stg_key_values') }}
    where review_action is not null

    union all

    select
        page_id,
        task,
        'cell ' || coalesce(nullif(column_header, ''), 'of column ' || column_index) as field,
        reviewed_because,
        nullif(model_text, '') as model_value,
        nullif(text, '') as human_value
    from {{ ref('stg_table_cells') }}
    where review_action is not null
),

counted as (
    select
        requests.route,
        requests.region,
        requests.model,
        requests.task,
        reviewed.field,
        reviewed.reviewed_because,
        count(*) as values_reviewed,
        count(*) filter (where model_value is not distinct from human_value) as values_right,
        count(*) filter (where model_value <> human_value) as values_misread,
        count(*) filter (where model_value is not null and human_value is null) as values_invented,
        count(*) filter (where model_value is null and human_value is not null) as values_left_out
    from reviewed
    inner join {{ ref('stg_requests') }} as requests
        on requests.page_id = reviewed.page_id
        and requests.task = reviewed.task
    group by all
),

shares as (
    select
        *,
        values_right / values_reviewed as share,
        1.96 * 1.96 / values_reviewed as width
    from counted
)

select
    route,
    region,
    model,
    task,
    field,
    reviewed_because,
    values_reviewed,
    values_right,
    values_misread,
    values_invented,
    values_left_out,
    round(share, 4) as accuracy,
    -- Wilson's interval
    round(greatest(
        (share + width / 2 - sqrt(width * (share * (1 - share) + width / 4))) / (1 + width), 0
    ), 4) as accuracy_low,
    round(least(
        (share + width / 2 + sqrt(width * (share * (1 - share) + width / 4))) / (1 + width), 1
    ), 4) as accuracy_high
from shares
