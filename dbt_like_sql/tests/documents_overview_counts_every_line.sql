-- Documents whose count of lines is not that of their lines.
with counted as (
    select
        document_id,
        count(*) as line_count
    from {{ ref('stg_text_lines') }}
    group by document_id
)

select
    documents.document_id,
    documents.text_lines,
    counted.line_count
from {{ ref('documents_overview') }} as documents
full outer join counted on counted.document_id = documents.document_id
where coalesce(documents.text_lines, 0) <> coalesce(counted.line_count, 0)
