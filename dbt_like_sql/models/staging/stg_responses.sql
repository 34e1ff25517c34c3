select responses.*
from {{ source('core', 'ocr_responses') }} as responses
inner join {{ ref('stg_document_batches') }} as chosen
    on chosen.document_id = responses.document_id
    and chosen.batch_id = responses.batch_id
