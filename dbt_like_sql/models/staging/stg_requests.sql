select requests.*
from {{ source('core', 'ocr_requests') }} as requests
inner join {{ ref('stg_document_batches') }} as chosen
    on chosen.document_id = requests.document_id
    and chosen.batch_id = requests.batch_id
