select text_lines.*
from {{ source('core', 'text_lines') }} as text_lines
inner join {{ ref('stg_document_batches') }} as chosen
    on chosen.document_id = text_lines.document_id
    and chosen.batch_id = text_lines.batch_id
