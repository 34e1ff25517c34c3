-- Values as they stand, of superseded documents too: what a person said, else what the model said. docs/review.md explains.
with model_values as (
    select key_values.*
    from {{ source('core', 'key_values') }} as key_values
    inner join {{ ref('stg_document_versions') }} as chosen
        on chosen.document_id = key_values.document_id
        and chosen.batch_id = key_values.batch_id
),

said as (
    select *
    from {{ ref('stg_corrections_history') }}
    where stands and key is not null
)

select
    model_values.batch_id,
    model_values.document_id,
    model_values.page_id,
    model_values.task,
    model_values.request_key,
    model_values.path,
    model_values.key,
    model_values.parent_path,
    model_values.list_index,
    case when said.action is null then model_values.value else said.human_value end as value,
    case
        when said.action is null or said.human_value is not distinct from model_values.value then model_values.value_type
        else said.value_type
    end as value_type,
    case
        when said.action is null or said.human_value is not distinct from model_values.value then model_values.value_number
        else said.value_number
    end as value_number,
    case
        when said.action is null or said.human_value is not distinct from model_values.value then model_values.value_date
        else said.value_date
    end as value_date,
    case
        when said.action is null or said.human_value is not distinct from model_values.value then model_values.currency
        else said.currency
    end as currency,
    case
        when said.action is null or said.human_value is not distinct from model_values.value then model_values.value_boolean
        else said.value_boolean
    end as value_boolean,
    -- who has looked at it has settled it
    case when said.action is null then model_values.typed_doubt end as typed_doubt,
    case when said.action is null then model_values.score end as score,
    case when said.action is null then model_values.presence else coalesce(nullif(model_values.presence, 'missing'), 'expected') end
        as presence,
    model_values.repairs,
    case when said.left_px is null then model_values.left_px else said.left_px end as left_px,
    case when said.left_px is null then model_values.top_px else said.top_px end as top_px,
    case when said.left_px is null then model_values.right_px else said.right_px end as right_px,
    case when said.left_px is null then model_values.bottom_px else said.bottom_px end as bottom_px,
    case when said.left_px is null then model_values.box_doubt end as box_doubt,
    case when said.action is null then model_values.ground else 'reviewed' end as ground,
    model_values.ground_score,
    case when said.left_px is null then model_values.ground_page_id end as ground_page_id,
    model_values.value as model_value,
    model_values.ground as model_ground,
    said.action as review_action,
    said.corrected_by,
    said.corrected_at,
    said.reviewed_because,
    said.model_value is distinct from model_values.value and said.action is not null as model_value_changed
from model_values
left join said
    on said.page_id = model_values.page_id
    and said.task = model_values.task
    and said.place = model_values.path
    -- elements of a list move: what was said of one holds only while the model says the same of it
    and (model_values.list_index is null or said.model_value is not distinct from model_values.value)

union all

-- what the answer does not have
select
    chosen.batch_id,
    said.document_id,
    said.page_id,
    said.task,
    said.request_key,
    said.place as path,
    said.key,
    said.parent_path,
    said.list_index,
    said.human_value as value,
    said.value_type,
    said.value_number,
    said.value_date,
    said.currency,
    said.value_boolean,
    cast(null as varchar) as typed_doubt,
    cast(null as double) as score,
    cast(null as varchar) as presence,
    cast(null as varchar) as repairs,
    said.left_px,
    said.top_px,
    said.right_px,
    said.bottom_px,
    cast(null as varchar) as box_doubt,
    'reviewed' as ground,
    cast(null as double) as ground_score,
    cast(null as varchar) as ground_page_id,
    cast(null as varchar) as model_value,
    cast(null as varchar) as model_ground,
    said.action as review_action,
    said.corrected_by,
    said.corrected_at,
    said.reviewed_because,
    said.model_value is not null as model_value_changed
from said
inner join {{ ref('stg_document_versions') }} as chosen on chosen.document_id = said.document_id
left join model_values
    on model_values.page_id = said.page_id
    and model_values.task = said.task
    and model_values.path = said.place
where
    model_values.page_id is null
    and said.human_value is not null
    and (said.list_index is null or said.action = 'added')
