-- Documents whose list elements hold more or fewer values than key information extraction gave.
with given as (
    select
        document_id,
        count(*) as value_count
    from {{ ref('stg_list_values') }}
    group by document_id
),

held as (
    select
        document_id,
        sum(field_count) as value_count
    from {{ ref('line_items') }}
    group by document_id
)

select
    coalesce(given.document_id, held.document_id) as document_id,
    given.value_count as values_given,
    held.value_count as values_held
from given
full outer join held on held.document_id = given.document_id
where given.value_count is distinct from held.value_count
