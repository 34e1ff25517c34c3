select scores.*
from {{ source('core', 'scores') }} as scores
inner join {{ ref('stg_document_batches') }} as chosen
    on chosen.document_id = scores.document_id
    and chosen.batch_id = scores.batch_id
