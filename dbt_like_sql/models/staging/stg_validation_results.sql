select validation_results.*
from {{ source('core', 'validation_results') }} as validation_results
inner join {{ ref('stg_document_batches') }} as chosen
    on chosen.document_id = validation_results.document_id
    and chosen.batch_id = validation_results.batch_id
