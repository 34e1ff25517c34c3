-- Everything people said about values of documents that are there; of a place the newest stands.
select
    corrections.*,
    row_number() over (
        partition by corrections.page_id, corrections.task, corrections.place
        order by corrections.corrected_at desc, corrections.correction_id desc
    ) = 1 as stands
from {{ source('core', 'corrections') }} as corrections
where corrections.page_id in (select page_id from {{ ref('stg_pages') }})
