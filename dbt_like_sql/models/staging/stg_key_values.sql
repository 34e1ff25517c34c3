select key_values.*
from {{ source('core', 'key_values') }} as key_values
inner join {{ ref('stg_document_batches') }} as chosen
    on chosen.document_id = key_values.document_id
    and chosen.batch_id = key_values.batch_id
