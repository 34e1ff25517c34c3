select document_blocks.*
from {{ source('core', 'document_blocks') }} as document_blocks
inner join {{ ref('stg_document_batches') }} as chosen
    on chosen.document_id = document_blocks.document_id
    and chosen.batch_id = document_blocks.batch_id
