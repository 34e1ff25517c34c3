-- Values of list elements, of superseded documents too. An answer that is a list of what the schema asks for, or of
-- objects with lists of their own, is a list of records: their fields are in the wide views, and only the elements of
-- their own lists are here.
with elements as (
    select
        *,
        -- Up to the last index: of nested lists the innermost counts. Keys in brackets and quotes are stepped over,
        -- whatever is in them: items[2]["No. [1]"] is an element items[2].
        regexp_extract(path, '^((?:[^\["]|\["(?:[^"\\]|\\.)*"\]|\[\d+\])*\[\d+\])', 1) as item_path
    from {{ ref('stg_key_values_history') }}
    where list_index is not null and review_action is distinct from 'absent'
)

select
    batch_id,
    document_id,
    page_id,
    task,
    path,
    item_path,
    value,
    value_number,
    currency
from elements
qualify
    not regexp_matches(item_path, '^\[\d+\]$')
    or (
        presence is null
        and not bool_or(regexp_matches(path, '^\[\d+\]\..*\[\d+\]')) over (partition by page_id, task)
    )
