-- Everything people said about values of documents that are there, whichever copy they said it of; of a place the newest
-- stands, unless it takes back what was said before.
with said as (
    select
        corrections.* replace (
            copies.counted_as as document_id,
            copies.counted_as || substr(corrections.page_id, length(corrections.document_id) + 1) as page_id
        )
    from {{ source('core', 'corrections') }} as corrections
    inner join {{ ref('stg_document_copies') }} as copies on copies.document_id = corrections.document_id
)

select
    said.*,
    row_number() over (
        partition by said.page_id, said.task, said.place
        order by said.corrected_at desc, said.correction_id desc
    ) = 1 and said.action <> 'undone' as stands
from said
where said.page_id in (select page_id from {{ ref('stg_pages_history') }})
