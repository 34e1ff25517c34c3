select tables.*
from {{ source('core', 'tables') }} as tables
inner join {{ ref('stg_document_batches') }} as chosen
    on chosen.document_id = tables.document_id
    and chosen.batch_id = tables.batch_id
