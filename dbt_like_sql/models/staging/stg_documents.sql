select documents.*
from {{ source('core', 'documents') }} as documents
inner join {{ ref('stg_document_batches') }} as chosen
    on chosen.document_id = documents.document_id
    and chosen.batch_id = documents.batch_id
